// SPDX-License-Identifier: Apache-2.0
#include "http/h2_frame_watch.h"

#include <gtest/gtest.h>

#include "http/h2_frames_for_test.h"

namespace daruma::http {
namespace {

using Found = H2FrameWatch::Found;
constexpr Found fine = Found::nothing;
constexpr Found closed = Found::closed;
constexpr Found unexpected = Found::unexpected;
constexpr Found little = Found::brings_nothing;

std::string begin(uint32_t stream) {
  return h2::headers(stream, h2::get(), h2::none);
}
std::string whole(uint32_t stream) {
  return h2::headers(stream, h2::get());
}
std::string priority(uint32_t stream, uint32_t on) {
  return h2::frame(NGHTTP2_PRIORITY, h2::none, stream, h2::number(on, 4) + "\x10");
}

struct Case {
  const char* name;
  std::string before;
  std::string last;  // the frame that is judged
  Found found;
};

std::vector<Case> cases() {
  std::string many;
  for (uint32_t stream = 3; stream < 3 + 2 * 200; stream += 2) many += whole(stream);
  return {
      {"a request and its body", begin(1) + h2::data(1, "a"), h2::data(1, "b", h2::end_stream),
       fine},
      {"streams in turn", begin(1) + begin(3) + h2::data(1, "a"), h2::data(3, "a body"), fine},
      {"trailers", begin(1) + h2::data(1, "a"), h2::headers(1, {{"x", "y"}}), fine},
      {"DATA behind the head's end", whole(1), h2::data(1, "a"), closed},
      {"DATA behind the body's end", begin(1) + h2::data(1, "a", h2::end_stream),
       h2::data(1, "", h2::end_stream), closed},
      {"HEADERS behind the end", whole(1), whole(1), closed},
      {"DATA behind a reset", begin(1) + h2::rst_stream(1, 8), h2::data(1, "a"), closed},
      {"HEADERS behind a reset", begin(1) + h2::rst_stream(1, 8), whole(1), closed},
      {"a reset behind the end", whole(1), h2::rst_stream(1, 8), fine},
      {"a window behind the end", whole(1), h2::window_update(1, 9), fine},
      {"HEADERS below the newest", whole(5), whole(3), unexpected},
      {"DATA below the newest", whole(5), h2::data(3, "a"), unexpected},
      {"a gap", whole(1), whole(101), fine},
      {"what a stream of long ago may be", begin(1) + many, h2::data(1, "a body"), fine},
      {"a stream that is not the client's", "", whole(2), fine},
      {"an idle stream", "", h2::data(1, "a"), fine},
      {"PRIORITY", "", priority(1, 3), fine},
      {"PRIORITY for the connection", "", priority(0, 3), unexpected},
      {"PRIORITY on itself", "", priority(3, 3), unexpected},
      {"PRIORITY on itself alone", "", priority(3, 3 | 0x8000'0000), unexpected},
      {"PRIORITY of another length", "", h2::frame(NGHTTP2_PRIORITY, h2::none, 3, "\0\0\0\3"),
       fine},
      {"an end flag on a frame that has none", begin(1) + h2::frame(0x16, 0xff, 1, "x"),
       h2::data(1, "a body"), fine},
      {"a frame within a body", begin(1), h2::data(1, whole(1) + whole(1)), fine},
  };
}

// Looks at all of it, in pieces; what was found last, and how many bytes were good.
H2FrameWatch::Verdict look(std::string_view bytes, size_t step) {
  H2FrameWatch watch;
  size_t at = 0;
  Found found = fine;
  while (at < bytes.size() && found != closed && found != unexpected) {
    const H2FrameWatch::Verdict verdict = watch.look(bytes.substr(at, step));
    at += verdict.good;
    found = verdict.found;
  }
  return {at, found};
}

TEST(H2FrameWatch, finds_what_a_client_must_not_say) {
  for (const Case& each : cases()) {
    const std::string before = h2::hello() + each.before;
    const std::string bytes = before + each.last;
    for (const size_t step : {bytes.size(), size_t{1}, size_t{2}, size_t{9}, size_t{13}}) {
      const H2FrameWatch::Verdict verdict = look(bytes, step);
      EXPECT_EQ(verdict.found, each.found) << each.name << " by " << step;
      const bool broken = each.found == closed || each.found == unexpected;
      if (step == bytes.size() || !broken) {
        EXPECT_EQ(verdict.good, broken ? before.size() : bytes.size()) << each.name;
      }
    }
  }
}

TEST(H2FrameWatch, tells_of_each_frame_that_brings_nothing) {
  H2FrameWatch watch;
  const std::string head = h2::hello() + begin(1);
  const std::string bytes = head + h2::data(1, "") + h2::data(1, "four") + h2::data(1, "fives") +
                            h2::headers(1, {{"x", "y"}}, h2::none) + h2::data(1, "");
  std::vector<size_t> found;
  for (size_t at = 0;;) {
    const H2FrameWatch::Verdict verdict = watch.look(std::string_view(bytes).substr(at));
    at += verdict.good;
    if (verdict.found == fine) break;
    EXPECT_EQ(verdict.found, little);
    found.push_back(at - head.size());
  }
  EXPECT_EQ(found, (std::vector<size_t>{9, 18, 9 + 13 + 14 + 9, bytes.size() - head.size()}));
}

}  // namespace
}  // namespace daruma::http
