// SPDX-License-Identifier: Apache-2.0
#include "http/request_inspector.h"

#include <algorithm>

#include "base/bytes.h"
#include "http/caseless.h"
#include "http/characters.h"

namespace daruma::http {
namespace {

constexpr std::string_view transfer_encoding_letters = "transferencoding";
constexpr std::string_view content_length_letters = "contentlength";

bool has_line_breaking(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_line_breaking);
}

bool has_odd_control(std::string_view text) {  // HTAB is fine in a value
  return std::any_of(text.begin(), text.end(), [](char c) { return c != '\t' && is_control(c); });
}

// The letter or digit that `text` begins with once case is folded, and how many bytes it takes;
// '\0' for anything else. U+017F (long s) and U+0131 (dotless i) fold to ASCII letters in readers
// that fold by Unicode.
struct Alphanumeric {
  char folded;
  size_t bytes;
};
Alphanumeric first_alphanumeric(std::string_view text) {
  const char c = ascii_lower(text[0]);
  if ((c >= 'a' && c <= 'z') || is_digit(c)) return {c, 1};
  if (text.starts_with("\xc5\xbf")) return {'s', 2};
  if (text.starts_with("\xc4\xb1")) return {'i', 2};
  return {'\0', 1};
}

// True if `name` spells `letters` once everything but letters and digits is dropped.
bool spells(std::string_view name, std::string_view letters) {
  size_t matched = 0;
  while (!name.empty()) {
    const Alphanumeric next = first_alphanumeric(name);
    name.remove_prefix(next.bytes);
    if (next.folded == '\0') continue;
    if (matched == letters.size() || letters[matched] != next.folded) return false;
    ++matched;
  }
  return matched == letters.size();
}

// The framing field that `name` spells, itself included.
std::optional<FieldId> spelled_framing_field(std::string_view name) {
  if (name.size() < content_length_letters.size()) return std::nullopt;
  if (spells(name, transfer_encoding_letters)) return FieldId::transfer_encoding;
  if (spells(name, content_length_letters)) return FieldId::content_length;
  return std::nullopt;
}

struct ReadVersion {
  Version version;
  std::optional<Finding> finding;
};

ReadVersion read_version(std::string_view text) {
  const std::string_view trimmed = trim_ows(text);
  if (trimmed.empty() || trimmed == "HTTP/0.9") {
    return {{0, 9}, Finding::non_compliant_version};
  }
  if (!trimmed.starts_with("HTTP/") || trimmed.size() < 6 || !is_digit(trimmed[5])) {
    return {{1, 1}, Finding::bad_version};
  }
  const uint8_t major = trimmed[5] - '0';
  const std::string_view rest = trimmed.substr(6);
  const bool has_minor = rest.size() == 2 && rest[0] == '.' && is_digit(rest[1]);
  const uint8_t minor = has_minor ? rest[1] - '0' : 0;
  if (major >= 2 && (has_minor || rest.empty())) return {{major, minor}, std::nullopt};
  if (major != 1 || !has_minor) return {{1, 1}, Finding::bad_version};
  if (minor > 1 || trimmed.size() != text.size()) {
    return {{1, minor}, Finding::non_compliant_version};
  }
  return {{1, minor}, std::nullopt};
}

}  // namespace

FieldId RequestInspector::clean_field(std::string_view name, std::string_view value) {
  const FieldId id = field_id_of(name);
  if (id != FieldId::other) {
    note(id, value);
    return id;
  }
  // The letter that it begins with clears nearly every name.
  const char first = ascii_lower(name[0]);
  if (is_alpha(first) && first != 't' && first != 'c') return id;
  const std::optional<FieldId> resembled = spelled_framing_field(name);
  if (!resembled) return id;
  suspect(*resembled, value);
  return FieldId::invalid;
}

