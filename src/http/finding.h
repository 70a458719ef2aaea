// SPDX-License-Identifier: Apache-2.0
//
// What a parser noticed about a request without repairing it. http/desync.h turns findings into a
// tier and a decision. The reasons are those of the ALB's desync mitigation (access-log field
// classification_reason).
#pragma once

#include <cstdint>
#include <string_view>

namespace daruma::http {

enum class Finding : uint8_t {
  // acceptable
  non_compliant_header,
  space_in_uri,
  non_compliant_version,
  get_head_zero_content_length,
  non_crlf_line_termination,
  // ambiguous
  empty_header,
  ambiguous_uri,
  undefined_content_length_semantics,
  undefined_transfer_encoding_semantics,
  duplicate_content_length,
  both_te_cl_present,
  suspicious_header,
  multiline_header,
  partial_header_line,
  missing_last_empty_line,
  missing_header_colon,
  missing_uri,
  // severe
  bad_header,
  bad_uri,
  bad_version,
  bad_method,
  multiple_content_length,
  bad_content_length,
  multiple_transfer_encoding_chunked,
  bad_transfer_encoding,
};
inline constexpr int finding_count = static_cast<int>(Finding::bad_transfer_encoding) + 1;

// A set of findings, and which one of each tier came first in the message.
class Findings {
 public:
  void set(Finding finding) {
    const uint32_t bit = 1u << static_cast<int>(finding);
    if (bits_ & bit) return;
    bits_ |= bit;
    if (count_ < sizeof order_) order_[count_++] = finding;
  }
  bool has(Finding finding) const { return bits_ >> static_cast<int>(finding) & 1; }
  bool empty() const { return bits_ == 0; }
  void clear() { bits_ = count_ = 0; }
  // In the order they were noticed.
  const Finding* begin() const { return order_; }
  const Finding* end() const { return order_ + count_; }

 private:
  uint32_t bits_ = 0;
  uint8_t count_ = 0;
  Finding order_[finding_count] = {};
};

// "NonCompliantHeader", as the access log spells it.
std::string_view name_of(Finding finding);

}  // namespace daruma::http
