// SPDX-License-Identifier: Apache-2.0
#include "control/target_tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "control/attributes.h"
#include "control/suggestion.h"
#include "control/validate_values.h"
#include "tls/context.h"
#include "tls/sha256.h"

namespace daruma::control {
namespace {

namespace api = model::api;
using std::string_view;

constexpr string_view verify_key = "daruma.target_tls.verify.enabled";
constexpr string_view name_key = "daruma.target_tls.server_name";
constexpr string_view certificate_key = target_tls_certificate_key;
constexpr std::array keys{verify_key, target_tls_ca_key, name_key, certificate_key};

string_view text_of(const api::TargetGroup& group, string_view key) {
  return attribute_text(AttributeScope::target_group, group.attributes, key);
}

bool is_set(const api::TargetGroup& group, string_view key) {
  const string_view text = text_of(group, key);
  return !text.empty() && text != "false";
}

bool speaks_tls(const api::TargetGroup& group) {
  return group.protocol == "HTTPS" || group.health_check_protocol == "HTTPS";
}

void validate_certificate(const api::TargetGroup& group, const std::set<std::string>& known,
                          const Path& attributes, Issues& issues) {
  const std::string name(text_of(group, certificate_key));
  if (name.empty() || known.contains(name)) return;
  const std::vector<string_view> words(known.begin(), known.end());
  issues.error(attributes.at(certificate_key), fmt::format("certificate '{}' is not in "
                                                           "Certificates{}",
                                                           name, did_you_mean(name, words)));
}

// "" stays "": what could not be read has been told.
void validate_authorities(const api::TargetGroup& group, const Path& attributes, Issues& issues) {
  if (group.target_ca_pem.empty()) return;
  const auto context = tls::ClientContext::create({.verify = true, .ca_pem = group.target_ca_pem});
  if (!context) issues.error(attributes.at(target_tls_ca_key), context.error().message);
}

}  // namespace

std::string check_target_server_name(string_view value) {
  const std::string problem = check_host_name(std::string(value));
  return problem.empty() ? "" : "is no DNS name";
}

void validate_target_tls(const api::TargetGroup& group, const std::set<std::string>* certificates,
                         const Path& path, Issues& issues) {
  const Path attributes = path.at("Attributes");
  for (const string_view key : keys) {
    if (!is_set(group, key) || speaks_tls(group)) continue;
    issues.error_at_key(attributes.at(key), fmt::format("{} is about TLS with targets; this group "
                                                        "has none: its Protocol is HTTP",
                                                        key));
  }
  const bool verifies = text_of(group, verify_key) == "true";
  if (is_set(group, target_tls_ca_key) && !verifies) {
    issues.error_at_key(
        attributes.at(target_tls_ca_key),
        fmt::format("{} is of no use unless {} is true", target_tls_ca_key, verify_key));
  }
  if (certificates != nullptr) validate_certificate(group, *certificates, attributes, issues);
  validate_authorities(group, attributes, issues);
}

std::shared_ptr<const model::TargetTls> compile_target_tls(
    const api::TargetGroup& group, const std::vector<api::Certificate>& certificates) {
  const bool any = std::ranges::any_of(keys, [&](string_view key) { return is_set(group, key); });
  if (!any) return nullptr;
  model::TargetTls tls;
  tls.verify = text_of(group, verify_key) == "true";
  tls.ca_pem = group.target_ca_pem;
  tls.server_name = text_of(group, name_key);
  const string_view name = text_of(group, certificate_key);
  if (!name.empty()) {
    const auto found = std::ranges::find(certificates, name, &api::Certificate::name);
    DARUMA_ASSERT(found != certificates.end());
    tls.chain_pem = found->chain_pem;
    tls.key_pem = found->key_pem;
  }
  tls::Sha256 identity;
  for (const string_view part : {string_view(tls.ca_pem), string_view(tls.chain_pem),
                                 string_view(tls.key_pem), string_view(tls.verify ? "1" : "0")}) {
    identity.update(part);
    identity.update(string_view("\0", 1));
  }
  tls.identity = identity.finish();
  return std::make_shared<const model::TargetTls>(std::move(tls));
}

}  // namespace daruma::control
