// SPDX-License-Identifier: Apache-2.0
//
// What the parts of a request say about its body and about its sender: framing, persistence and
// findings. Shared by h1_parser, which finds the parts in bytes, and inspect_request(), for parts
// that were never one text (another protocol's). Pure.
// Findings come in the order fields (as received), framing, method, version, target.
// Source of the rules: RFC 9112 2 to 6; tiers and names as AWS's http-desync-guardian has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace daruma::http {

class RequestInspector {
 public:
  // Writes into `head`, which outlives the inspector; reads no field from it.
  explicit RequestInspector(RequestHead& head) : head_(head) {}

  // One field, as received, before finish(). Both return the id to keep it under.
  FieldId field(std::string_view name, std::string_view value);
  // Faster. REQUIRES: name is a token, value is trimmed and has no control characters.
  FieldId clean_field(std::string_view name, std::string_view value);
  // A line that continues the value before it.
  void continuation(std::string_view text);

  // After the last field: method, target and version are judged and written to `head`.
  void finish(std::string_view method, std::string_view target, std::string_view version_text);
  // Faster. REQUIRES: method is a token, target has neither spaces nor control characters, version
  // is 1.0 or 1.1.
  void finish_clean(std::string_view method, std::string_view target, Version version);

 private:
  enum class Origin : uint8_t { genuine, look_alike };

  void content_length(std::string_view value, Origin origin);
  void transfer_encoding(std::string_view value, Origin origin);
  void transfer_coding(std::string_view coding, Origin origin);
  void connection(std::string_view value);
  void note(FieldId id, std::string_view value);
  void suspect(FieldId resembled, std::string_view value);

  void judge_framing();
  void report_framing();
  void decide_framing();
  void judge_method(std::string_view method);
  void judge_target(std::string_view target);

  RequestHead& head_;
  // What was seen, look-alikes included: the guard speaks of these.
  bool saw_transfer_encoding_ = false;
  bool saw_content_length_ = false;
  bool chunked_twice_ = false;
  bool transfer_encoding_bad_ = false;
  bool lengths_differ_ = false;
  bool lengths_repeat_ = false;
  bool content_length_bad_ = false;
  bool saw_chunked_ = false;
  std::optional<uint64_t> first_length_;
  // What genuine fields say: the framing rests on these alone.
  bool has_transfer_encoding_ = false;
  bool chunked_is_last_ = false;
  bool other_coding_ = false;
  std::optional<uint64_t> length_;
  bool says_close_ = false;
  bool says_keep_alive_ = false;
  bool says_upgrade_ = false;
  bool expects_continue_ = false;
};

// True if `name` spells "Transfer-Encoding" or "Content-Length" once everything but letters and
// digits is dropped and case is folded, without being it: a lenient reader might take it for that.
bool resembles_framing_field(std::string_view name);

// For a head whose method_text, target and fields were filled from elsewhere: gives every field its
// id and writes what RequestInspector finds. `version_text` is "HTTP/1.1" and the like.
void inspect_request(RequestHead& head, std::string_view version_text);

}  // namespace daruma::http
