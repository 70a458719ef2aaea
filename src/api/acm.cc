// SPDX-License-Identifier: Apache-2.0
#include "api/acm.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/acm_input.h"
#include "api/acm_output.h"
#include "api/acm_request.h"
#include "api/digest.h"
#include "api/operation_tables.h"
#include "control/arns.h"
#include "model/limits.h"
#include "tls/context.h"

namespace daruma::api::acm {
namespace {

namespace limits = model::limits;
using control::arn_of;
using std::string_view;
using enum Effect;

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
    if (is_issued(**certificate)) {
      return wrong("This certificate was requested: it is renewed, not imported");
    }
    if (call.in.contains("Tags"))
      return wrong("Tags cannot be given when a certificate is reimported");
    (*certificate)->chain_pem = fresh.chain_pem;
    (*certificate)->key_pem = fresh.key_pem;
    (*certificate)->fingerprint = fresh.fingerprint;
    (*certificate)->identity.created = call.node.now();
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
  call.out["Certificate"] = description(call, **certificate, facts);
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

constexpr JsonOperationRow operations[] = {
    {"ImportCertificate", changes, import},
    {"RequestCertificate", changes, request},
    {"RenewCertificate", changes, renew},
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

std::span<const JsonOperationRow> operation_table() {
  return operations;
}

const JsonOperationRow* find_operation(string_view name) {
  const auto found = std::ranges::find(operations, name, &JsonOperationRow::name);
  return found == std::end(operations) ? nullptr : &*found;
}

}  // namespace daruma::api::acm
