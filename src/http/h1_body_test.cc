// SPDX-License-Identifier: Apache-2.0
#include "http/h1_body.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace daruma::http {
namespace {

struct Read {
  std::string payload;
  size_t consumed = 0;
  BodyStatus status = BodyStatus::more;
};

// All of `wire`, in pieces of at most `piece_bytes` that are never given twice.
Read read_all(H1BodyReader& reader, std::string_view wire, size_t piece_bytes = SIZE_MAX) {
  Read read;
  while (read.status == BodyStatus::more) {
    const std::string_view input = wire.substr(read.consumed, piece_bytes);
    const H1BodyReader::Piece piece = reader.next(input);
    EXPECT_LE(piece.consumed, input.size());
    if (!piece.payload.empty()) {
      EXPECT_GE(piece.payload.data(), input.data());
      EXPECT_LE(piece.payload.data() + piece.payload.size(), input.data() + piece.consumed);
    }
    read.payload += piece.payload;
    read.consumed += piece.consumed;
    read.status = piece.status;
    if (piece.consumed == 0) break;
  }
  return read;
}

Read read_chunked(std::string_view wire, size_t piece_bytes = SIZE_MAX) {
  H1BodyReader reader;
  reader.begin(Framing::chunked, 0);
  return read_all(reader, wire, piece_bytes);
}

TEST(H1Body, without_a_body_it_is_finished_at_once) {
  H1BodyReader reader;
  EXPECT_TRUE(reader.finished());
  reader.begin(Framing::none, 0);
  EXPECT_TRUE(reader.finished());
  EXPECT_EQ(reader.next("GET /").consumed, 0u);
  EXPECT_EQ(reader.next("GET /").status, BodyStatus::finished);
  reader.begin(Framing::length, 0);
  EXPECT_TRUE(reader.finished());
  EXPECT_TRUE(reader.finish_at_close());
}

TEST(H1Body, by_length) {
  H1BodyReader reader;
  reader.begin(Framing::length, 5);
  EXPECT_EQ(reader.remaining(), 5u);
  H1BodyReader::Piece piece = reader.next("abc");
  EXPECT_EQ(piece.payload, "abc");
  EXPECT_EQ(piece.status, BodyStatus::more);
  EXPECT_EQ(reader.remaining(), 2u);
  EXPECT_FALSE(reader.finish_at_close());
  piece = reader.next("deGET /");
  EXPECT_EQ(piece.payload, "de");
  EXPECT_EQ(piece.consumed, 2u);
  EXPECT_EQ(piece.status, BodyStatus::finished);
  EXPECT_TRUE(reader.finished());
}

TEST(H1Body, until_close) {
  H1BodyReader reader;
  reader.begin(Framing::until_close, 0);
  EXPECT_EQ(reader.next("abc").payload, "abc");
  EXPECT_FALSE(reader.finished());
  EXPECT_TRUE(reader.finish_at_close());
  EXPECT_TRUE(reader.finished());
}

TEST(H1Body, in_chunks) {
  struct Case {
    std::string_view wire, payload;
  };
  constexpr Case cases[] = {
      {"0\r\n\r\n", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5\r\nhello\r\n6\r\n world\r\n000\r\n\r\n", "hello world"},
      {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"A;name\r\n0123456789\r\n0;x=\"y;z\"\r\n\r\n", "0123456789"},
      {"1 ;ext\r\nx\r\n1\t;\r\ny\r\n0\r\n\r\n", "xy"},
      {"00001\r\nx\r\n0\r\n\r\n", "x"},
      {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
  };
  for (const Case& c : cases) {
    for (size_t piece_bytes = 1; piece_bytes <= c.wire.size(); ++piece_bytes) {
      SCOPED_TRACE(c.wire);
      const Read read = read_chunked(std::string(c.wire), piece_bytes);
      EXPECT_EQ(read.payload, c.payload);
      EXPECT_EQ(read.status, BodyStatus::finished);
      EXPECT_EQ(read.consumed, c.wire.size());
    }
  }
}

TEST(H1Body, one_step_gives_one_run_with_the_framing_around_it) {
  H1BodyReader reader;
  reader.begin(Framing::chunked, 0);
  const std::string wire = "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\nGET";
  H1BodyReader::Piece piece = reader.next(wire);
  EXPECT_EQ(piece.payload, "abc");
  EXPECT_EQ(piece.consumed, 8u);
  piece = reader.next(wire.substr(8));
  EXPECT_EQ(piece.payload.size(), 4u);
  EXPECT_EQ(piece.consumed, 9u);
  EXPECT_EQ(piece.status, BodyStatus::more);
  piece = reader.next(wire.substr(17));
  EXPECT_EQ(piece.payload, "");
  EXPECT_EQ(piece.consumed, 5u);
  EXPECT_EQ(piece.status, BodyStatus::finished);
}

TEST(H1Body, refuses_chunks_that_are_none) {
  const std::string_view cases[] = {
      "\r\n",
      "g\r\n",
      "-1\r\n",
      "+1\r\n",
      "0x1\r\n",
      " 1\r\n",
      "1 \r\n",
      "1 2\r\n",
      "1\n",
      "1\rx",
      "1\r\r\n",
      "1;a\n",
      "1;a\rb\r\n",
      "1;\x01\r\n",
      "1;\x7f\r\n",
      ";a\r\n",
      "1\r\nab\r\n",
      "1\r\na\n",
      "1\r\na\rb",
      "1\r\n\r\n\r\n0\r\n\r\nx\r\n",
      "10000000000000000\r\n",
      "fffffffffffffffff\r\n",
      "0\r\nno colon\r\n\r\n",
      "0\r\n: x\r\n\r\n",
      "0\r\nA : x\r\n\r\n",
      "0\r\n A: x\r\n\r\n",
      "0\r\nA: b\r\n c\r\n\r\n",
      "0\r\nA: b\n\r\n",
      "0\r\nA: b\rc\r\n\r\n",
      "0\r\nA: \x01\r\n\r\n",
      "0\n\n",
  };
  for (const std::string_view wire : cases) {
    for (const size_t piece_bytes : {size_t{1}, SIZE_MAX}) {
      const Read read = read_chunked(std::string(wire), piece_bytes);
      if (wire.starts_with("1\r\n\r\n")) {  // a chunk of "\r" and then "\n": malformed late
        EXPECT_NE(read.status, BodyStatus::finished) << testing::PrintToString(wire);
      } else {
        EXPECT_EQ(read.status, BodyStatus::malformed) << testing::PrintToString(wire);
      }
    }
  }
  const Read nul = read_chunked(std::string_view("1;\0\r\n", 5));
  EXPECT_EQ(nul.status, BodyStatus::malformed);
}

TEST(H1Body, a_malformed_body_stays_so_and_gives_no_payload) {
  H1BodyReader reader;
  reader.begin(Framing::chunked, 0);
  const H1BodyReader::Piece piece = reader.next("1\r\naX");
  EXPECT_EQ(piece.status, BodyStatus::malformed);
  EXPECT_EQ(piece.payload, "");
  EXPECT_EQ(reader.next("0\r\n\r\n").status, BodyStatus::malformed);
  EXPECT_FALSE(reader.finish_at_close());
}

TEST(H1Body, the_largest_chunk_is_known_by_its_size) {
  H1BodyReader reader;
  reader.begin(Framing::chunked, 0);
  reader.next("ffffffffffffffff\r\n");
  EXPECT_EQ(reader.remaining(), UINT64_MAX);
}

TEST(H1Body, closing_inside_chunks_is_no_end) {
  for (const std::string_view wire : {"", "5\r\nab", "5\r\nhello\r\n", "0\r\n", "0\r\nA: b\r\n"}) {
    H1BodyReader reader;
    reader.begin(Framing::chunked, 0);
    reader.next(wire);
    EXPECT_FALSE(reader.finish_at_close()) << wire;
  }
}

std::string trailers_of(std::string_view section, size_t piece_bytes = SIZE_MAX) {
  H1BodyReader reader;
  reader.begin(Framing::chunked, 0);
  const std::string wire = "1\r\nx\r\n0\r\n" + std::string(section) + "\r\n";
  EXPECT_EQ(read_all(reader, wire, piece_bytes).status, BodyStatus::finished);
  return std::string(reader.trailers());
}

TEST(H1Body, keeps_trailers_but_none_that_frame_or_route) {
  EXPECT_EQ(trailers_of(""), "");
  EXPECT_EQ(trailers_of("Checksum: 7\r\nX:y\r\n"), "Checksum: 7\r\nX:y\r\n");
  EXPECT_EQ(trailers_of("Checksum: 7\r\nX:y\r\n", 1), "Checksum: 7\r\nX:y\r\n");
  for (const std::string_view dropped : {"Content-Length: 5",
                                         "transfer-encoding: chunked",
                                         "Transfer_Encoding: chunked",
                                         "Host: h",
                                         "Connection: close",
                                         "TE: x",
                                         "Trailer: y",
                                         "Cookie: a",
                                         "Set-Cookie: a",
                                         "Expect: x",
                                         "X-Forwarded-For: ::1",
                                         "X-Amzn-Trace-Id: x",
                                         "Content-Type: x",
                                         "Upgrade: x",
                                         "ContentLength: 5",
                                         "Authorization: Basic x",
                                         "range: bytes=0-1",
                                         "If-Match: x",
                                         "Cache-Control: no-store",
                                         "Content-Encoding: gzip",
                                         "Location: /",
                                         "Date: x"}) {
    EXPECT_EQ(trailers_of("A: b\r\n" + std::string(dropped) + "\r\nC: d\r\n"), "A: b\r\nC: d\r\n")
        << dropped;
  }
}

TEST(H1Body, limits_lines_extensions_and_trailers) {
  const auto line_of = [](size_t size) { return "1;" + std::string(size - 4, 'e') + "\r\n"; };
  const auto status_of = [](const std::string& wire) { return read_chunked(wire).status; };
  EXPECT_EQ(status_of(line_of(1024)), BodyStatus::more);
  EXPECT_EQ(status_of(line_of(1025)), BodyStatus::malformed);

  std::string many;
  for (int i = 0; i < 16; ++i) many += line_of(1024) + "x\r\n";  // 1,020 bytes of extension each
  EXPECT_EQ(status_of(many + "1;" + std::string(16384 - 16 * 1020, 'e') + "\r\n"),
            BodyStatus::more);
  EXPECT_EQ(status_of(many + "1;" + std::string(16384 - 16 * 1020 + 1, 'e') + "\r\n"),
            BodyStatus::malformed);

  const std::string begin = "0\r\nA: ";
  const size_t rest = std::string_view("A: \r\n\r\n").size();
  EXPECT_EQ(status_of(begin + std::string(8192 - rest, 't') + "\r\n\r\n"), BodyStatus::finished);
  EXPECT_EQ(status_of(begin + std::string(8193 - rest, 't') + "\r\n\r\n"), BodyStatus::malformed);
}

// Whatever is cut where: the same payload, and never more consumed than there is of the message.
TEST(H1Body, does_not_care_how_the_bytes_arrive) {
  Random random(7);
  for (int i = 0; i < 500; ++i) {
    std::string wire, payload;
    for (uint64_t chunks = random.below(5); chunks > 0; --chunks) {
      const std::string data(1 + random.below(300), static_cast<char>('a' + random.below(26)));
      char size[32];
      snprintf(size, sizeof size, "%zx%s\r\n", data.size(), random.chance(1, 3) ? ";e=1" : "");
      wire += size + data + "\r\n";
      payload += data;
    }
    wire += random.chance(1, 2) ? "0\r\n\r\n" : "0\r\nA: b\r\n\r\n";
    H1BodyReader reader;
    reader.begin(Framing::chunked, 0);
    const Read read = read_all(reader, wire + "NEXT", 1 + random.below(40));
    ASSERT_EQ(read.status, BodyStatus::finished);
    ASSERT_EQ(read.payload, payload);
    ASSERT_EQ(read.consumed, wire.size());
  }
}

}  // namespace
}  // namespace daruma::http
