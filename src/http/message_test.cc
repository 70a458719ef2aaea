// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/bytes.h"

namespace daruma::http {
namespace {

constexpr std::pair<std::string_view, FieldId> known_names[] = {
    {"Connection", FieldId::connection},
    {"Content-Length", FieldId::content_length},
    {"Content-Type", FieldId::content_type},
    {"Cookie", FieldId::cookie},
    {"Date", FieldId::date},
    {"Expect", FieldId::expect},
    {"Forwarded", FieldId::forwarded},
    {"Host", FieldId::host},
    {"Keep-Alive", FieldId::keep_alive},
    {"Proxy-Authenticate", FieldId::proxy_authenticate},
    {"Proxy-Authorization", FieldId::proxy_authorization},
    {"Proxy-Connection", FieldId::proxy_connection},
    {"Server", FieldId::server},
    {"Set-Cookie", FieldId::set_cookie},
    {"TE", FieldId::te},
    {"Trailer", FieldId::trailer},
    {"Transfer-Encoding", FieldId::transfer_encoding},
    {"Upgrade", FieldId::upgrade},
    {"User-Agent", FieldId::user_agent},
    {"X-Amzn-Mtls-Clientcert", FieldId::x_amzn_mtls_clientcert},
    {"X-Amzn-Mtls-Clientcert-Leaf", FieldId::x_amzn_mtls_clientcert},
    {"X-Amzn-Mtls-Clientcert-Issuer", FieldId::x_amzn_mtls_clientcert},
    {"X-Amzn-Mtls-Clientcert-Subject", FieldId::x_amzn_mtls_clientcert},
    {"X-Amzn-Mtls-Clientcert-Validity", FieldId::x_amzn_mtls_clientcert},
    {"X-Amzn-Mtls-Clientcert-Serial-Number", FieldId::x_amzn_mtls_clientcert},
    {"X-Amzn-Trace-Id", FieldId::x_amzn_trace_id},
    {"X-Forwarded-For", FieldId::x_forwarded_for},
    {"X-Forwarded-Host", FieldId::x_forwarded_host},
    {"X-Forwarded-Port", FieldId::x_forwarded_port},
    {"X-Forwarded-Proto", FieldId::x_forwarded_proto},
};

TEST(FieldId, every_known_name_is_recognised_whatever_its_case) {
  // All but other and invalid; one has six names.
  EXPECT_EQ(std::size(known_names), static_cast<size_t>(FieldId::x_forwarded_proto) - 1 + 5);
  for (const auto& [name, id] : known_names) {
    std::string upper(name);
    for (char& c : upper) c = static_cast<char>(toupper(c));
    EXPECT_EQ(field_id_of(name), id) << name;
    EXPECT_EQ(field_id_of(upper), id) << name;
    EXPECT_EQ(field_id_of(ascii_lowered(name)), id) << name;
  }
}

TEST(FieldId, a_name_that_differs_in_any_one_byte_is_another) {
  for (const auto& [name, id] : known_names) {
    for (size_t i = 0; i < name.size(); ++i) {
      for (int c = 0; c < 256; ++c) {
        std::string other(name);
        other[i] = static_cast<char>(c);
        if (ascii_iequals(other, name)) continue;
        EXPECT_EQ(field_id_of(other), FieldId::other) << testing::PrintToString(other);
      }
    }
    EXPECT_EQ(field_id_of(std::string(name) + "s"), FieldId::other);
    EXPECT_EQ(field_id_of(name.substr(1)), FieldId::other);
  }
  EXPECT_EQ(field_id_of(""), FieldId::other);
}

TEST(Method, is_case_sensitive) {
  constexpr std::pair<std::string_view, Method> methods[] = {
      {"GET", Method::get},         {"HEAD", Method::head},      {"POST", Method::post},
      {"PUT", Method::put},         {"DELETE", Method::delete_}, {"CONNECT", Method::connect},
      {"OPTIONS", Method::options}, {"TRACE", Method::trace},    {"PATCH", Method::patch},
      {"get", Method::other},       {"Post", Method::other},     {"PROPFIND", Method::other},
      {"GETS", Method::other},      {"", Method::other},         {"OPTION", Method::other},
      {"CONNECX", Method::other},   {"DELETF", Method::other},   {"PATCX", Method::other},
  };
  for (const auto& [text, method] : methods) EXPECT_EQ(method_of(text), method) << text;
}

TEST(Fields, find_gives_the_first_and_never_an_invalid_one) {
  Fields fields;
  fields.add("X-A", "no", FieldId::invalid);
  fields.add("x-a", "one");
  fields.add("X-A", "two");
  fields.add("HOST", "h");
  ASSERT_NE(fields.find("X-A"), nullptr);
  EXPECT_EQ(fields.find("X-A")->value, "one");
  EXPECT_EQ(fields.find(FieldId::host)->value, "h");
  EXPECT_EQ(fields.find(FieldId::cookie), nullptr);
  EXPECT_EQ(fields.find("X-B"), nullptr);
}

TEST(RequestHead, clear_makes_it_like_new_but_keeps_room_for_fields) {
  RequestHead head;
  head.method_text = head.target = "x";
  head.method = Method::put;
  head.version = {1, 0};
  head.framing = Framing::chunked;
  head.content_length = 1;
  head.keep_alive = false;
  head.expect_continue = head.transfer_coding_unsupported = true;
  head.findings.set(Finding::bad_uri);
  head.wire_bytes = 1;
  head.fields.add("a", "b");
  const Field* const where = &*head.fields.begin();
  head.clear();
  const RequestHead fresh;
  EXPECT_EQ(head.method_text, fresh.method_text);
  EXPECT_EQ(head.target, fresh.target);
  EXPECT_EQ(head.method, fresh.method);
  EXPECT_EQ(head.version, fresh.version);
  EXPECT_EQ(head.framing, fresh.framing);
  EXPECT_EQ(head.content_length, fresh.content_length);
  EXPECT_EQ(head.keep_alive, fresh.keep_alive);
  EXPECT_EQ(head.expect_continue, fresh.expect_continue);
  EXPECT_EQ(head.transfer_coding_unsupported, fresh.transfer_coding_unsupported);
  EXPECT_TRUE(head.findings.empty());
  EXPECT_EQ(head.findings.begin(), head.findings.end());
  EXPECT_EQ(head.wire_bytes, fresh.wire_bytes);
  EXPECT_TRUE(head.fields.empty());
  head.fields.add("c", "d");
  EXPECT_EQ(&*head.fields.begin(), where);
}

TEST(ReasonPhrase, is_the_standard_one_or_none) {
  constexpr std::pair<int, std::string_view> phrases[] = {
      {100, "Continue"},
      {200, "OK"},
      {204, "No Content"},
      {301, "Moved Permanently"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {404, "Not Found"},
      {408, "Request Timeout"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
      {460, ""},
      {463, ""},
      {464, ""},
      {561, ""},
      {0, ""},
      {999, ""},
  };
  for (const auto& [status, phrase] : phrases) EXPECT_EQ(reason_phrase(status), phrase) << status;
}

}  // namespace
}  // namespace daruma::http