FieldId RequestInspector::field(std::string_view name, std::string_view value) {
  const bool token = is_token(name);
  const bool bad = has_line_breaking(name) || has_line_breaking(value);
  if (bad) {
    head_.findings.set(Finding::bad_header);
  } else if (!token || has_odd_control(value)) {
    head_.findings.set(Finding::non_compliant_header);
  }
  if (token) return clean_field(name, trim_ows(value));

  const std::string_view trimmed = trim_ows(name);
  if (trimmed.empty() || trimmed[0] == ':') {
    head_.findings.set(Finding::empty_header);
  } else if (!bad) {
    if (const auto resembled = spelled_framing_field(name)) suspect(*resembled, value);
  }
  return FieldId::invalid;
}

void RequestInspector::continuation(std::string_view text) {
  if (has_line_breaking(text)) {
    head_.findings.set(Finding::bad_header);
  } else if (has_odd_control(text)) {
    head_.findings.set(Finding::non_compliant_header);
  }
}

void RequestInspector::suspect(FieldId resembled, std::string_view value) {
  head_.findings.set(Finding::suspicious_header);
  if (resembled == FieldId::transfer_encoding) {
    transfer_encoding(value, Origin::look_alike);
  } else {
    content_length(trim_ows(value), Origin::look_alike);
  }
}

void RequestInspector::note(FieldId id, std::string_view value) {
  if (id == FieldId::content_length) {
    content_length(value, Origin::genuine);
  } else if (id == FieldId::transfer_encoding) {
    transfer_encoding(value, Origin::genuine);
  } else if (id == FieldId::connection) {
    connection(value);
  } else if (id == FieldId::expect) {
    expects_continue_ |= equals<"100-continue">(value);
  }
}

void RequestInspector::content_length(std::string_view value, Origin origin) {
  saw_content_length_ = true;
  const std::optional<uint64_t> length = parse_decimal(value);
  if (!length) {
    content_length_bad_ = true;
    return;
  }
  if (first_length_) {
    (*first_length_ == *length ? lengths_repeat_ : lengths_differ_) = true;
  } else {
    first_length_ = length;
  }
  if (origin == Origin::genuine) length_ = length;
}

void RequestInspector::transfer_encoding(std::string_view value, Origin origin) {
  saw_transfer_encoding_ = true;
  if (origin == Origin::genuine) has_transfer_encoding_ = true;
  // Empty elements count: "chunked," is read differently here and there.
  for (;;) {
    const size_t comma = value.find(',');
    transfer_coding(value.substr(0, comma), origin);
    if (comma == std::string_view::npos) return;
    value.remove_prefix(comma + 1);
  }
}

void RequestInspector::transfer_coding(std::string_view coding, Origin origin) {
  coding = trim_ows(coding.substr(0, coding.find(';')));
  const bool chunked = equals<"chunked">(coding);
  const bool identity = equals<"identity">(coding);
  const bool known = chunked || identity || equals<"gzip">(coding) || equals<"deflate">(coding) ||
                     equals<"compress">(coding);
  if (!known) transfer_encoding_bad_ = true;
  if (chunked && saw_chunked_) chunked_twice_ = true;
  saw_chunked_ |= chunked;
  if (origin == Origin::look_alike) return;
  // "chunked, identity": some would still read chunks.
  if (!chunked && (!identity || chunked_is_last_)) other_coding_ = true;
  chunked_is_last_ = chunked;
}

void RequestInspector::connection(std::string_view value) {
  if (equals<"keep-alive">(value)) {  // nearly always, and nearly always alone
    says_keep_alive_ = true;
    return;
  }
  for_each_list_element(value, [this](std::string_view option) {
    says_close_ |= equals<"close">(option);
    says_keep_alive_ |= equals<"keep-alive">(option);
    says_upgrade_ |= equals<"upgrade">(option);
  });
}

void RequestInspector::finish_clean(std::string_view method, std::string_view target,
                                    Version version) {
  head_.method_text = method;
  head_.method = method_of(method);
  head_.target = target;
  head_.version = version;
  judge_framing();
}

