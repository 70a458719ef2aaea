// SPDX-License-Identifier: Apache-2.0
#include "api/acm.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "api/digest.h"
#include "api/key_vault.h"
#include "base/utf8.h"
#include "control/arns.h"
#include "model/limits.h"
#include "tls/context.h"

namespace daruma::api::acm {
namespace {

namespace limits = model::limits;
using control::arn_of;
using std::string_view;
using enum Effect;

constexpr size_t tags_max = 50;

tl::unexpected<ServiceError> wrong(std::string message) {
  return refuse("ValidationException", std::move(message));
}

// ---- input ----

// Members that an operation does not know are refused, not ignored.
Expected<void> check_members(const Json& in, std::initializer_list<string_view> known) {
  for (const auto& [name, value] : in.items()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return wrong(fmt::format("'{}' is not known here, or not in this release", name));
  }
  return {};
}

const Json& member(const Json& in, const char* name, const Json& otherwise) {
  const auto found = in.find(name);
  return found == in.end() ? otherwise : *found;
}

Expected<std::string> text(const Json& in, const char* name) {
  const auto found = in.find(name);
  if (found == in.end()) {
    return wrong(
        fmt::format("1 validation error detected: Value null at '{}' failed to satisfy "
                    "constraint: Member must not be null",
                    name));
  }
  if (!found->is_string()) return wrong(fmt::format("'{}' must be a string", name));
  return found->get<std::string>();
}

// A blob with PEM in it.
Expected<std::string> pem(const Json& in, const char* name) {
  const auto encoded = text(in, name);
  if (!encoded) return encoded;
  const Result<std::string> bytes = base64_decoded(*encoded);
  if (!bytes) return wrong(fmt::format("'{}' is not base64", name));
  for (string_view rest = *bytes; !rest.empty(); rest.remove_prefix(utf8_length(rest))) {
    if (utf8_length(rest) == 0) return wrong(fmt::format("'{}' is not PEM", name));
  }
  return bytes->ends_with('\n') ? *bytes : *bytes + "\n";
}

Expected<void> read_tags(const Json& in, shapes::Tags& tags) {
  const auto list = in.find("Tags");
  if (list == in.end()) return {};
  if (!list->is_array()) return wrong("'Tags' must be a list");
  for (const Json& tag : *list) {
    if (!tag.is_object()) return wrong("a tag is a structure of Key and Value");
    const auto key = text(tag, "Key");
    if (!key) return tl::unexpected(key.error());
    const auto value = tag.contains("Value") ? text(tag, "Value") : std::string();
    if (!value) return tl::unexpected(value.error());
    if (key->empty() || utf8_count(*key) > 128 || utf8_count(*value) > 256 ||
        key->starts_with("aws:")) {
      return refuse("InvalidTagException",
                    fmt::format("The tag key '{}' or its value is not valid", *key));
    }
    tags[*key] = *value;
  }
  if (tags.size() <= tags_max) return {};
  return refuse("TooManyTagsException", fmt::format("A certificate has at most {} tags", tags_max));
}

Expected<const shapes::Certificate*> find(const JsonCall& call) {
  const auto arn = text(call.in, "CertificateArn");
  if (!arn) return tl::unexpected(arn.error());
  if (!arn->starts_with("arn:aws:acm:")) {
    return refuse("InvalidArnException", fmt::format("'{}' is not a certificate's ARN", *arn));
  }
  const auto found = call.catalog.certificate(*arn);
  if (found) return *found;
  return refuse("ResourceNotFoundException", fmt::format("Could not find certificate {}.", *arn));
}

// What was found, to be changed. REQUIRES: a change was begun before it was found.
Expected<shapes::Certificate*> edited(JsonCall& call, const shapes::Certificate& certificate) {
  auto& created = call.catalog.created().certificates;
  const auto there = std::ranges::find(created, certificate.name, &shapes::Certificate::name);
  if (there != created.end()) return &*there;
  return refuse("AccessDeniedException",
                call.catalog.not_permitted("Certificate", certificate.name).value().message);
}

// ---- output ----

int64_t seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string algorithm_of(const tls::CertificateFacts& facts) {
  if (facts.key_type == tls::KeyType::rsa) return fmt::format("RSA_{}", facts.key_bits);
  if (facts.key_bits == 384) return "EC_secp384r1";
  return facts.key_bits == 521 ? "EC_secp521r1" : "EC_prime256v1";
}

// Members that a description and a summary share.
Json outline(const JsonCall& call, const shapes::Certificate& certificate,
             const tls::CertificateFacts& facts) {
  return {{"CertificateArn", arn_of(certificate)},
          {"DomainName", facts.names.empty() ? certificate.name : facts.names.front()},
          {"Status", facts.not_after < call.node.wall_now() ? "EXPIRED" : "ISSUED"},
          {"Type", "IMPORTED"},
          {"KeyAlgorithm", algorithm_of(facts)},
          {"RenewalEligibility", "INELIGIBLE"},
          {"NotBefore", seconds(facts.not_before)},
          {"NotAfter", seconds(facts.not_after)}};
}

// ---- operations ----

Expected<void> import(JsonCall& call) {
  const auto known = check_members(
      call.in, {"Certificate", "PrivateKey", "CertificateChain", "CertificateArn", "Tags"});
  if (!known) return known;
  const auto leaf = pem(call.in, "Certificate");
  if (!leaf) return tl::unexpected(leaf.error());
  const auto key = pem(call.in, "PrivateKey");
  if (!key) return tl::unexpected(key.error());
  const auto chain = call.in.contains("CertificateChain") ? pem(call.in, "CertificateChain")
                                                          : Expected<std::string>("");
  if (!chain) return tl::unexpected(chain.error());
  shapes::Certificate fresh;
  if (const auto given = check_given(call.surroundings, *leaf, *chain, *key, fresh); !given)
    return given;
  if (const auto tags = read_tags(call.in, fresh.identity.tags); !tags) return tags;
  if (call.in.contains("CertificateArn")) {
    const auto there = find(call);
    if (!there) return tl::unexpected(there.error());
    const auto certificate = edited(call, **there);
    if (!certificate) return tl::unexpected(certificate.error());
    if (call.in.contains("Tags"))
      return wrong("Tags cannot be given when a certificate is reimported");
    (*certificate)->chain_pem = fresh.chain_pem;
    (*certificate)->key_pem = fresh.key_pem;
    (*certificate)->fingerprint = fresh.fingerprint;
    call.out["CertificateArn"] = arn_of(**certificate);
    return {};
  }
  auto& created = call.catalog.created().certificates;
  fresh.identity.id = make_uuid();
  fresh.identity.created = call.node.now();
  fresh.name = fresh.identity.id;
  call.out["CertificateArn"] = arn_of(fresh);
  created.push_back(std::move(fresh));
  return {};
}

Expected<void> describe_one(JsonCall& call) {
  if (const auto known = check_members(call.in, {"CertificateArn"}); !known) return known;
  const auto certificate = find(call);
  if (!certificate) return tl::unexpected(certificate.error());
  const tls::CertificateFacts& facts = call.facts.of(**certificate);
  Json description = outline(call, **certificate, facts);
  description["SubjectAlternativeNames"] = facts.names;
  description["InUseBy"] = users_of(call.catalog, (*certificate)->name);
  call.out["Certificate"] = std::move(description);
  return {};
}

Expected<void> list(JsonCall& call) {
  const auto known =
      check_members(call.in, {"CertificateStatuses", "MaxItems", "NextToken", "Includes"});
  if (!known) return known;
  static const Json no_list = Json::array();
  static const Json no_structure = Json::object();
  static const Json page_max = 1000;
  const Json& statuses = member(call.in, "CertificateStatuses", no_list);
  const Json& includes = member(call.in, "Includes", no_structure);
  if (!statuses.is_array() || !includes.is_object()) {
    return wrong("CertificateStatuses is a list, Includes a structure");
  }
  if (const auto inner = check_members(includes, {"keyTypes"}); !inner) return inner;
  const Json& types = member(includes, "keyTypes", no_list);
  const Json& most = member(call.in, "MaxItems", page_max);
  if (!most.is_number_integer() || most < 1 || most > 1000) {
    return wrong("MaxItems must be a number from 1 to 1000");
  }
  const auto after = call.in.contains("NextToken") ? text(call.in, "NextToken") : std::string();
  if (!after) return tl::unexpected(after.error());
  const auto is_in = [](const Json& all, const Json& value) {
    return all.empty() || std::ranges::find(all, value) != all.end();
  };
  std::map<std::string, const shapes::Certificate*> left;
  call.catalog.each_certificate([&](const shapes::Certificate& certificate) {
    if (control::is_server_certificate(certificate)) return;  // IAM's
    std::string arn = arn_of(certificate);
    if (arn > *after) left.emplace(std::move(arn), &certificate);
  });
  const auto page = most.get<size_t>();
  Json summaries = Json::array();
  for (const auto& [arn, certificate] : left) {
    const tls::CertificateFacts& facts = call.facts.of(*certificate);
    Json row = outline(call, *certificate, facts);
    if (!is_in(statuses, row["Status"]) || !is_in(types, row["KeyAlgorithm"])) continue;
    if (summaries.size() == page) {
      call.out["NextToken"] = summaries.back()["CertificateArn"];
      break;
    }
    row["SubjectAlternativeNameSummaries"] = facts.names;
    row["HasAdditionalSubjectAlternativeNames"] = false;
    row["InUse"] = !users_of(call.catalog, certificate->name).empty();
    summaries.push_back(std::move(row));
  }
  call.out["CertificateSummaryList"] = std::move(summaries);
  return {};
}

Expected<void> get(JsonCall& call) {
  if (const auto known = check_members(call.in, {"CertificateArn"}); !known) return known;
  const auto certificate = find(call);
  if (!certificate) return tl::unexpected(certificate.error());
  // A declared file may hold the key too.
  const std::vector<std::string> all = tls::certificates_of((*certificate)->chain_pem);
  if (all.empty()) return refuse("InternalFailure", "The certificate cannot be read", 500);
  call.out["Certificate"] = all.front();
  if (all.size() > 1) {
    call.out["CertificateChain"] = fmt::to_string(fmt::join(all.begin() + 1, all.end(), ""));
  }
  return {};
}

Expected<void> remove(JsonCall& call) {
  if (const auto known = check_members(call.in, {"CertificateArn"}); !known) return known;
  const auto found = find(call);
  if (!found) return tl::unexpected(found.error());
  const auto certificate = edited(call, **found);
  if (!certificate) return tl::unexpected(certificate.error());
  const auto users = users_of(call.catalog, (*certificate)->name);
  if (!users.empty()) {
    return refuse("ResourceInUseException",
                  fmt::format("Certificate {} is in use by {}", arn_of(**certificate),
                              fmt::join(users, ", ")));
  }
  const std::string id = (*certificate)->identity.id;
  std::erase_if(call.catalog.created().certificates,
                [&](const auto& each) { return each.identity.id == id; });
  return {};
}

Expected<void> list_tags(JsonCall& call) {
  if (const auto known = check_members(call.in, {"CertificateArn"}); !known) return known;
  const auto certificate = find(call);
  if (!certificate) return tl::unexpected(certificate.error());
  Json& tags = call.out["Tags"] = Json::array();
  for (const auto& [key, value] : (*certificate)->identity.tags) {
    tags.push_back({{"Key", key}, {"Value", value}});
  }
  return {};
}

Expected<shapes::Certificate*> tagged(JsonCall& call) {
  const auto known = check_members(call.in, {"CertificateArn", "Tags"});
  if (!known) return tl::unexpected(known.error());
  const auto found = find(call);
  if (!found) return tl::unexpected(found.error());
  if (!call.in.contains("Tags")) return wrong("'Tags' is missing");
  return edited(call, **found);
}

Expected<void> add_tags(JsonCall& call) {
  const auto certificate = tagged(call);
  if (!certificate) return tl::unexpected(certificate.error());
  return read_tags(call.in, (*certificate)->identity.tags);
}

// One with a value goes only if it has that value.
Expected<void> remove_tags(JsonCall& call) {
  const auto certificate = tagged(call);
  if (!certificate) return tl::unexpected(certificate.error());
  shapes::Tags given;
  if (const auto read = read_tags(call.in, given); !read) return read;
  shapes::Tags& tags = (*certificate)->identity.tags;
  for (const Json& tag : call.in["Tags"]) {
    const auto there = tags.find(tag["Key"].get<std::string>());
    if (there == tags.end()) continue;
    if (!tag.contains("Value") || there->second == tag["Value"]) tags.erase(there);
  }
  return {};
}

Expected<void> request(JsonCall&) {
  return refuse(
      "AccessDeniedException",
      "This node issues no certificates: bring one in with ImportCertificate, or declare it "
      "in daruma.yaml");
}

constexpr JsonOperationRow operations[] = {
    {"ImportCertificate", changes, import},
    {"RequestCertificate", changes, request},
    {"DescribeCertificate", reads, describe_one},
    {"ListCertificates", reads, list},
    {"GetCertificate", reads, get},
    {"DeleteCertificate", changes, remove},
    {"ListTagsForCertificate", reads, list_tags},
    {"AddTagsToCertificate", changes, add_tags},
    {"RemoveTagsFromCertificate", changes, remove_tags},
};

}  // namespace

std::vector<std::string> users_of(const Catalog& catalog, const std::string& name) {
  std::vector<std::string> arns;
  catalog.each_balancer([&](const shapes::LoadBalancer& balancer) {
    const bool uses = std::ranges::any_of(balancer.listeners, [&](const auto& listener) {
      return std::ranges::find(listener.certificates, name) != listener.certificates.end();
    });
    if (uses) arns.push_back(arn_of(balancer));
  });
  return arns;
}

// Certificates are kept and shown in clear: only they themselves are taken over from what was
// given.
Expected<void> check_given(const control::Surroundings& surroundings, const std::string& leaf,
                           const std::string& chain, const std::string& key,
                           shapes::Certificate& fresh) {
  const auto whole = surroundings.check_certificate({"", leaf + chain, key});
  if (!whole) return wrong(whole.error().message);
  if (tls::certificates_of(leaf).size() != 1) {
    return wrong("'Certificate' holds exactly one certificate; its issuers go to CertificateChain");
  }
  fresh.chain_pem = fmt::to_string(fmt::join(tls::certificates_of(leaf + chain), ""));
  fresh.key_pem = key;
  const auto kept = surroundings.check_certificate({"", fresh.chain_pem, fresh.key_pem});
  if (!kept) return wrong(kept.error().message);
  fresh.fingerprint = kept->fingerprint;
  return {};
}

const tls::CertificateFacts& FactsCache::of(const shapes::Certificate& certificate) {
  const auto known = known_.find(certificate.fingerprint);
  if (known != known_.end()) return known->second;
  // Of those that were replaced too, but never without end.
  if (known_.size() >= 2 * limits::certificates_max) known_.clear();
  auto facts =
      tls::describe_certificate({certificate.name, certificate.chain_pem, certificate.key_pem});
  // It was checked when it came.
  return known_[certificate.fingerprint] = facts ? std::move(*facts) : tls::CertificateFacts();
}

Expected<Json> parse_body(string_view body) {
  bool deep = false;
  const auto bounded = [&deep](int depth, Json::parse_event_t, Json&) {
    deep = deep || depth > json_depth_max;
    return !deep;  // what is refused here is not kept
  };
  Json json = Json::parse(body, bounded, false);
  if (deep) {
    return refuse("SerializationException",
                  fmt::format("The body is more than {} levels deep", json_depth_max));
  }
  if (!json.is_object()) return refuse("SerializationException", "The body is no JSON object");
  return json;
}

const JsonOperationRow* find_operation(string_view name) {
  const auto found = std::ranges::find(operations, name, &JsonOperationRow::name);
  return found == std::end(operations) ? nullptr : &*found;
}

}  // namespace daruma::api::acm
