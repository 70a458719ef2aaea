// SPDX-License-Identifier: Apache-2.0
#include "control/cookie_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "control/cookie_key_text.h"
#include "control/durable_file.h"
#include "control/last_good.h"
#include "io/read_file.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

const std::string file_name = "cookie_keys";
constexpr std::string_view since = "# since ";  // seconds since 1970
constexpr size_t bytes_max = 64 * 1024;

std::optional<WallTime> time_in(std::string_view text) {
  if (!text.starts_with(since)) return std::nullopt;
  text.remove_prefix(since.size());
  const auto seconds = parse_decimal(text.substr(0, text.find('\n')));
  if (!seconds || *seconds > UINT32_MAX) return std::nullopt;
  return WallTime(std::chrono::seconds(*seconds));
}

}  // namespace

CookieKeyKeeper::CookieKeyKeeper(io::Loop& loop, const Log& log, std::string directory)
    : loop_(loop), log_(log), directory_(std::move(directory)), rotation_(loop.timers(), *this) {}

Result<void> CookieKeyKeeper::load() {
  DARUMA_ASSERT(keys_.current.empty());
  if (!directory_.empty() && file_exists(directory_, file_name)) {
    const std::string path = directory_ + "/" + file_name;
    const Result<std::string> text = io::read_file(path, bytes_max);
    if (!text) return fail(fmt::format("cannot read {}: {}", path, text.error().message));
    const auto keys = parse_cookie_keys(*text);
    const auto made = time_in(*text);
    if (!keys || !made) {
      return fail(
          fmt::format("{} is damaged; remove it, and clients of sticky sessions are sent to "
                      "targets anew",
                      path));
    }
    keys_ = {keys->front(), keys->size() > 1 ? keys->back() : std::string()};
    since_ = *made;
    return {};
  }
  rotate();
  return save();
}

void CookieKeyKeeper::rotate() {
  keys_ = {tls::make_cookie_key(), keys_.current};
  since_ = loop_.wall_now();
}

Result<void> CookieKeyKeeper::save() const {
  if (directory_.empty()) return {};
  if (const Result<void> made = make_data_directory(directory_); !made) return made;
  std::string text = fmt::format("{}{}\n# Seal the cookies of sticky sessions. Secret.\n{}\n",
                                 since, unix_seconds(since_), cookie_key_line(keys_.current));
  if (!keys_.previous.empty()) text += cookie_key_line(keys_.previous) + "\n";
  return replace_file(directory_, file_name, text);
}

void CookieKeyKeeper::connect(std::vector<WorkerMailbox*> workers) {
  DARUMA_ASSERT(workers_.empty() && !keys_.current.empty());
  workers_ = std::move(workers);
  set_timer();
}

// By the wall clock, as a period outlasts most processes.
void CookieKeyKeeper::set_timer() {
  const Duration left =
      since_ + duration_cast<microseconds>(model::limits::cookie_key_period) - loop_.wall_now();
  rotation_.set(loop_.now() + std::clamp<Duration>(left, 0s, model::limits::cookie_key_period));
}

void CookieKeyKeeper::on_timer(io::Timer&) {
  rotate();
  if (const Result<void> saved = save(); !saved) {
    log_.write(LogLevel::warning, "app",
               "new keys for sticky sessions are not kept: " + saved.error().message);
  }
  for (WorkerMailbox* worker : workers_)
    worker->post(model::CookieKeyLetter{.current = keys_.current, .previous = keys_.previous});
  set_timer();
}

}  // namespace daruma::control
