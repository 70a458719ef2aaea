// SPDX-License-Identifier: Apache-2.0
#include "proxy/sticky_cookies.h"

#include <array>
#include <utility>

#include "base/base64.h"
#include "base/check.h"
#include "http/cookies.h"
#include "http/date.h"
#include "model/limits.h"

namespace daruma::proxy {
namespace {

namespace limits = model::limits;
using std::string_view;

struct Names {
  string_view purpose;  // of the seal
  string_view plain;
  string_view cors;
};

Names names_of(StickyCookie which) {
  switch (which) {
    case StickyCookie::target:
      return {"AWSALB", "AWSALB", "AWSALBCORS"};
    case StickyCookie::group:
      return {"AWSALBTG", "AWSALBTG", "AWSALBTGCORS"};
    case StickyCookie::application:
      break;
  }
  return {"AWSALBAPP", "", ""};
}

constexpr std::array<string_view, limits::sticky_cookie_shards> shards{
    "AWSALBAPP-0", "AWSALBAPP-1", "AWSALBAPP-2", "AWSALBAPP-3"};
constexpr string_view same_site_none = "; SameSite=None; Secure";
constexpr string_view no_shard = "_remove_";  // as an ALB says that a shard holds nothing

constexpr size_t sealed_text_bytes(size_t entries) {
  const size_t bytes =
      tls::CookieSealer::overhead_bytes + 1 + entries * routing::StickyRecord::entry_bytes;
  return (bytes * 4 + 2) / 3;
}
static_assert(sealed_text_bytes(limits::sticky_groups_max) <=
              limits::sticky_cookie_value_bytes_max);
static_assert(sealed_text_bytes(limits::app_sticky_groups_max) <=
              limits::sticky_cookie_value_bytes_max * limits::sticky_cookie_shards);

// "" if the client brings none.
std::string text_of(StickyCookie which, const http::Fields& request) {
  std::string text;
  if (which != StickyCookie::application) {
    const Names names = names_of(which);
    const auto cors = http::find_cookie(request, names.cors);
    return text.assign(cors ? *cors : http::find_cookie(request, names.plain).value_or(""));
  }
  for (const string_view shard : shards) {
    const auto value = http::find_cookie(request, shard);
    if (!value || *value == no_shard) break;
    text.append(*value);
  }
  return text;
}

void append_cookie(string_view name, string_view value, string_view expires, string_view more,
                   std::string& fields) {
  for (const string_view part :
       {string_view("Set-Cookie: "), name, string_view("="), value, string_view("; Expires="),
        expires, string_view("; Path=/"), more, string_view("\r\n")}) {
    fields.append(part);
  }
}

}  // namespace

void StickyCookies::set_own_keys(tls::CookieKeys keys) {
  own_ = std::move(keys);
  if (shared_.current.empty()) use(own_);
}

void StickyCookies::set_shared_keys(const tls::CookieKeys& keys) {
  shared_ = keys;
  use(shared_.current.empty() ? own_ : shared_);
}

void StickyCookies::use(const tls::CookieKeys& keys) {
  if (sealer_ && sealer_->keys() == keys) return;
  sealer_.reset();
  if (!keys.current.empty()) sealer_.emplace(keys);
}

tls::CookieSealer& StickyCookies::sealer() {
  if (!sealer_) set_own_keys({tls::make_cookie_key(), ""});
  return *sealer_;
}

StickyCookies::Read StickyCookies::read(StickyCookie which, const http::Fields& request,
                                        routing::StickyRecord& record) {
  record = {};
  const std::string text = text_of(which, request);
  if (text.empty()) return Read::absent;
  std::string sealed;
  if (!append_from_base64url(text, sealed)) return Read::refused;
  const std::optional<std::string> content = sealer().open(names_of(which).purpose, sealed);
  return content && record.decode(*content) ? Read::read : Read::refused;
}

void StickyCookies::write(StickyCookie which, const routing::StickyRecord& record, WallTime now,
                          std::string& fields, bool from_another_site) {
  const Names names = names_of(which);
  std::string text;
  append_base64url(sealer().seal(names.purpose, record.encode()), text);
  const http::Date expires(
      now + std::chrono::duration_cast<std::chrono::microseconds>(limits::sticky_cookie_age));
  if (which != StickyCookie::application) {
    append_cookie(names.plain, text, expires.view(), "", fields);
    append_cookie(names.cors, text, expires.view(), same_site_none, fields);
    return;
  }
  string_view rest = text;
  for (const string_view shard : shards) {
    const string_view part = rest.substr(0, limits::sticky_cookie_value_bytes_max);
    rest.remove_prefix(part.size());
    append_cookie(shard, part.empty() ? no_shard : part, expires.view(),
                  from_another_site ? same_site_none : "", fields);
  }
  DARUMA_ASSERT(rest.empty());
}

}  // namespace daruma::proxy
