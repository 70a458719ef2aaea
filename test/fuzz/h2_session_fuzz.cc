// SPDX-License-Identifier: Apache-2.0
//
// The client's side of an HTTP/2 connection, tunnels (RFC 8441) included: the same events and the
// same answer whether the bytes come whole or in pieces, bounded output, and heads whose parts lie
// within the bytes given. Half of the inputs need not contain the preface.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "fuzz_input.h"
#include "h2_frames.h"
#include "http/h2_session.h"

namespace {

using namespace daruma::http;

constexpr H2Session::Limits limits{
    .head = {.line_bytes_max = 64, .field_bytes_max = 96, .head_bytes_max = 512, .fields_max = 8},
    .streams_max = 4,
    .output = {.stream_bytes_max = 4'096, .bytes_max = 6'000, .bytes_assured = 128},
    .frames = {.burst = 20, .per_second = 1},
    .resets = {.burst = 8, .per_second = 1}};

// Answers each request with its body, or with a few bytes and trailers.
class Stream final : public H2Stream {
 public:
  Stream(daruma::SlabPool& slabs, std::string& events) : H2Stream(slabs), events_(events) {}
  void on_body(std::string_view bytes) override {
    FUZZ_CHECK(!ended && !closed);
    unconsumed += bytes.size();
    FUZZ_CHECK(unconsumed <= H2Session::stream_window);
    body_bytes += bytes.size();
  }
  void on_body_end(std::string_view trailers) override {
    FUZZ_CHECK(!ended && !closed);
    ended = true;
    events_ += "end " + std::to_string(body_bytes) + " " + std::string(trailers) + "\n";
  }
  void on_closed() override {
    FUZZ_CHECK(!closed);
    closed = true;
    events_ += "closed\n";
  }

  size_t unconsumed = 0;
  size_t body_bytes = 0;
  bool ended = false;
  bool closed = false;
  bool answered = false;
  bool tunnel = false;

 private:
  std::string& events_;
};

class Server final : private H2Session::Handler {
 public:
  std::string run(std::string_view bytes, size_t step) {
    for (size_t at = 0; at < bytes.size(); at += step) {
      session_.receive(bytes.substr(at, step), {});
    }
    serve();
    drain();
    return events_;
  }

 private:
  H2Stream* on_request(RequestHead& head, daruma::Buffer& bytes, H2HeadReader::Body) override {
    for (const Field& field : head.fields) {
      FUZZ_CHECK(field.value.find_first_of(std::string_view("\r\n\0", 3)) ==
                 std::string_view::npos);
      FUZZ_CHECK(lies_within(field.value, bytes.view()));
    }
    FUZZ_CHECK(lies_within(head.target, bytes.view()));
    FUZZ_CHECK(bytes.size() <= limits.head.head_bytes_max);
    events_.append(head.method_text).append(" ").append(head.target).append("\n");
    H2Stream* const stream = add();
    streams_.back()->tunnel = head.extended_connect;
    return stream;
  }
  H2Stream* on_unacceptable_request(ParseStatus status, Method, size_t) override {
    FUZZ_CHECK(status != ParseStatus::complete && status != ParseStatus::malformed);
    events_ += "unacceptable\n";
    return streams_.size() % 2 == 0 ? add() : nullptr;
  }
  void on_malformed_request(const H2Stream*, size_t) override { events_ += "malformed\n"; }

  H2Stream* add() { return streams_.emplace_back(std::make_unique<Stream>(slabs_, events_)).get(); }
  static bool lies_within(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
  }

  void serve() {
    for (const auto& stream : streams_) {
      if (stream->closed || stream->answered) continue;
      stream->answered = true;
      session_.consumed(*stream, std::exchange(stream->unconsumed, 0));
      if (stream->body_bytes % 7 == 3) {
        session_.reset(*stream, H2Error::internal_error);
        stream->closed = true;
        continue;
      }
      ResponseHead head;
      head.status = 200;
      head.fields.add("Server", "fuzz");
      if (stream->tunnel) {
        open_tunnel(*stream, head);
        continue;
      }
      session_.respond(*stream, head, H2Session::Follows::body);
      const size_t size = std::min<size_t>(session_.room(*stream), stream->body_bytes + 3);
      session_.write(*stream, std::string(size, 'x'));
      session_.finish(*stream, size % 2 ? "X-Sum: 1\r\n" : "");
    }
  }

  // Its end, and that nobody reads any more, come in either order, or not at all.
  void open_tunnel(Stream& stream, const ResponseHead& head) {
    session_.respond(stream, head, H2Session::Follows::tunnel);
    session_.write(stream, std::string(std::min<size_t>(session_.room(stream), 9), 't'));
    const size_t choice = stream.body_bytes % 4;
    if (choice == 1) session_.stop_reading(stream);
    if (choice == 2) drain();
    if (choice > 0 && !stream.closed) session_.finish(stream, "");
    if (choice == 3) drain();
    if (choice > 1 && !stream.closed) session_.stop_reading(stream);
  }

  void drain() {
    for (bool more = true; more;) {
      daruma::Buffer out(slabs_);
      more = session_.fill(out);
    }
    if (session_.fault() != H2Fault::none) {
      events_ += "fault " + std::to_string(static_cast<int>(session_.fault())) + "\n";
    }
  }

  daruma::SlabPool slabs_;
  std::string events_;
  std::vector<std::unique_ptr<Stream>> streams_;
  H2Session session_{slabs_, *this, limits};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  daruma::fuzz::Input input(data, size);
  const uint8_t choice = input.choice();
  const std::string frames = input.rest();
  const std::string bytes = (choice & 1 ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : "") + frames;
  const size_t step = 1 + (choice >> 1);
  if (bytes.empty()) return 0;
  const std::string whole = Server().run(bytes, bytes.size());
  const std::string pieces = Server().run(bytes, step);
  if (whole != pieces)
    std::fprintf(stderr, "whole:\n%s\nin pieces:\n%s\n", whole.c_str(), pieces.c_str());
  FUZZ_CHECK(whole == pieces || daruma::fuzz::says_goaway(bytes));
  return 0;
}
