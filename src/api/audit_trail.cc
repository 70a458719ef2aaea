// SPDX-License-Identifier: Apache-2.0
#include "api/audit_trail.h"

#include <utility>

namespace daruma::api {
namespace {

void shorten(std::string& text) {
  if (text.size() > AuditTrail::text_bytes_max)
    text = text.substr(0, AuditTrail::text_bytes_max) + "...";
}

}  // namespace

void AuditTrail::write(AuditEntry entry) {
  shorten(entry.caller);
  shorten(entry.action);
  shorten(entry.resource);
  log_.write(entry.outcome == "done" ? LogLevel::info : LogLevel::warning, "audit",
             entry.action.empty() ? "request" : entry.action,
             {{entry.known ? "caller" : "claimed", entry.caller},
              {"from", entry.from},
              {"resource", entry.resource},
              {"outcome", entry.outcome},
              {"request_id", entry.id}});
  if (!entry.known) return;
  if (kept_.size() == kept_max) kept_.pop_front();
  kept_.push_back(std::move(entry));
}

void AuditTrail::write_left_out(uint64_t lines) {
  log_.write(LogLevel::warning, "audit", "refusals without a line of their own",
             {{"count", std::to_string(lines)}});
}

}  // namespace daruma::api
