// SPDX-License-Identifier: Apache-2.0
#include "http/desync.h"

namespace daruma::http {

DesyncTier tier_of(Finding finding) {
  if (finding < Finding::empty_header) return DesyncTier::acceptable;
  if (finding < Finding::bad_header) return DesyncTier::ambiguous;
  return DesyncTier::severe;
}

DesyncVerdict classify(const Findings& findings) {
  DesyncVerdict verdict;
  for (const Finding finding : findings) {
    const DesyncTier tier = tier_of(finding);
    if (tier > verdict.tier) verdict = {tier, finding};
  }
  return verdict;
}

bool unframeable(const Findings& findings) {
  for (const Finding finding : findings) {
    switch (finding) {
      case Finding::bad_header:
      case Finding::bad_uri:
      case Finding::bad_version:
      case Finding::bad_method:
      case Finding::multiple_content_length:
      case Finding::bad_content_length:
      case Finding::multiple_transfer_encoding_chunked:
      case Finding::bad_transfer_encoding:
      // "GET HTTP/1.1" may be a target without version or a version without target.
      case Finding::missing_uri:
      // Where the head ends was never seen.
      case Finding::partial_header_line:
      case Finding::missing_last_empty_line:
        return true;
      // Read in one way only once rewritten: the odd line is left out (empty, without colon,
      // continued, look-alike), the odd byte encoded, the framing field written anew.
      case Finding::non_compliant_header:
      case Finding::space_in_uri:
      case Finding::non_compliant_version:
      case Finding::get_head_zero_content_length:
      case Finding::non_crlf_line_termination:
      case Finding::empty_header:
      case Finding::ambiguous_uri:
      case Finding::undefined_content_length_semantics:
      case Finding::undefined_transfer_encoding_semantics:
      case Finding::duplicate_content_length:
      case Finding::both_te_cl_present:
      case Finding::suspicious_header:
      case Finding::multiline_header:
      case Finding::missing_header_colon:
        break;
    }
  }
  return false;
}

DesyncDecision decide(const DesyncVerdict& verdict, const Findings& findings, DesyncMode mode) {
  if (unframeable(findings)) return DesyncDecision::block;
  if (verdict.tier == DesyncTier::compliant) return DesyncDecision::allow;
  switch (mode) {
    case DesyncMode::monitor:
      return DesyncDecision::allow;
    case DesyncMode::strictest:
      return DesyncDecision::block;
    case DesyncMode::defensive:
      break;
  }
  switch (verdict.tier) {
    case DesyncTier::compliant:
    case DesyncTier::acceptable:
      return DesyncDecision::allow;
    case DesyncTier::ambiguous:
      return DesyncDecision::allow_and_close;
    case DesyncTier::severe:
      break;
  }
  return DesyncDecision::block;
}

std::string_view name_of(DesyncTier tier) {
  switch (tier) {
    case DesyncTier::compliant:
      return "Compliant";
    case DesyncTier::acceptable:
      return "Acceptable";
    case DesyncTier::ambiguous:
      return "Ambiguous";
    case DesyncTier::severe:
      return "Severe";
  }
  return "";
}

}  // namespace daruma::http
