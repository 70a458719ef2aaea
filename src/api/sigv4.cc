// SPDX-License-Identifier: Apache-2.0
#include "api/sigv4.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "api/digest.h"
#include "api/sigv4_canonical.h"
#include "base/bytes.h"
#include "base/time_text.h"

namespace daruma::api {
namespace {

using std::string_view;
using Key = model::api::AccessKey;

constexpr string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::chrono::seconds skew_max = std::chrono::minutes(5);
constexpr uint64_t presigned_seconds_max = 604'800;
constexpr string_view mismatch_text =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details.";

// What a request says of its signature, wherever it says it.
struct Claim {
  std::string credential;
  std::string signed_fields;
  std::string signature;
  std::string date;
  std::chrono::seconds lives{};  // of a presigned one
  bool presigned = false;
};

tl::unexpected<ServiceError> incomplete(std::string message) {
  return refuse("IncompleteSignature", std::move(message));
}
tl::unexpected<ServiceError> mismatch(std::string message) {
  return refuse("SignatureDoesNotMatch", std::move(message), 403);
}

string_view field_value(const http::Fields& fields, string_view name) {
  const http::Field* field = fields.find(name);
  return field ? field->value : string_view();
}

Expected<Claim> claim_of_field(const http::Fields& fields, string_view authorization) {
  Claim claim;
  string_view rest = authorization;
  if (!rest.starts_with(algorithm)) {
    return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'.",
                                  rest.substr(0, rest.find_first_of(" \t"))));
  }
  rest.remove_prefix(algorithm.size());
  for_each_list_element(rest, [&claim](string_view part) {
    const size_t equals = part.find('=');
    if (equals == string_view::npos) return;
    const string_view name = part.substr(0, equals);
    const string_view value = part.substr(equals + 1);
    if (name == "Credential") claim.credential = value;
    if (name == "SignedHeaders") claim.signed_fields = value;
    if (name == "Signature") claim.signature = value;
  });
  claim.date = field_value(fields, "X-Amz-Date");
  std::string missing;
  const auto need = [&missing](string_view name, const std::string& value) {
    if (value.empty()) {
      missing += fmt::format("Authorization header requires '{}' parameter. ", name);
    }
  };
  need("Credential", claim.credential);
  need("Signature", claim.signature);
  need("SignedHeaders", claim.signed_fields);
  if (claim.date.empty()) {
    missing += "Authorization header requires existence of an 'X-Amz-Date' header. ";
  }
  if (!missing.empty())
    return incomplete(fmt::format("{}Authorization={}", missing, authorization));
  return claim;
}

Expected<Claim> claim_of_query(const std::vector<QueryPair>& pairs) {
  const auto value = [&pairs](string_view name) -> std::string {
    const auto found = std::ranges::find(pairs, name, &QueryPair::name);
    return found == pairs.end() ? "" : found->value;
  };
  if (const std::string name = value("X-Amz-Algorithm"); name != algorithm) {
    return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'.", name));
  }
  Claim claim{value("X-Amz-Credential"),
              value("X-Amz-SignedHeaders"),
              value("X-Amz-Signature"),
              value("X-Amz-Date"),
              {},
              true};
  std::string missing;
  const auto need = [&missing](string_view name, const std::string& text) {
    if (text.empty()) {
      missing += fmt::format("AWS query-string parameters must include '{}'. ", name);
    }
  };
  need("X-Amz-Credential", claim.credential);
  need("X-Amz-Signature", claim.signature);
  need("X-Amz-SignedHeaders", claim.signed_fields);
  need("X-Amz-Date", claim.date);
  need("X-Amz-Expires", value("X-Amz-Expires"));
  if (!missing.empty()) return incomplete(missing + "Re-examine the query-string parameters.");
  const auto lives = parse_decimal(value("X-Amz-Expires"));
  if (!lives || *lives == 0 || *lives > presigned_seconds_max) {
    return incomplete(
        fmt::format("X-Amz-Expires must be between 1 and {} seconds.", presigned_seconds_max));
  }
  claim.lives = std::chrono::seconds(*lives);
  return claim;
}

