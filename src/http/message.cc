// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include "base/bytes.h"
#include "http/caseless.h"

namespace daruma::http {
namespace {

bool tells_of_client_certificate(std::string_view name) {
  return equals<"x-amzn-mtls-clientcert">(name) || equals<"x-amzn-mtls-clientcert-leaf">(name) ||
         equals<"x-amzn-mtls-clientcert-issuer">(name) ||
         equals<"x-amzn-mtls-clientcert-subject">(name) ||
         equals<"x-amzn-mtls-clientcert-validity">(name) ||
         equals<"x-amzn-mtls-clientcert-serial-number">(name);
}

}  // namespace

FieldId field_id_of(std::string_view name) {
  const char* text = name.data();
  switch (name.size()) {
    case 2:
      if (equals_same_size<"te">(text)) return FieldId::te;
      break;
    case 4:
      if (equals_same_size<"host">(text)) return FieldId::host;
      if (equals_same_size<"date">(text)) return FieldId::date;
      break;
    case 6:
      if (equals_same_size<"cookie">(text)) return FieldId::cookie;
      if (equals_same_size<"server">(text)) return FieldId::server;
      if (equals_same_size<"expect">(text)) return FieldId::expect;
      break;
    case 7:
      if (equals_same_size<"upgrade">(text)) return FieldId::upgrade;
      if (equals_same_size<"trailer">(text)) return FieldId::trailer;
      break;
    case 9:
      if (equals_same_size<"forwarded">(text)) return FieldId::forwarded;
      break;
    case 10:
      if (equals_same_size<"connection">(text)) return FieldId::connection;
      if (equals_same_size<"user-agent">(text)) return FieldId::user_agent;
      if (equals_same_size<"set-cookie">(text)) return FieldId::set_cookie;
      if (equals_same_size<"keep-alive">(text)) return FieldId::keep_alive;
      break;
    case 12:
      if (equals_same_size<"content-type">(text)) return FieldId::content_type;
      break;
    case 14:
      if (equals_same_size<"content-length">(text)) return FieldId::content_length;
      break;
    case 15:
      if (equals_same_size<"x-forwarded-for">(text)) return FieldId::x_forwarded_for;
      if (equals_same_size<"x-amzn-trace-id">(text)) return FieldId::x_amzn_trace_id;
      break;
    case 16:
      if (equals_same_size<"x-forwarded-host">(text)) return FieldId::x_forwarded_host;
      if (equals_same_size<"x-forwarded-port">(text)) return FieldId::x_forwarded_port;
      if (equals_same_size<"proxy-connection">(text)) return FieldId::proxy_connection;
      break;
    case 17:
      if (equals_same_size<"transfer-encoding">(text)) return FieldId::transfer_encoding;
      if (equals_same_size<"x-forwarded-proto">(text)) return FieldId::x_forwarded_proto;
      break;
    case 18:
      if (equals_same_size<"proxy-authenticate">(text)) return FieldId::proxy_authenticate;
      break;
    case 19:
      if (equals_same_size<"proxy-authorization">(text)) return FieldId::proxy_authorization;
      break;
    case 22:
    case 27:
    case 29:
    case 30:
    case 31:
    case 36:
      if (tells_of_client_certificate(name)) return FieldId::x_amzn_mtls_clientcert;
      break;
    default:
      break;
  }
  return FieldId::other;
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
  method_text = target = {};
  method = Method::other;
  version = {};
  fields.clear();
  framing = Framing::none;
  content_length = 0;
  keep_alive = true;
  expect_continue = false;
  upgrade = extended_connect = false;
  transfer_coding_unsupported = false;
  findings.clear();
  wire_bytes = 0;
}

void ResponseHead::clear() {
  status = 0;
  reason = {};
  version = {};
  fields.clear();
  framing = Framing::none;
  content_length = 0;
  has_content_length = false;
  keep_alive = true;
  wire_bytes = 0;
}

// tidy-allow(function-length): a table
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
