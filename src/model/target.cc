// SPDX-License-Identifier: Apache-2.0
#include "model/target.h"

#include "base/bytes.h"

namespace daruma::model {
namespace {

// Exactly that many digits, within the range.
std::optional<uint64_t> parse_code(std::string_view text, size_t digits_least, size_t digits_most,
                                   uint64_t first, uint64_t last) {
  if (text.size() < digits_least || text.size() > digits_most) return std::nullopt;
  const std::optional<uint64_t> code = parse_decimal(text);
  if (!code || *code < first || *code > last) return std::nullopt;
  return code;
}

}  // namespace

std::string_view name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::http:
      return "HTTP";
    case Protocol::https:
      return "HTTPS";
  }
  return "";
}

std::string TargetKey::to_string() const {
  const bool v6 = id.find(':') != std::string::npos;
  return (v6 ? "[" + id + "]" : id) + ":" + std::to_string(port);
}

std::string_view name_of(HealthState state) {
  switch (state) {
    case HealthState::initial:
      return "initial";
    case HealthState::healthy:
      return "healthy";
    case HealthState::unhealthy:
      return "unhealthy";
    case HealthState::unused:
      return "unused";
    case HealthState::draining:
      return "draining";
    case HealthState::unavailable:
      return "unavailable";
  }
  return "";
}

std::string_view name_of(HealthReason reason) {
  switch (reason) {
    case HealthReason::none:
      return "";
    case HealthReason::registration_in_progress:
      return "Elb.RegistrationInProgress";
    case HealthReason::initial_health_checking:
      return "Elb.InitialHealthChecking";
    case HealthReason::response_code_mismatch:
      return "Target.ResponseCodeMismatch";
    case HealthReason::timeout:
      return "Target.Timeout";
    case HealthReason::failed_health_checks:
      return "Target.FailedHealthChecks";
    case HealthReason::not_registered:
      return "Target.NotRegistered";
    case HealthReason::not_in_use:
      return "Target.NotInUse";
    case HealthReason::deregistration_in_progress:
      return "Target.DeregistrationInProgress";
    case HealthReason::health_check_disabled:
      return "Target.HealthCheckDisabled";
    case HealthReason::internal_error:
      return "Elb.InternalError";
  }
  return "";
}

std::optional<CodeMatcher> CodeMatcher::parse(std::string_view text) {
  return parse(text, {.first = 200, .last = 499, .digits_least = 3, .digits_most = 3});
}

std::optional<CodeMatcher> CodeMatcher::parse_grpc(std::string_view text) {
  return parse(text, {.first = 0, .last = 99, .digits_least = 1, .digits_most = 2});
}

std::optional<CodeMatcher> CodeMatcher::parse(std::string_view text, const Range& range) {
  const auto code_of = [&range](std::string_view part) {
    return parse_code(part, range.digits_least, range.digits_most, range.first, range.last);
  };
  CodeMatcher matcher;
  matcher.text_ = text;
  matcher.first_ = static_cast<int>(range.first);
  matcher.codes_.reset();
  for (std::string_view rest = text;;) {
    const size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const size_t dash = part.find('-');
    const auto from = code_of(part.substr(0, dash));
    const auto to = dash == std::string_view::npos ? from : code_of(part.substr(dash + 1));
    if (!from || !to || *to < *from) return std::nullopt;
    for (uint64_t code = *from; code <= *to; ++code) matcher.codes_.set(code - range.first);
    if (comma == std::string_view::npos) return matcher;
    rest.remove_prefix(comma + 1);
  }
}

bool CodeMatcher::matches(int status) const {
  if (status < first_) return false;
  const auto index = static_cast<size_t>(status - first_);
  return index < codes_.size() && codes_.test(index);
}

}  // namespace daruma::model
