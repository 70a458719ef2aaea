// SPDX-License-Identifier: Apache-2.0
//
// What simulated peers of HTTP/2 will do, drawn before the run. Values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "sim/h2_wire.h"
#include "sim/script.h"

namespace daruma::sim {

// What ends a connection, whatever else is said on it.
enum class H2Abuse : uint8_t {
  none,
  data_without_stream,
  even_stream,
  interrupted_section,
  bad_hpack,
  window_overflow,
  window_of_nothing,
  pings,
  settings,
  empty_data,
  resets,
  continuations,
  not_frames,
};
// In what an abusive client asks besides: nobody waits for the answer.
inline constexpr std::string_view h2_abuse_field = "X-Sim-Abuse";
inline constexpr int h2_abuse_count = static_cast<int>(H2Abuse::not_frames) + 1;

struct H2ClientScript {
  ClientScript requests;  // of HTTP/2
  H2Manners manners;
  size_t streams_most = 1;  // at once
  Duration window_pause{};  // between what has come and the window for it
  // Every so often the initial window becomes another; 0: never.
  Duration change_pause{};
  H2Abuse abuse = H2Abuse::none;  // at some time
  Duration abuse_after{};
};

// Out of 10,000 streams each; 0 switches it off.
struct H2TargetBehaviour {
  H2Manners manners;
  Duration window_pause{};
  Duration change_pause{};       // another window, another number of streams; 0: never
  uint32_t lowered_most = 0;     // a new number of streams, at most; 0: not changed
  uint32_t refuse = 0;           // REFUSED_STREAM
  uint32_t reset_looked_at = 0;  // another code, before an answer
  uint32_t goaway_graceful = 0;  // two steps, a while between them
  uint32_t goaway_below = 0;     // at once, and the newest streams are not looked at
  uint32_t goaway_and_close = 0;
  uint32_t reset_after_early = 0;  // RST_STREAM(NO_ERROR) behind an early answer
  uint32_t flaw = 0;               // not HTTP/2: the connection's end
  uint32_t malformed = 0;          // a response that is none
  size_t body_bytes_factor = 1;    // of the responses' bodies
  uint32_t ends_apart = 0;         // END_STREAM in a frame of its own
};

H2ClientScript draw_h2_client(Random& random, const TrafficPlan& plan,
                              const std::vector<std::string>& path_prefixes);
H2TargetBehaviour draw_h2_target(Random& random, bool faulty);
// Frames that are an abuse; `stream` is an open stream of the client's, or 0.
std::string frames_of(H2Abuse abuse, uint32_t stream);
// The head, and the trailers, malformed ones included.
H2Fields h2_head_of(const RequestScript& request, const std::string& cookies);
H2Fields h2_fields_of(const std::string& lines);

}  // namespace daruma::sim
