// SPDX-License-Identifier: Apache-2.0
//
// What the sample origin (`daruma target`) answers to which request. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/random.h"
#include "base/time.h"
#include "http/message.h"

namespace daruma::app {

struct OriginOptions {
  // The most that an option or a path may ask for.
  static constexpr uint64_t body_bytes_max = uint64_t{1} << 40;
  static constexpr uint32_t delay_milliseconds_max = 3'600'000;

  Address listen{};
  bool tls = false;
  std::string chain_pem{};  // with tls
  std::string key_pem{};

  // Answers that no path below asks otherwise
  Duration delay_min{};
  Duration delay_max{};
  int status = 200;
  std::optional<uint64_t> body_bytes{};  // nullopt: the request's head as it came
  Duration health_delay = 5ms;
  int health_status = 200;

  // Connections
  uint32_t workers = 0;             // connections served at once; 0: no limit
  uint32_t keepalive_requests = 0;  // per connection; 0: no limit
  Duration keepalive_timeout = 75s;
  int backlog = 511;
};

struct OriginAnswer {
  enum class Body : uint8_t { none, echo, letters };
  enum class Ending : uint8_t {
    complete,
    close_unanswered,  // FIN instead of an answer
    reset_unanswered,  // RST instead of an answer
    truncated,         // closes after half of the body
  };

  int status = 200;
  Duration delay{};
  Body body = Body::echo;
  uint64_t body_bytes = 0;  // where body is letters
  http::Framing framing = http::Framing::length;
  Ending ending = Ending::complete;
  std::string cookie{};  // the name of one that it sets; "" sets none
};

// The answer to a request for `target` (origin-form). Paths that ask for something:
//   /health         the health check's status, after its delay
//   /status/N       status N
//   /slow/MS        the usual answer, MS milliseconds later
//   /cookie/NAME    the usual answer, which sets a cookie of that name
//   /bytes/N        N letters with Content-Length
//   /chunked/N      N letters in chunks, and a trailer with their SHA-256
//   /until-close/N  N letters ended by closing the connection
//   /truncated/N    announces N letters, closes after half of them
//   /close          closes without an answer
//   /reset          resets the connection without an answer
// A number that is none or too large, and a name that is none, gets 400.
OriginAnswer answer_for(std::string_view target, const OriginOptions& options, Random& random);

// Letter i of every letters body, so that a reader can tell what is missing.
constexpr char letter_at(uint64_t i) {
  return static_cast<char>('a' + i % 26);
}

}  // namespace daruma::app
