// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "base/bytes.h"
#include "http/characters.h"
#include "http/field_line.h"
#include "http/h1_parser.h"
#include "http/request_inspector.h"
#include "http/uri.h"

namespace daruma::http {
namespace {

constexpr std::string_view version_prefix = "HTTP/1.";

bool begins_with_whitespace(std::string_view line) {
  return line.starts_with(' ') || line.starts_with('\t');
}

std::string_view trim_spaces(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// Reads one head. Lines in canonical form take the short way; whatever departs from it in any
// respect takes the long one, which knows the findings.
class RequestReader {
 public:
  RequestReader(std::string_view text, RequestHead& head)
      : next_(text.data()), end_(text.data() + text.size()), head_(head), inspector_(head) {}

  // The whole head, if it is all there and every line of it canonical; else false, and the head is
  // to be read anew. Returns where the body begins in `body`.
  bool read_clean_head(const char*& body) {
    if (!read_clean_request_line()) return false;
    while (read_clean_field()) {
    }
    if (!begins_with_crlf(next_, end_)) return false;
    body = next_ + 2;
    inspector_.finish_clean(method_, target_, {1, minor_version_});
    return true;
  }

  // Any complete head. REQUIRES: text ends with an empty line, which begins at fields_end.
  void read(const char* fields_end) {
    const bool line_is_clean = read_clean_request_line();
    if (!line_is_clean) read_odd_request_line(take_line());
    while (next_ != fields_end) {
      if (!read_clean_field()) read_odd_field(take_line());
    }
    if (*fields_end == '\n') head_.findings.set(Finding::non_crlf_line_termination);
    if (line_is_clean) {
      inspector_.finish_clean(method_, target_, {1, minor_version_});
    } else {
      inspector_.finish(method_, target_, version_text_);
    }
  }

 private:
  bool read_clean_request_line() {
    const char* at = find_token_end(next_, end_);
    if (at == end_ || *at != ' ' || at == next_) return false;
    method_ = {next_, static_cast<size_t>(at - next_)};
    const char* const target = ++at;
    at = find_control_or_space(at, end_);
    target_ = {target, static_cast<size_t>(at - target)};
    constexpr size_t tail = 1 + version_prefix.size() + 3;  // " HTTP/1.1\r\n"
    if (target_.empty() || end_ - at < static_cast<ptrdiff_t>(tail)) return false;
    if (std::memcmp(at, " HTTP/1.", 8) != 0 || (at[8] != '1' && at[8] != '0')) return false;
    if (at[9] != '\r' || at[10] != '\n') return false;
    minor_version_ = at[8] - '0';
    next_ = at + tail;
    return true;
  }

  bool read_clean_field() {
    FieldLine line;
    if (!read_clean_line(next_, end_, line)) return false;
    head_.fields.add(line.name, line.value, inspector_.clean_field(line.name, line.value));
    return true;
  }

  // Without its line end.
  std::string_view take_line() {
    const char* const begin = next_;
    const char* const line_feed = static_cast<const char*>(std::memchr(begin, '\n', end_ - begin));
    next_ = line_feed + 1;
    std::string_view line(begin, line_feed - begin);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    } else {
      head_.findings.set(Finding::non_crlf_line_termination);
    }
    return line;
  }

  void read_odd_field(std::string_view line) {
    if (begins_with_whitespace(line)) return read_continuation(line);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      head_.findings.set(Finding::missing_header_colon);
      inspector_.field(line, {});
      head_.fields.add(line, {}, FieldId::invalid);
      return;
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim_ows(line.substr(colon + 1));
    head_.fields.add(name, value, inspector_.field(name, value));
  }

  // An ALB knows no continuation lines: such a line ends the value before it and stands as a field
  // of its own. Passing that on would let a client name fields that a reader in front of us took
  // for part of a value, so it is invalid.
  void read_continuation(std::string_view line) {
    const size_t colon = line.find(':');
    const bool has_colon = colon != std::string_view::npos;
    const Field* const continued = last_regular_field();
    const bool media_type = continued && continued->id == FieldId::content_type;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = has_colon ? trim_ows(line.substr(colon + 1)) : "";
    if (continued && (media_type || !has_colon)) {
      inspector_.continuation(line);
    } else {
      inspector_.field(name, value);
    }
    if (!media_type) head_.findings.set(Finding::multiline_header);
    head_.fields.add(name, value, FieldId::invalid);
  }

  const Field* last_regular_field() const {
    for (auto field = head_.fields.end(); field != head_.fields.begin();) {
      if (!begins_with_whitespace((--field)->name)) return &*field;
    }
    return nullptr;
  }

  // method SP target SP version, where the target may hold spaces itself.
  void read_odd_request_line(std::string_view line) {
    const size_t space = line.find(' ');
    method_ = line.substr(0, space);
    const std::string_view rest = space == std::string_view::npos ? "" : line.substr(space + 1);
    const size_t last = rest.find_last_not_of(" \t");
    const size_t version_space = last == std::string_view::npos ? last : rest.rfind(' ', last);
    if (version_space == std::string_view::npos) return read_word_after_method(rest);

    const std::string_view target = rest.substr(0, version_space);
    target_ = trim_spaces(target);
    version_text_ = rest.substr(version_space + 1);
    if (target_.empty()) {
      head_.findings.set(Finding::missing_uri);
    } else if (target_.size() != target.size()) {
      head_.findings.set(Finding::space_in_uri);
    }
  }

  // A target without version is HTTP/0.9.
  void read_word_after_method(std::string_view word) {
    const std::string_view trimmed = trim_ows(word);
    if (trimmed.empty() || trimmed.starts_with("HTTP/")) {
      head_.findings.set(Finding::missing_uri);
      target_ = {};
      version_text_ = word;
    } else {
      target_ = trimmed;
      version_text_ = {};
    }
  }

  const char* next_;
  const char* const end_;
  RequestHead& head_;
  RequestInspector inspector_;
  std::string_view method_;
  std::string_view target_;
  std::string_view version_text_;  // of an odd line
  uint8_t minor_version_ = 1;      // of a clean one
};

ParseStatus judge_target(const RequestHead& head) {
  if (head.version.major > 1) return ParseStatus::version_unsupported;
  const bool connect = head.method == Method::connect;
  if (head.target.starts_with('/') && !connect) return ParseStatus::complete;
  if (head.findings.has(Finding::missing_uri) || head.findings.has(Finding::bad_uri)) {
    return ParseStatus::complete;
  }
  // For a target of no form at all there is no finding, and nothing to route by. Of HTTP's own
  // methods "*" is one for OPTIONS only (RFC 9112 section 3.2.4); SSDP's M-SEARCH has it too.
  const TargetForm form = split_target(head.target, connect).form;
  const bool misplaced = form == TargetForm::asterisk && head.method != Method::options &&
                         head.method != Method::other;
  return form == TargetForm::none || misplaced ? ParseStatus::malformed : ParseStatus::complete;
}

}  // namespace

ParseStatus H1RequestParser::parse(std::string_view input, RequestHead& head) {
  if (scanner_.fresh() && read_at_once(input, head)) return judge_target(head);
  const ParseStatus status = scanner_.scan(input, limits_);
  const size_t begin = scanner_.begin();
  // Not waiting for a whole line tells a TLS client on a plain port at once.
  const bool begun = begin < input.size() && !(begin + 1 == input.size() && input[begin] == '\r');
  if (begun && !is_tchar(input[begin])) return ParseStatus::malformed;
  if (status != ParseStatus::complete) return status;

  head.clear();
  head.wire_bytes = scanner_.end();
  RequestReader reader(input.substr(begin, scanner_.end() - begin), head);
  reader.read(input.data() + scanner_.fields_end());
  return judge_target(head);
}

// Most heads arrive whole and are in order: then one look at each byte does for both, finding the
// end and reading the fields.
bool H1RequestParser::read_at_once(std::string_view input, RequestHead& head) {
  head.clear();
  const char* body = nullptr;
  if (!RequestReader(input, head).read_clean_head(body)) return false;
  head.wire_bytes = static_cast<size_t>(body - input.data());
  return clearly_within(limits_, head.wire_bytes, head.fields.size());
}

std::optional<Finding> finding_at_close(std::string_view input) {
  if (input.find_first_not_of("\r\n") == std::string_view::npos) return std::nullopt;
  return input.ends_with('\n') ? Finding::missing_last_empty_line : Finding::partial_header_line;
}

}  // namespace daruma::http