Expected<void> check_time(const Claim& claim, WallTime now) {
  const auto signed_at = parse_compact_date_and_time(claim.date);
  if (!signed_at) {
    return incomplete(
        fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See "
                    "http://en.wikipedia.org/wiki/ISO_8601",
                    claim.date));
  }
  if (*signed_at > now + skew_max) {
    return mismatch(
        fmt::format("Signature not yet current: {} is still later than {} ({} + 5 "
                    "min.)",
                    claim.date, compact_date_and_time(now + skew_max), compact_date_and_time(now)));
  }
  if (claim.presigned) {
    if (now <= *signed_at + claim.lives) return {};
    return mismatch(fmt::format("Signature expired: {} is now earlier than {} ({} - {} sec.)",
                                claim.date, compact_date_and_time(now - claim.lives),
                                compact_date_and_time(now), claim.lives.count()));
  }
  if (*signed_at < now - skew_max) {
    return mismatch(fmt::format("Signature expired: {} is now earlier than {} ({} - 5 min.)",
                                claim.date, compact_date_and_time(now - skew_max),
                                compact_date_and_time(now)));
  }
  return {};
}

// "AKIDEXAMPLE/20150830/us-east-1/elasticloadbalancing/aws4_request"
struct Scope {
  std::string key_id;
  std::string date;
  std::string region;
  std::string service;
  std::string text;  // all but the key
};

Expected<Scope> scope_of(const Claim& claim, const SignatureRules& rules) {
  std::vector<string_view> parts;
  string_view rest = claim.credential;
  while (true) {
    const size_t slash = rest.find('/');
    parts.push_back(rest.substr(0, slash));
    if (slash == string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (parts.size() != 5) {
    return incomplete(
        fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                    "keyid/date/region/service/term, got '{}'",
                    claim.credential));
  }
  const auto wrong = [](string_view what, string_view value) {
    return mismatch(fmt::format("Credential should be scoped to {}, not '{}'.", what, value));
  };
  if (parts[4] != "aws4_request") {
    return mismatch(
        fmt::format("Credential should be scoped with a valid terminator: "
                    "'aws4_request', not '{}'.",
                    parts[4]));
  }
  if (parts[1] != string_view(claim.date).substr(0, 8)) {
    return mismatch(
        fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 "
                    "version of date from HTTP: '{}' != '{}', from '{}'.",
                    parts[1], claim.date.substr(0, 8), claim.date));
  }
  // Clients may be configured for any region; a node is no region of AWS's.
  if (parts[2].empty()) return wrong("a valid region", parts[2]);
  if (!rules.services.empty() &&
      std::ranges::find(rules.services, parts[3]) == rules.services.end()) {
    return mismatch(fmt::format("Credential should be scoped to correct service: '{}'.",
                                rules.services.front()));
  }
  return Scope{std::string(parts[0]), std::string(parts[1]), std::string(parts[2]),
               std::string(parts[3]), claim.credential.substr(parts[0].size() + 1)};
}

Expected<const Key*> find_key(const std::string& id, const SignatureRules& rules) {
  const auto found = std::ranges::find(rules.keys, id, &Key::id);
  if (found != rules.keys.end() && found->secret) return &*found;
  return refuse("InvalidClientTokenId", "The security token included in the request is invalid.",
                403);
}

bool is_signed(string_view signed_fields, string_view name) {
  bool found = false;
  while (!signed_fields.empty() && !found) {
    const size_t end = signed_fields.find(';');
    found = ascii_iequals(signed_fields.substr(0, end), name);
    signed_fields = end == string_view::npos ? string_view() : signed_fields.substr(end + 1);
  }
  return found;
}

// A field that says what is asked (X-Amz-Target) and was added later: the first, or "".
string_view unsigned_field(const http::Fields& fields, string_view signed_fields) {
  constexpr string_view prefix = "x-amz-";
  for (const http::Field& field : fields) {
    if (field.id == http::FieldId::invalid || field.name.size() < prefix.size()) continue;
    if (!ascii_iequals(field.name.substr(0, prefix.size()), prefix)) continue;
    if (ascii_iequals(field.name, "x-amz-security-token")) continue;
    if (!is_signed(signed_fields, field.name)) return field.name;
  }
  return "";
}

