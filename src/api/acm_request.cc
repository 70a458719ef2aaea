// SPDX-License-Identifier: Apache-2.0
#include "api/acm_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "api/acm_input.h"
#include "api/acm_output.h"
#include "api/digest.h"
#include "api/local_authority.h"
#include "base/bytes.h"
#include "base/time_text.h"
#include "control/arns.h"
#include "model/limits.h"

namespace daruma::api::acm {
namespace {

namespace limits = model::limits;
using control::arn_of;
using std::string_view;

constexpr auto token_lifetime = std::chrono::hours(1);
constexpr size_t common_name_bytes_max = 64;  // RFC 5280 A.1

tl::unexpected<ServiceError> issues_nothing() {
  return refuse("AccessDeniedException",
                "This node issues no certificates: write Certificates: {LocalAuthority: true} in "
                "daruma.yaml, bring one in with ImportCertificate, or declare it");
}

// ---- input ----

bool is_label(string_view label) {
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, is_good);
}

// ACM's pattern: two labels or more, of which the first may be a wildcard before two others.
bool is_domain(string_view name) {
  if (name.size() > 253) return false;
  if (name.starts_with("*.")) name.remove_prefix(2);
  size_t labels = 0;
  for (size_t begin = 0; begin <= name.size(); ++labels) {
    const size_t end = std::min(name.find('.', begin), name.size());
    if (!is_label(name.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  return labels >= 2;
}

Expected<void> add_name(const std::string& given, std::vector<std::string>& names) {
  std::string name = ascii_lowered(given);
  if (!is_domain(name)) return wrong(fmt::format("'{}' is not a domain name", given));
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  return {};
}

Expected<std::vector<std::string>> read_names(const Json& in) {
  const auto domain = text(in, "DomainName");
  if (!domain) return tl::unexpected(domain.error());
  std::vector<std::string> names;
  if (const auto added = add_name(*domain, names); !added) return tl::unexpected(added.error());
  if (domain->size() > common_name_bytes_max) {
    return wrong(
        fmt::format("the first domain name has at most {} characters", common_name_bytes_max));
  }
  static const Json none = Json::array();
  const Json& others = member(in, "SubjectAlternativeNames", none);
  if (!others.is_array()) return wrong("'SubjectAlternativeNames' must be a list");
  for (const Json& other : others) {
    if (!other.is_string()) return wrong("'SubjectAlternativeNames' must be a list of strings");
    const auto added = add_name(other.get<std::string>(), names);
    if (!added) return tl::unexpected(added.error());
    if (names.size() <= limits::certificate_names_max) continue;
    return refuse("LimitExceededException", fmt::format("A certificate has at most {} domain names",
                                                        limits::certificate_names_max));
  }
  return names;
}

// RSA_2048 is AWS's default; ours is what serves faster.
Expected<tls::LeafKey> read_kind(const Json& in) {
  const auto given = choice(in, "KeyAlgorithm", {"EC_prime256v1", "EC_secp384r1", "RSA_2048"});
  if (!given) return tl::unexpected(given.error());
  if (*given == "RSA_2048") return tls::LeafKey::rsa_2048;
  return *given == "EC_secp384r1" ? tls::LeafKey::p384 : tls::LeafKey::p256;
}

Expected<std::string> read_token(const Json& in) {
  if (!in.contains("IdempotencyToken")) return std::string();
  auto token = text(in, "IdempotencyToken");
  if (!token) return token;
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (!token->empty() && token->size() <= 32 && std::ranges::all_of(*token, is_word)) return token;
  return refuse("InvalidParameterException", "'IdempotencyToken' is 1 to 32 letters, digits and _");
}

Expected<void> read_request(const Json& in, shapes::CertificateRequest& request) {
  auto method = choice(in, "ValidationMethod", {"EMAIL", "DNS"});
  if (!method) return tl::unexpected(method.error());
  auto token = read_token(in);
  if (!token) return tl::unexpected(token.error());
  static const Json none = Json::object();
  const Json& options = member(in, "Options", none);
  if (!options.is_object()) return wrong("'Options' must be a structure");
  const auto known = check_members(options, {"CertificateTransparencyLoggingPreference", "Export"});
  if (!known) return known;
  auto logging =
      choice(options, "CertificateTransparencyLoggingPreference", {"ENABLED", "DISABLED"});
  if (!logging) return tl::unexpected(logging.error());
  if (const auto exported = choice(options, "Export", {"DISABLED"}); !exported) {
    return tl::unexpected(exported.error());
  }
  request = {.validation_method = std::move(*method),
             .transparency_logging = std::move(*logging),
             .token = std::move(*token),
             .issued = ""};
  return {};
}

// Asked for before, with the same token and names, within the hour.
const shapes::Certificate* find_asked(JsonCall& call, const std::string& token,
                                      const std::vector<std::string>& names) {
  if (token.empty()) return nullptr;
  for (const auto& each : call.catalog.created().certificates) {
    if (each.request.token != token || call.facts.of(each).names != names) continue;
    const auto asked = parse_date_and_time(each.identity.created);
    if (asked && call.node.wall_now() - *asked < token_lifetime) return &each;
  }
  return nullptr;
}

}  // namespace

Expected<void> request(JsonCall& call) {
  if (!call.catalog.has_local_authority()) return issues_nothing();
  const auto known =
      check_members(call.in, {"DomainName", "SubjectAlternativeNames", "ValidationMethod",
                              "IdempotencyToken", "Options", "KeyAlgorithm", "Tags"});
  if (!known) return known;
  auto names = read_names(call.in);
  if (!names) return tl::unexpected(names.error());
  const auto kind = read_kind(call.in);
  if (!kind) return tl::unexpected(kind.error());
  shapes::Certificate fresh;
  if (const auto read = read_request(call.in, fresh.request); !read) return read;
  if (const auto tags = read_tags(call.in, fresh.identity.tags); !tags) return tags;
  if (const auto* there = find_asked(call, fresh.request.token, *names)) {
    call.out["CertificateArn"] = arn_of(*there);
    return {};
  }
  shapes::Resources& created = call.catalog.created();
  const WallTime now = call.node.wall_now();
  const auto issued = issue_certificate(created, std::move(*names), *kind, now, fresh);
  if (!issued) return issued;
  fresh.identity.id = fresh.name = make_uuid();
  fresh.identity.created = fresh.request.issued;
  call.out["CertificateArn"] = arn_of(fresh);
  created.certificates.push_back(std::move(fresh));
  return {};
}

Expected<void> renew(JsonCall& call) {
  if (const auto known = check_members(call.in, {"CertificateArn"}); !known) return known;
  const auto found = find(call);
  if (!found) return tl::unexpected(found.error());
  if (!is_issued(**found)) {
    return wrong("Only certificates that were requested can be renewed; import this one anew");
  }
  if (!call.catalog.has_local_authority()) return issues_nothing();
  const auto certificate = edited(call, **found);
  if (!certificate) return tl::unexpected(certificate.error());
  return renew_certificate(call.catalog.created(), call.node.wall_now(), **certificate);
}

Expected<size_t> renew_due(Catalog& catalog, const NodeState& node, FactsCache& facts) {
  size_t renewed = 0;
  std::optional<ServiceError> problem;
  for (shapes::Certificate& certificate : catalog.created().certificates) {
    if (renewed == renewals_per_turn_max) break;
    if (!is_due(certificate, facts.of(certificate).not_after, node.wall_now())) continue;
    const auto done = renew_certificate(catalog.created(), node.wall_now(), certificate);
    if (done) {
      ++renewed;
    } else if (!problem) {
      problem = done.error();
    }
  }
  // One that cannot be keeps no other from it.
  if (renewed == 0 && problem) return tl::unexpected(std::move(*problem));
  return renewed;
}

}  // namespace daruma::api::acm
