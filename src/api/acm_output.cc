// SPDX-License-Identifier: Apache-2.0
#include "api/acm_output.h"

#include <fmt/format.h>

#include <chrono>
#include <string_view>

#include "api/digest.h"
#include "base/time_text.h"
#include "control/arns.h"

namespace daruma::api::acm {
namespace {

using std::string_view;

void put_time(Json& to, const char* name, const std::string& text) {
  if (const auto time = parse_date_and_time(text)) to[name] = unix_seconds(*time);
}

std::string algorithm_of(const tls::CertificateFacts& facts) {
  if (facts.key_type == tls::KeyType::rsa) return fmt::format("RSA_{}", facts.key_bits);
  if (facts.key_bits == 384) return "EC_secp384r1";
  return facts.key_bits == 521 ? "EC_secp521r1" : "EC_prime256v1";
}

string_view without_wildcard(string_view name) {
  return name.starts_with("*.") ? name.substr(2) : name;
}

// Nobody has to be asked, and nobody was. Clients that would make records by DNS or wait for mails
// find something of AWS's form: a record that is the same each time, and that nobody looks up.
Json validation_of(const shapes::Certificate& certificate, const std::string& name) {
  const std::string& method = certificate.request.validation_method;
  Json option = {{"DomainName", name},
                 {"ValidationDomain", name},
                 {"ValidationMethod", method},
                 {"ValidationStatus", "SUCCESS"}};
  const string_view domain = without_wildcard(name);
  if (method == "EMAIL") {
    option["ValidationEmails"] = {fmt::format("hostmaster@{}", domain)};
    return option;
  }
  const std::string digits = hex(sha256(domain));
  option["ResourceRecord"] = {
      {"Name", fmt::format("_{}.{}.", digits.substr(0, 32), domain)},
      {"Type", "CNAME"},
      {"Value", fmt::format("_{}.acm-validations.aws.", digits.substr(32, 32))}};
  return option;
}

Json validations(const shapes::Certificate& certificate, const tls::CertificateFacts& facts) {
  Json options = Json::array();
  for (const std::string& name : facts.names) options.push_back(validation_of(certificate, name));
  return options;
}

void describe_issued(const shapes::Certificate& certificate, const tls::CertificateFacts& facts,
                     Json& to) {
  put_time(to, "CreatedAt", certificate.identity.created);
  put_time(to, "IssuedAt", certificate.request.issued);
  to["DomainValidationOptions"] = validations(certificate, facts);
  to["Options"] = {
      {"CertificateTransparencyLoggingPreference", certificate.request.transparency_logging},
      {"Export", "DISABLED"}};
  to["KeyUsages"] = {{{"Name", "DIGITAL_SIGNATURE"}}};
  if (facts.key_type == tls::KeyType::rsa) {
    to["KeyUsages"].push_back({{"Name", "KEY_ENCIPHERMENT"}});
  }
  to["ExtendedKeyUsages"] = {
      {{"Name", "TLS_WEB_SERVER_AUTHENTICATION"}, {"OID", "1.3.6.1.5.5.7.3.1"}}};
  if (certificate.request.issued == certificate.identity.created) return;
  Json& renewal = to["RenewalSummary"] = {
      {"RenewalStatus", "SUCCESS"}, {"DomainValidationOptions", validations(certificate, facts)}};
  put_time(renewal, "UpdatedAt", certificate.request.issued);
}

}  // namespace

bool is_issued(const shapes::Certificate& certificate) {
  return !certificate.request.issued.empty();
}

Json outline(const JsonCall& call, const shapes::Certificate& certificate,
             const tls::CertificateFacts& facts) {
  const bool issued = is_issued(certificate);
  const bool renewed = issued && call.catalog.has_local_authority();
  return {{"CertificateArn", control::arn_of(certificate)},
          {"DomainName", facts.names.empty() ? certificate.name : facts.names.front()},
          {"Status", facts.not_after < call.node.wall_now() ? "EXPIRED" : "ISSUED"},
          {"Type", issued ? "AMAZON_ISSUED" : "IMPORTED"},
          {"KeyAlgorithm", algorithm_of(facts)},
          {"RenewalEligibility", renewed ? "ELIGIBLE" : "INELIGIBLE"},
          {"NotBefore", unix_seconds(facts.not_before)},
          {"NotAfter", unix_seconds(facts.not_after)}};
}

Json description(const JsonCall& call, const shapes::Certificate& certificate,
                 const tls::CertificateFacts& facts) {
  Json all = outline(call, certificate, facts);
  all["SubjectAlternativeNames"] = facts.names;
  all["InUseBy"] = users_of(call.catalog, certificate.name);
  all["Serial"] = facts.serial;
  all["Subject"] = facts.subject;
  all["Issuer"] = facts.issuer;
  if (is_issued(certificate)) {
    describe_issued(certificate, facts, all);
  } else {
    put_time(all, "CreatedAt", certificate.identity.created);
    put_time(all, "ImportedAt", certificate.identity.created);
  }
  return all;
}

}  // namespace daruma::api::acm
