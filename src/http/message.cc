// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <cstring>

#include "base/bytes.h"
#include "http/characters.h"

namespace daruma::http {
namespace {

template <class Word>
bool same_word(const char* text, const char* lower) {
  Word a, b;
  std::memcpy(&a, text, sizeof a);
  std::memcpy(&b, lower, sizeof b);
  constexpr Word case_bits = static_cast<Word>(0x2020202020202020);
  return (a | case_bits) == b;
}

// Case-insensitive for tokens only: of all tchars just letters and '-' can fold to what stands in
// `lower`. REQUIRES: text is a token of that size.
template <size_t N>
bool same_token(const char* text, const char (&lower)[N]) {
  constexpr size_t size = N - 1;
  using Word =
      std::conditional_t<size >= 8, uint64_t, std::conditional_t<size >= 4, uint32_t, uint16_t>>;
  static_assert(size >= sizeof(Word));
  for (size_t i = 0; i + sizeof(Word) <= size; i += sizeof(Word)) {
    if (!same_word<Word>(text + i, lower + i)) return false;
  }
  constexpr size_t last = size - sizeof(Word);  // overlaps what was compared already
  return same_word<Word>(text + last, lower + last);
}

}  // namespace

FieldId field_id_of_token(std::string_view name) {
  const char* text = name.data();
  switch (name.size()) {
    case 2:
      if (same_token(text, "te")) return FieldId::te;
      break;
    case 4:
      if (same_token(text, "host")) return FieldId::host;
      if (same_token(text, "date")) return FieldId::date;
      break;
    case 6:
      if (same_token(text, "cookie")) return FieldId::cookie;
      if (same_token(text, "server")) return FieldId::server;
      if (same_token(text, "expect")) return FieldId::expect;
      break;
    case 7:
      if (same_token(text, "upgrade")) return FieldId::upgrade;
      if (same_token(text, "trailer")) return FieldId::trailer;
      break;
    case 9:
      if (same_token(text, "forwarded")) return FieldId::forwarded;
      break;
    case 10:
      if (same_token(text, "connection")) return FieldId::connection;
      if (same_token(text, "user-agent")) return FieldId::user_agent;
      if (same_token(text, "set-cookie")) return FieldId::set_cookie;
      if (same_token(text, "keep-alive")) return FieldId::keep_alive;
      break;
    case 12:
      if (same_token(text, "content-type")) return FieldId::content_type;
      break;
    case 14:
      if (same_token(text, "content-length")) return FieldId::content_length;
      break;
    case 15:
      if (same_token(text, "x-forwarded-for")) return FieldId::x_forwarded_for;
      if (same_token(text, "x-amzn-trace-id")) return FieldId::x_amzn_trace_id;
      break;
    case 16:
      if (same_token(text, "x-forwarded-host")) return FieldId::x_forwarded_host;
      if (same_token(text, "x-forwarded-port")) return FieldId::x_forwarded_port;
      if (same_token(text, "proxy-connection")) return FieldId::proxy_connection;
      break;
    case 17:
      if (same_token(text, "transfer-encoding")) return FieldId::transfer_encoding;
      if (same_token(text, "x-forwarded-proto")) return FieldId::x_forwarded_proto;
      break;
    case 18:
      if (same_token(text, "proxy-authenticate")) return FieldId::proxy_authenticate;
      break;
    case 19:
      if (same_token(text, "proxy-authorization")) return FieldId::proxy_authorization;
      break;
    default:
      break;
  }
  return FieldId::other;
}

FieldId field_id_of(std::string_view name) {
  return is_token(name) ? field_id_of_token(name) : FieldId::other;
}

Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::get;
      if (text == "PUT") return Method::put;
      break;
    case 4:
      if (text == "POST") return Method::post;
      if (text == "HEAD") return Method::head;
      break;
    case 5:
      if (text == "PATCH") return Method::patch;
      if (text == "TRACE") return Method::trace;
      break;
    case 6:
      if (text == "DELETE") return Method::delete_;
      break;
    case 7:
      if (text == "OPTIONS") return Method::options;
      if (text == "CONNECT") return Method::connect;
      break;
    default:
      break;
  }
  return Method::other;
}

const Field* Fields::find(FieldId id) const {
  for (const Field& field : fields_) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const Field* Fields::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.id != FieldId::invalid && ascii_iequals(field.name, name)) return &field;
  }
  return nullptr;
}

void RequestHead::clear() {
  Fields kept = std::move(fields);
  *this = RequestHead();
  fields = std::move(kept);
  fields.clear();
}

void ResponseHead::clear() {
  Fields kept = std::move(fields);
  *this = ResponseHead();
  fields = std::move(kept);
  fields.clear();
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 102:
      return "Processing";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 207:
      return "Multi-Status";
    case 208:
      return "Already Reported";
    case 226:
      return "IM Used";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 305:
      return "Use Proxy";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 424:
      return "Failed Dependency";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 506:
      return "Variant Also Negotiates";
    case 507:
      return "Insufficient Storage";
    case 508:
      return "Loop Detected";
    case 511:
      return "Network Authentication Required";
    default:
      return "";
  }
}

}  // namespace daruma::http
