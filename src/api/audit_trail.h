// SPDX-License-Identifier: Apache-2.0
//
// Who changed what, or was not let to: a line of the operational log for each (area `audit`), and
// the newest kept for whoever asks (the console). Control thread only.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"

namespace daruma::api {

struct AuditEntry {
  WallTime at{};
  bool known = true;     // that it is the caller; if not, who it claimed to be
  std::string caller{};  // an access key's id, a user's name; "" if nobody has to say
  std::string from{};    // address and port
  std::string action{};  // "CreateRule"
  std::string resource{};
  std::string outcome{};  // "done", "taken back", or an error's code
  std::string id{};       // of the request
};

class AuditTrail {
 public:
  static constexpr size_t kept_max = 1'000;
  static constexpr size_t text_bytes_max = 512;  // longer ones are cut: somebody may make them up

  // The log outlives it.
  explicit AuditTrail(const Log& log) : log_(log) {}
  AuditTrail(const AuditTrail&) = delete;
  AuditTrail& operator=(const AuditTrail&) = delete;

  // Those of unknown callers are not kept: anybody could push the others out.
  void write(AuditEntry entry);
  void write_left_out(uint64_t lines);  // that had no line of their own
  const std::deque<AuditEntry>& newest_last() const { return kept_; }

 private:
  const Log& log_;
  std::deque<AuditEntry> kept_;
};

}  // namespace daruma::api
