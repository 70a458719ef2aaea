// SPDX-License-Identifier: Apache-2.0
#include "http/h2_head.h"

#include <utility>

#include "base/bytes.h"
#include "http/request_inspector.h"

namespace daruma::http {
namespace {

constexpr std::string_view field_separator = ": ";
constexpr std::string_view line_end = "\r\n";

bool usually_has_body(Method method) {
  return method == Method::post || method == Method::put || method == Method::patch;
}

}  // namespace

void H2HeadReader::begin() {
  bytes_.clear();
  entries_.clear();
  for (std::string* text : {&method_, &path_, &authority_, &protocol_, &cookie_}) text->clear();
  decoded_bytes_ = 0;
  exceeded_ = ParseStatus::complete;
}

void H2HeadReader::exceed(ParseStatus status) {
  if (exceeded_ == ParseStatus::complete) exceeded_ = status;
}

H2HeadReader::Span H2HeadReader::keep(std::string_view text) {
  const Span span{static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(text.size())};
  bytes_.append(text);
  return span;
}

std::string_view H2HeadReader::text_of(Span span) const {
  return bytes_.view().substr(span.begin, span.size);
}

void H2HeadReader::add(std::string_view name, std::string_view value) {
  decoded_bytes_ += name.size() + value.size();
  if (exceeded_ != ParseStatus::complete) return;
  if (name == ":method") return keep_pseudo(method_, value);
  if (name == ":path") return keep_pseudo(path_, value);
  if (name == ":authority") return keep_pseudo(authority_, value);
  if (name == ":protocol") return keep_pseudo(protocol_, value);
  if (name.starts_with(':')) return;
  if (name != "cookie") return keep_field(name, value);
  if (cookie_.size() + value.size() > limits_.field_bytes_max)
    return exceed(ParseStatus::field_too_long);
  if (!cookie_.empty()) cookie_.append("; ");
  cookie_.append(value);
}

void H2HeadReader::keep_pseudo(std::string& pseudo, std::string_view text) {
  const size_t line = method_.size() + path_.size() + authority_.size() + protocol_.size();
  if (line + text.size() > limits_.line_bytes_max) return exceed(ParseStatus::line_too_long);
  pseudo = text;
}

// In HTTP/1.1's canonical form, so that neighbours are forwarded in one copy (head_text.h).
void H2HeadReader::keep_field(std::string_view name, std::string_view value) {
  const size_t line_bytes = name.size() + field_separator.size() + value.size();
  if (line_bytes > limits_.field_bytes_max) return exceed(ParseStatus::field_too_long);
  if (entries_.size() >= limits_.fields_max) return exceed(ParseStatus::too_many_fields);
  const size_t line_and_fields = method_.size() + path_.size() + authority_.size() + bytes_.size();
  if (line_and_fields + line_bytes + line_end.size() > limits_.head_bytes_max)
    return exceed(ParseStatus::head_too_large);
  Entry& entry = entries_.emplace_back();
  entry.name = keep(name);
  bytes_.append(field_separator);
  entry.value = keep(value);
  bytes_.append(line_end);
}

bool H2HeadReader::host_differs() const {
  if (authority_.empty()) return false;
  for (const Entry& entry : entries_) {
    if (text_of(entry.name) == "host" && !ascii_iequals(text_of(entry.value), authority_))
      return true;
  }
  return false;
}

// The library asks that of http and https alone; what else a client calls its scheme is dropped.
bool H2HeadReader::path_is_none() const {
  return !path_.empty() && path_.front() != '/' && (path_ != "*" || method_ != "OPTIONS");
}

// Of a CONNECT with :protocol, which the library has found whole (RFC 8441 4).
ParseStatus H2HeadReader::make_upgrade() {
  for (const Entry& entry : entries_) {
    if (text_of(entry.name) == "content-length") return ParseStatus::malformed;
  }
  method_ = "GET";
  std::erase_if(entries_,
                [&](const Entry& entry) { return text_of(entry.name) == "sec-websocket-key"; });
  keep_field("upgrade", protocol_);
  return exceeded_;
}

ParseStatus H2HeadReader::finish(Body body, RequestHead& head) {
  if (!cookie_.empty() && exceeded_ == ParseStatus::complete) keep_field("cookie", cookie_);
  if (exceeded_ != ParseStatus::complete) return exceeded_;
  if (host_differs() || path_is_none()) return ParseStatus::malformed;
  const bool extended_connect = !protocol_.empty();
  if (extended_connect) {
    if (const ParseStatus status = make_upgrade(); status != ParseStatus::complete) return status;
  }

  const Span method = keep(method_);
  bytes_.append(" ");
  const Span target = keep(path_.empty() ? authority_ : path_);
  const Span authority = keep(ascii_lowered(authority_));

  head.clear();
  RequestInspector inspector(head);
  const bool has_authority = authority.size > 0;
  if (has_authority) head.fields.add("host", text_of(authority), FieldId::host);
  bool has_length = false;
  for (const Entry& entry : entries_) {
    const std::string_view name = text_of(entry.name);
    const std::string_view value = text_of(entry.value);
    const FieldId id = inspector.field(name, value);
    if (has_authority && id == FieldId::host) continue;
    has_length |= id == FieldId::content_length;
    head.fields.add(name, value, id);
  }
  if (body == Body::follows && !has_length && !extended_connect)
    inspector.field("transfer-encoding", "chunked");
  inspector.finish(text_of(method), text_of(target), "HTTP/1.1");
  if (extended_connect) head.upgrade = head.extended_connect = true;
  if (body == Body::none && !has_length && usually_has_body(head.method))
    head.framing = Framing::length;
  head.wire_bytes = bytes_.size();
  return ParseStatus::complete;
}

}  // namespace daruma::http
