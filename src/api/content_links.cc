// SPDX-License-Identifier: Apache-2.0
#include "api/content_links.h"

#include <fmt/format.h>

#include "api/digest.h"
#include "api/sigv4_canonical.h"
#include "base/bytes.h"
#include "http/percent_encoding.h"

namespace daruma::api {
namespace {

constexpr std::string_view signature_begin = "&signature=";

}  // namespace

ContentLinks::ContentLinks() : key_(random_hex(32)) {}

std::string ContentLinks::signature_of(std::string_view signed_text) const {
  return hex(hmac_sha256(key_, signed_text));
}

std::string ContentLinks::make(const LinkedContent& content, WallTime now) const {
  const auto expires =
      std::chrono::duration_cast<std::chrono::seconds>((now + lifetime).time_since_epoch());
  std::string query = fmt::format(
      "arn={}&revocation={}&content={}&expires={}", http::percent_encoded(content.trust_store),
      http::percent_encoded(content.revocation), content.fingerprint, expires.count());
  const std::string signature = signature_of(query);
  query += signature_begin;
  return query += signature;
}

std::optional<LinkedContent> ContentLinks::open(std::string_view query, WallTime now) const {
  const size_t end = query.rfind(signature_begin);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view signature = query.substr(end + signature_begin.size());
  if (!equal_in_constant_time(signature, signature_of(query.substr(0, end)))) return std::nullopt;
  LinkedContent content;
  std::optional<uint64_t> expires;
  for (auto& [name, value] : query_pairs(query.substr(0, end))) {
    if (name == "arn") content.trust_store = value;
    if (name == "revocation") content.revocation = value;
    if (name == "content") content.fingerprint = value;
    if (name == "expires") expires = parse_decimal(value);
  }
  if (!expires || now >= WallTime(std::chrono::seconds(*expires))) return std::nullopt;
  return content;
}

}  // namespace daruma::api