void RequestInspector::finish(std::string_view method, std::string_view target,
                              std::string_view version_text) {
  const ReadVersion read = read_version(version_text);
  finish_clean(method, target, read.version);
  judge_method(method);
  if (read.finding) head_.findings.set(*read.finding);
  judge_target(target);
}

void RequestInspector::judge_framing() {
  const Version version = head_.version;
  const bool since_1_1 = version >= Version{1, 1};
  head_.expect_continue = expects_continue_ && since_1_1;
  head_.upgrade = says_upgrade_ && since_1_1;
  head_.keep_alive = !says_close_ && (since_1_1 || (version >= Version{1, 0} && says_keep_alive_));
  if (!saw_transfer_encoding_ && !saw_content_length_) return;
  report_framing();
  decide_framing();
}

void RequestInspector::report_framing() {
  Findings& findings = head_.findings;
  if (saw_transfer_encoding_ && head_.version < Version{1, 1}) {
    findings.set(Finding::undefined_transfer_encoding_semantics);
  } else if (saw_content_length_ && head_.version < Version{1, 0}) {
    findings.set(Finding::undefined_content_length_semantics);
  }
  if (chunked_twice_) findings.set(Finding::multiple_transfer_encoding_chunked);
  if (transfer_encoding_bad_) findings.set(Finding::bad_transfer_encoding);
  if (lengths_differ_) findings.set(Finding::multiple_content_length);
  if (content_length_bad_) findings.set(Finding::bad_content_length);
  if (lengths_repeat_) findings.set(Finding::duplicate_content_length);
  if (head_.method == Method::get || head_.method == Method::head) {
    if (saw_transfer_encoding_) findings.set(Finding::undefined_transfer_encoding_semantics);
    if (first_length_) {
      findings.set(*first_length_ == 0 ? Finding::get_head_zero_content_length
                                       : Finding::undefined_content_length_semantics);
    }
  }
  if (first_length_ && saw_transfer_encoding_) findings.set(Finding::both_te_cl_present);
}

// RFC 9112 6.3, and 6.1 on when the connection can't be used again.
void RequestInspector::decide_framing() {
  if (has_transfer_encoding_) {
    const bool plainly_chunked = chunked_is_last_ && !other_coding_;
    if (!plainly_chunked || length_ || head_.version < Version{1, 1}) head_.keep_alive = false;
    head_.transfer_coding_unsupported = other_coding_;
    if (plainly_chunked) {
      head_.framing = Framing::chunked;
      return;
    }
    if (other_coding_) return;
  }
  if (length_) {
    head_.framing = Framing::length;
    head_.content_length = *length_;
  }
}

void RequestInspector::judge_method(std::string_view method) {
  if (!std::all_of(method.begin(), method.end(), is_tchar)) {
    head_.findings.set(Finding::bad_method);
  }
}

void RequestInspector::judge_target(std::string_view target) {
  for (const char c : target) {
    if (c == ' ') {
      head_.findings.set(Finding::space_in_uri);
    } else if (is_line_breaking(c)) {
      head_.findings.set(Finding::bad_uri);
    } else if (is_control(c)) {
      head_.findings.set(Finding::ambiguous_uri);
    }
  }
}

bool resembles_framing_field(std::string_view name) {
  const std::optional<FieldId> spelled = spelled_framing_field(name);
  return spelled && field_id_of(name) != *spelled;
}

void inspect_request(RequestHead& head, std::string_view version_text) {
  RequestInspector inspector(head);
  Fields judged;
  for (const Field& field : head.fields) {
    judged.add(field.name, trim_ows(field.value), inspector.field(field.name, field.value));
  }
  head.fields = std::move(judged);
  inspector.finish(head.method_text, head.target, version_text);
}

}  // namespace daruma::http