// "host;x-amz-date", which must be there and hold what a replay could else change.
Expected<std::string> canonical_fields(const SignedRequest& request, const Claim& claim) {
  std::string text;
  bool host = false;
  string_view rest = claim.signed_fields;
  while (!rest.empty()) {
    const size_t end = rest.find(';');
    const string_view name = rest.substr(0, end);
    if (request.fields.find(name) == nullptr) {
      return mismatch(
          fmt::format("'{}' is a SignedHeader, but the request does not have it.", name));
    }
    host = host || name == "host";
    text += canonical_field(request.fields, name);
    rest = end == string_view::npos ? string_view() : rest.substr(end + 1);
  }
  if (!host) return mismatch("'Host' must be a 'SignedHeader' in the AWS Authorization.");
  const string_view late = unsigned_field(request.fields, claim.signed_fields);
  if (!late.empty()) {
    return mismatch(fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", late));
  }
  return text;
}

Expected<std::string> body_hash(const SignedRequest& request) {
  std::string hash = hex(sha256(request.body));
  const http::Field* told = request.fields.find("x-amz-content-sha256");
  if (told == nullptr || told->value == hash) return hash;
  if (told->value == "UNSIGNED-PAYLOAD") {
    return mismatch("UNSIGNED-PAYLOAD is not supported: sign the body.");
  }
  return mismatch("The provided 'x-amz-content-sha256' header does not match what was computed.");
}

std::string signature_of(const Key& key, const Scope& scope, string_view text) {
  Digest digest = hmac_sha256("AWS4" + *key.secret, scope.date);
  for (const string_view part :
       {string_view(scope.region), string_view(scope.service), string_view("aws4_request"), text}) {
    digest = hmac_sha256(bytes_of(digest), part);
  }
  return hex(digest);
}

Expected<void> check_signature(const SignedRequest& request, const Claim& claim,
                               const std::vector<QueryPair>& pairs, const Scope& scope,
                               const Key& key) {
  const auto fields = canonical_fields(request, claim);
  if (!fields) return tl::unexpected(fields.error());
  const auto hash = body_hash(request);
  if (!hash) return tl::unexpected(hash.error());
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.path),
                  canonical_query(pairs, claim.presigned ? "X-Amz-Signature" : ""), *fields,
                  claim.signed_fields, *hash);
  const std::string text =
      fmt::format("{}\n{}\n{}\n{}", algorithm, claim.date, scope.text, hex(sha256(canonical)));
  if (equal_in_constant_time(signature_of(key, scope, text), claim.signature)) return {};
  return mismatch(std::string(mismatch_text));
}

}  // namespace

Expected<const Key*> verify_signature(const SignedRequest& request, const SignatureRules& rules) {
  const string_view authorization = field_value(request.fields, "Authorization");
  const std::vector<QueryPair> pairs = query_pairs(request.query);
  const bool presigned =
      std::ranges::find(pairs, "X-Amz-Algorithm", &QueryPair::name) != pairs.end();
  if (authorization.empty() && !presigned) {
    return refuse("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
  }
  if (!authorization.empty() && presigned) {
    return incomplete("Use either an Authorization header or query-string parameters, not both.");
  }
  const auto claim =
      presigned ? claim_of_query(pairs) : claim_of_field(request.fields, authorization);
  if (!claim) return tl::unexpected(claim.error());
  if (const auto good = check_time(*claim, rules.now); !good) return tl::unexpected(good.error());
  const auto scope = scope_of(*claim, rules);
  if (!scope) return tl::unexpected(scope.error());
  const auto key = find_key(scope->key_id, rules);
  if (!key) return key;
  const auto good = check_signature(request, *claim, pairs, *scope, **key);
  if (!good) return tl::unexpected(good.error());
  return key;
}

std::string claimed_key(const SignedRequest& request) {
  constexpr size_t id_bytes_max = 128;
  const std::vector<QueryPair> pairs = query_pairs(request.query);
  const auto found = std::ranges::find(pairs, "X-Amz-Credential", &QueryPair::name);
  string_view credential = found == pairs.end() ? string_view() : string_view(found->value);
  const string_view authorization = field_value(request.fields, "Authorization");
  constexpr string_view name = "Credential=";
  if (const size_t at = authorization.find(name); at != string_view::npos) {
    credential = authorization.substr(at + name.size());
  }
  return std::string(credential.substr(0, std::min(credential.find('/'), id_bytes_max)));
}

}  // namespace daruma::api
