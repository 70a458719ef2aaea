// SPDX-License-Identifier: Apache-2.0
#include "app/origin_answer.h"

#include <array>

#include "base/bytes.h"
#include "http/characters.h"

namespace daruma::app {
namespace {

using Body = OriginAnswer::Body;
using Ending = OriginAnswer::Ending;

Duration usual_delay(const OriginOptions& options, Random& random) {
  const Duration spread = options.delay_max - options.delay_min;
  if (spread <= Duration::zero()) return options.delay_min;
  return options.delay_min +
         Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(spread.count()) + 1)));
}

OriginAnswer usual_answer(const OriginOptions& options, Random& random) {
  OriginAnswer answer{.status = options.status, .delay = usual_delay(options, random)};
  if (options.body_bytes) {
    answer.body = Body::letters;
    answer.body_bytes = *options.body_bytes;
  }
  return answer;
}

bool may_have_body(int status) {
  return status != 204 && status != 304;
}

// The paths that end in a number; `apply` is false for a number that the path does not allow.
struct NumberedPath {
  std::string_view prefix;
  bool (*apply)(uint64_t number, OriginAnswer& answer);
};

bool letters(uint64_t bytes, OriginAnswer& answer, http::Framing framing, Ending ending) {
  answer.body = Body::letters;
  answer.body_bytes = bytes;
  answer.framing = framing;
  answer.ending = ending;
  return bytes <= OriginOptions::body_bytes_max;
}

constexpr std::array numbered_paths = {
    NumberedPath{"/status/",
                 [](uint64_t number, OriginAnswer& answer) {
                   answer.status = static_cast<int>(number);
                   return number >= 200 && number <= 599;
                 }},
    NumberedPath{"/slow/",
                 [](uint64_t number, OriginAnswer& answer) {
                   answer.delay += std::chrono::milliseconds(number);
                   return number <= OriginOptions::delay_milliseconds_max;
                 }},
    NumberedPath{"/bytes/",
                 [](uint64_t number, OriginAnswer& answer) {
                   return letters(number, answer, http::Framing::length, Ending::complete);
                 }},
    NumberedPath{"/chunked/",
                 [](uint64_t number, OriginAnswer& answer) {
                   return letters(number, answer, http::Framing::chunked, Ending::complete);
                 }},
    NumberedPath{"/until-close/",
                 [](uint64_t number, OriginAnswer& answer) {
                   return letters(number, answer, http::Framing::until_close, Ending::complete);
                 }},
    NumberedPath{"/truncated/",
                 [](uint64_t number, OriginAnswer& answer) {
                   return letters(number, answer, http::Framing::length, Ending::truncated);
                 }},
};

constexpr std::string_view cookie_path = "/cookie/";

OriginAnswer answer_for_path(std::string_view path, const OriginOptions& options, Random& random) {
  OriginAnswer answer = usual_answer(options, random);
  if (path == "/health") {
    return {.status = options.health_status, .delay = options.health_delay};
  }
  if (path == "/close") answer.ending = Ending::close_unanswered;
  if (path == "/reset") answer.ending = Ending::reset_unanswered;
  if (path.starts_with(cookie_path)) {
    answer.cookie = path.substr(cookie_path.size());
    if (!http::is_token(answer.cookie)) return {.status = 400};
  }
  for (const NumberedPath& entry : numbered_paths) {
    if (!path.starts_with(entry.prefix)) continue;
    const auto number = parse_decimal(path.substr(entry.prefix.size()));
    if (!number || !entry.apply(*number, answer)) return {.status = 400};
  }
  return answer;
}

}  // namespace

OriginAnswer answer_for(std::string_view target, const OriginOptions& options, Random& random) {
  OriginAnswer answer = answer_for_path(target.substr(0, target.find('?')), options, random);
  if (!may_have_body(answer.status)) {
    answer.body = Body::none;
    answer.framing = http::Framing::none;
  }
  return answer;
}

}  // namespace daruma::app
