// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "http/caseless.h"
#include "http/characters.h"
#include "http/field_line.h"
#include "http/h1_parser.h"

namespace daruma::http {
namespace {

constexpr std::string_view version_prefix = "HTTP/";
constexpr size_t shortest_status_line = 12;  // "HTTP/1.1 200"

// What a target's fields say about the body and the connection.
struct BodyFields {
  bool chunked = false;
  bool transfer_encoding = false;
  bool keep_alive = false;
  bool close = false;
};

// False where the value makes the response's end uncertain.
bool read_content_length(std::string_view value, ResponseHead& head) {
  const std::optional<uint64_t> length = parse_decimal(value);
  if (!length) return false;
  if (head.has_content_length && head.content_length != *length) return false;
  head.has_content_length = true;
  head.content_length = *length;
  return true;
}

// Codings other than chunked were never offered to the target (RFC 9110 10.1.4).
bool read_transfer_encoding(std::string_view value, BodyFields& body) {
  body.transfer_encoding = true;
  bool good = true;
  for_each_list_element(value, [&body, &good](std::string_view coding) {
    const bool chunked = equals<"chunked">(coding);
    good &= !body.chunked && (chunked || equals<"identity">(coding));
    body.chunked |= chunked;
  });
  return good;
}

void read_connection(std::string_view value, BodyFields& body) {
  if (equals<"keep-alive">(value)) {
    body.keep_alive = true;
    return;
  }
  for_each_list_element(value, [&body](std::string_view option) {
    body.close |= equals<"close">(option);
    body.keep_alive |= equals<"keep-alive">(option);
  });
}

// RFC 9112 6.3.
void decide_framing(ResponseHead& head, Method request_method, const BodyFields& body) {
  head.keep_alive = !body.close && (head.version >= Version{1, 1} || body.keep_alive);
  const bool announces_body = body.chunked || (head.has_content_length && head.content_length > 0);
  if (head.status < 200 || head.status == 204) {
    // Such a response has no body, but a target that announces one may well send it.
    if (announces_body) head.keep_alive = false;
    return;
  }
  if (request_method == Method::head || head.status == 304) return;
  if (request_method == Method::connect && head.status < 300) {
    head.keep_alive = false;
    return;
  }
  if (body.chunked) {
    head.framing = Framing::chunked;
    // Somebody on the way may have seen another end (RFC 9112 6.1).
    if (head.has_content_length || head.version < Version{1, 1}) head.keep_alive = false;
  } else if (head.has_content_length && !body.transfer_encoding) {
    head.framing = Framing::length;
  } else {
    head.framing = Framing::until_close;
    head.keep_alive = false;
  }
}

class ResponseReader {
 public:
  ResponseReader(std::string_view text, ResponseHead& head)
      : next_(text.data()), end_(text.data() + text.size()), head_(head) {}

  // The whole head, if it is all there and every line of it canonical; else false, and the head is
  // to be read anew. Returns where the body begins in `body`.
  bool read_clean_head(Method request_method, const char*& body) {
    if (find_line_feed(next_, end_) == end_ || !read_status_line()) return false;
    const char* at = next_;
    FieldLine line;
    while (read_clean_line(at, end_, line)) {
      if (!keep(line)) return false;
    }
    if (!begins_with_crlf(at, end_)) return false;
    body = at + 2;
    decide_framing(head_, request_method, body_);
    return true;
  }

  // Any complete head. REQUIRES: text ends with an empty line, which begins at fields_end.
  bool read(const char* fields_end, Method request_method) {
    if (next_ == fields_end || !read_status_line()) return false;
    while (next_ != fields_end) {
      if (!read_field()) return false;
    }
    decide_framing(head_, request_method, body_);
    return true;
  }

 private:
  bool read_status_line() {
    const char* const begin = next_;  // take_line_end() moves next_
    const std::string_view line(begin, take_line_end(begin) - begin);
    if (line.size() < shortest_status_line || !line.starts_with(version_prefix)) return false;
    if (!is_digit(line[5]) || line[6] != '.' || !is_digit(line[7]) || line[8] != ' ') return false;
    head_.version = {static_cast<uint8_t>(line[5] - '0'), static_cast<uint8_t>(line[7] - '0')};
    if (!is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11])) return false;
    head_.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    if (head_.status < 100) return false;
    if (line.size() == shortest_status_line) return true;
    head_.reason = line.substr(shortest_status_line + 1);
    return line[shortest_status_line] == ' ' &&
           std::none_of(head_.reason.begin(), head_.reason.end(),
                        [](char c) { return c != '\t' && is_control(c); });
  }

  bool read_field() {
    FieldLine line;
    return (read_clean_line(next_, end_, line) || read_odd_line(line)) && keep(line);
  }

  bool keep(const FieldLine& line) {
    const FieldId id = field_id_of(line.name);
    head_.fields.add(line.name, line.value, id);
    if (id == FieldId::other) return true;
    if (id == FieldId::content_length) return read_content_length(line.value, head_);
    if (id == FieldId::transfer_encoding) return read_transfer_encoding(line.value, body_);
    if (id == FieldId::connection) read_connection(line.value, body_);
    return true;
  }

  // Name and value must still be good; whitespace before the colon goes, as RFC 9112 5.1 wants of a
  // response that is passed on.
  bool read_odd_line(FieldLine& line) {
    const char* const begin = next_;
    const std::string_view text(begin, take_line_end(begin) - begin);
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos || begin[0] == ' ' || begin[0] == '\t') return false;
    line.name = trim_ows(text.substr(0, colon));
    line.value = trim_ows(text.substr(colon + 1));
    return is_token(line.name) && std::none_of(text.begin(), text.end(), is_line_breaking);
  }

  // Moves on to the next line; returns where the text of the current one ends.
  const char* take_line_end(const char* from) {
    const char* const line_feed = static_cast<const char*>(std::memchr(from, '\n', end_ - from));
    const char* const line = next_;
    next_ = line_feed + 1;
    return line_feed != line && line_feed[-1] == '\r' ? line_feed - 1 : line_feed;
  }

  const char* next_;
  const char* const end_;
  ResponseHead& head_;
  BodyFields body_;
};

bool can_begin_response(std::string_view input) {
  const size_t known = std::min(input.size(), version_prefix.size());
  return input.substr(0, known) == version_prefix.substr(0, known);
}

ParseStatus judge_version(const ResponseHead& head) {
  return head.version.major == 1 ? ParseStatus::complete : ParseStatus::version_unsupported;
}

}  // namespace

ParseStatus H1ResponseParser::parse(std::string_view input, Method request_method,
                                    ResponseHead& head) {
  if (scanner_.fresh() && read_at_once(input, request_method, head)) return judge_version(head);
  const ParseStatus status = scanner_.scan(input, limits_);
  if (!can_begin_response(input)) return ParseStatus::malformed;
  if (status != ParseStatus::complete) return status;
  head.clear();
  head.wire_bytes = scanner_.end();
  ResponseReader reader(input.substr(0, scanner_.end()), head);
  if (!reader.read(input.data() + scanner_.fields_end(), request_method)) {
    return ParseStatus::malformed;
  }
  return judge_version(head);
}

// As H1RequestParser::read_at_once().
bool H1ResponseParser::read_at_once(std::string_view input, Method request_method,
                                    ResponseHead& head) {
  head.clear();
  const char* body = nullptr;
  if (!ResponseReader(input, head).read_clean_head(request_method, body)) return false;
  head.wire_bytes = static_cast<size_t>(body - input.data());
  return clearly_within(limits_, head.wire_bytes, head.fields.size());
}

}  // namespace daruma::http
