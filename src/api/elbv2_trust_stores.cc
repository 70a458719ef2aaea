// SPDX-License-Identifier: Apache-2.0
//
// Trust stores: what mutual TLS verifies clients by. Bundles and revocation lists come out of
// Buckets and are kept; nobody looks there again (docs/adr/0016).
#include <fmt/format.h>

#include <algorithm>

#include "api/content_links.h"
#include "api/elbv2.h"
#include "base/bytes.h"
#include "control/arns.h"
#include "control/mutual_tls.h"
#include "control/validate_values.h"
#include "model/limits.h"

namespace daruma::api::elbv2 {
namespace {

namespace limits = model::limits;
using control::arn_of;

ObjectPlace read_bundle_place(QueryReader& in) {
  ObjectPlace place;
  in.need("CaCertificatesBundleS3Bucket");
  in.text("CaCertificatesBundleS3Bucket", place.bucket);
  in.need("CaCertificatesBundleS3Key");
  in.text("CaCertificatesBundleS3Key", place.key);
  in.text("CaCertificatesBundleS3ObjectVersion", place.version);
  return place;
}

Expected<void> take_bundle(const Call& call, const ObjectPlace& place, shapes::TrustStore& store) {
  Result<std::string> content = call.outside.read_object(place, limits::file_bytes_max);
  if (!content) {
    return refuse(
        "CaCertificatesBundleNotFound",
        fmt::format("The CA certificates bundle cannot be read: {}", content.error().message));
  }
  if (const auto set = control::set_bundle(store, std::move(*content)); !set) {
    return refuse("InvalidCaCertificatesBundle",
                  fmt::format("The CA certificates bundle is not valid: {}", set.error().message));
  }
  return {};
}

void write(XmlWriter& out, const shapes::TrustStore& store) {
  out.element("Name", store.name);
  out.element("TrustStoreArn", arn_of(store));
  out.element("Status", "ACTIVE");
  out.number("NumberOfCaCertificates", store.certificates);
  out.number("TotalRevokedEntries", control::revoked_entries(store));
}

void write(XmlWriter& out, const shapes::TrustStore& store, const shapes::Revocation& revocation) {
  out.element("TrustStoreArn", arn_of(store));
  out.element("RevocationId", std::to_string(revocation.id));
  out.element("RevocationType", "CRL");
  out.number("NumberOfRevokedEntries", revocation.entries);
}

void write_one(Call& call, const shapes::TrustStore& store) {
  call.out.each("TrustStores", std::vector{&store},
                [&](const shapes::TrustStore* each) { write(call.out, *each); });
}

tl::unexpected<ServiceError> no_revocation(const std::string& id) {
  return refuse("RevocationIdNotFound", fmt::format("Revocation id '{}' not found", id));
}

Expected<const shapes::Revocation*> find_revocation(const shapes::TrustStore& store,
                                                    const std::string& id) {
  const auto number = parse_decimal(id);
  const auto found = std::ranges::find_if(store.revocations, [&](const auto& each) {
    return number && *number == static_cast<uint64_t>(each.id);
  });
  if (found == store.revocations.end()) return no_revocation(id);
  return &*found;
}

std::vector<std::string> users_of(const Catalog& catalog, const shapes::TrustStore& store) {
  std::vector<std::string> users;
  catalog.each_balancer([&](const shapes::LoadBalancer& balancer) {
    const bool uses = std::ranges::any_of(balancer.listeners, [&](const auto& listener) {
      return listener.mutual_authentication &&
             listener.mutual_authentication->trust_store == store.name;
    });
    if (uses) users.push_back(arn_of(balancer));
  });
  return users;
}

struct RevocationPlace {
  ObjectPlace at;
  std::string type = "CRL";
};

std::vector<RevocationPlace> read_revocation_places(QueryReader& in) {
  std::vector<RevocationPlace> places;
  in.each("RevocationContents", [&](QueryReader& item) {
    RevocationPlace& place = places.emplace_back();
    item.text("S3Bucket", place.at.bucket);
    item.text("S3Key", place.at.key);
    item.text("S3ObjectVersion", place.at.version);
    item.text("RevocationType", place.type);
    if (place.type == "CRL") return;
    item.fail(invalid(fmt::format("RevocationType must be CRL, not '{}'", place.type)).value());
  });
  return places;
}

tl::unexpected<ServiceError> too_many_revocations() {
  return refuse("TooManyTrustStoreRevocationEntries",
                fmt::format("A trust store has at most {} revocation lists with {} entries",
                            limits::revocation_lists_max, limits::revocation_entries_max));
}

Expected<void> add_revocation(Result<std::string> content, shapes::TrustStore& store) {
  if (!content) {
    return refuse(
        "RevocationContentNotFound",
        fmt::format("The revocation content cannot be read: {}", content.error().message));
  }
  shapes::Revocation& revocation = store.revocations.emplace_back();
  if (const auto set = control::set_content(revocation, std::move(*content)); !set) {
    return refuse("InvalidRevocationContent",
                  fmt::format("The revocation content is not valid: {}", set.error().message));
  }
  revocation.id = store.revocations_made.value_or(0) + 1;
  store.revocations_made = revocation.id;
  if (control::revoked_entries(store) > static_cast<int64_t>(limits::revocation_entries_max))
    return too_many_revocations();
  return {};
}

}  // namespace

Expected<void> create_trust_store(Call& call) {
  shapes::TrustStore wanted;
  call.in.need("Name");
  call.in.text("Name", wanted.name);
  const ObjectPlace place = read_bundle_place(call.in);
  shapes::Tags tags;
  read_tags(call.in, tags);
  if (const auto read = call.finish_input(); !read) return read;
  if (const std::string wrong = control::check_name("Trust store", wanted.name); !wrong.empty()) {
    return invalid(wrong);
  }
  if (call.catalog.trust_store_named(wanted.name) != nullptr) {
    return refuse("DuplicateTrustStoreName",
                  fmt::format("A trust store with the name '{}' already exists", wanted.name));
  }
  if (const auto taken = take_bundle(call, place, wanted); !taken) return taken;
  wanted.identity = make_identity(call);
  wanted.identity.tags = std::move(tags);
  auto& stores = call.catalog.created().trust_stores;
  stores.push_back(std::move(wanted));
  write_one(call, stores.back());
  return {};
}

Expected<void> describe_trust_stores(Call& call) {
  std::vector<std::string> arns;
  std::vector<std::string> names;
  call.in.texts("TrustStoreArns", arns);
  call.in.texts("Names", names);
  const auto paging = read_paging(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  if (!paging) return tl::unexpected(paging.error());
  Keyed<const shapes::TrustStore*> items;
  for (const std::string& arn : arns) {
    const auto found = call.catalog.trust_store(arn);
    if (!found) return tl::unexpected(found.error());
    items.emplace_back(arn, *found);
  }
  for (const std::string& name : names) {
    const shapes::TrustStore* found = call.catalog.trust_store_named(name);
    if (!found) {
      return refuse("TrustStoreNotFound", fmt::format("Trust store '{}' not found", name));
    }
    items.emplace_back(arn_of(*found), found);
  }
  if (arns.empty() && names.empty()) {
    call.catalog.each_trust_store(
        [&](const shapes::TrustStore& store) { items.emplace_back(arn_of(store), &store); });
  }
  write_page(call.out, "TrustStores", std::move(items), *paging,
             [&](const shapes::TrustStore* store) { write(call.out, *store); });
  return {};
}

Expected<void> modify_trust_store(Call& call) {
  const std::string arn = call.arn("TrustStoreArn");
  const ObjectPlace place = read_bundle_place(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  const auto store = call.catalog.edit_trust_store(arn);
  if (!store) return tl::unexpected(store.error());
  if (const auto taken = take_bundle(call, place, **store); !taken) return taken;
  if (const auto good = control::check_lists(**store); !good) {
    return refuse("InvalidCaCertificatesBundle",
                  fmt::format("The CA certificates bundle does not fit the store's revocation "
                              "lists: {}",
                              good.error().message));
  }
  write_one(call, **store);
  return {};
}

Expected<void> delete_trust_store(Call& call) {
  const std::string arn = call.arn("TrustStoreArn");
  if (const auto read = call.finish_input(); !read) return read;
  const auto store = call.catalog.edit_trust_store(arn);
  if (!store) return tl::unexpected(store.error());
  const auto users = users_of(call.catalog, **store);
  if (!users.empty()) {
    return refuse("TrustStoreInUse",
                  fmt::format("Trust store '{}' is in use by {}", arn, fmt::join(users, ", ")));
  }
  std::erase_if(call.catalog.created().trust_stores,
                [&](const auto& each) { return arn_of(each) == arn; });
  return {};
}

Expected<void> add_trust_store_revocations(Call& call) {
  const std::string arn = call.arn("TrustStoreArn");
  const auto places = read_revocation_places(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  const auto store = call.catalog.edit_trust_store(arn);
  if (!store) return tl::unexpected(store.error());
  const size_t before = (*store)->revocations.size();
  if (before + places.size() > limits::revocation_lists_max) return too_many_revocations();
  // All before one is looked at: they may have to be asked for.
  std::vector<Result<std::string>> contents;
  for (const RevocationPlace& place : places)
    contents.push_back(call.outside.read_object(place.at, limits::revocation_bytes_max));
  for (auto& content : contents) {
    if (const auto added = add_revocation(std::move(content), **store); !added) return added;
  }
  if (const auto good = control::check_lists(**store); !good) {
    return refuse("InvalidRevocationContent",
                  fmt::format("The revocation content is not valid: {}", good.error().message));
  }
  const auto& all = (*store)->revocations;
  const std::vector<shapes::Revocation> added(all.begin() + static_cast<ptrdiff_t>(before),
                                              all.end());
  call.out.each("TrustStoreRevocations", added,
                [&](const shapes::Revocation& each) { write(call.out, **store, each); });
  return {};
}

Expected<void> remove_trust_store_revocations(Call& call) {
  const std::string arn = call.arn("TrustStoreArn");
  std::vector<std::string> ids;
  call.in.need("RevocationIds");
  call.in.texts("RevocationIds", ids);
  if (const auto read = call.finish_input(); !read) return read;
  const auto store = call.catalog.edit_trust_store(arn);
  if (!store) return tl::unexpected(store.error());
  for (const std::string& id : ids) {
    const auto found = find_revocation(**store, id);
    if (!found) return tl::unexpected(found.error());
    const int64_t number = (*found)->id;
    std::erase_if((*store)->revocations, [&](const auto& each) { return each.id == number; });
  }
  return {};
}

Expected<void> describe_trust_store_revocations(Call& call) {
  const std::string arn = call.arn("TrustStoreArn");
  std::vector<std::string> ids;
  call.in.texts("RevocationIds", ids);
  const auto paging = read_paging(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  if (!paging) return tl::unexpected(paging.error());
  const auto store = call.catalog.trust_store(arn);
  if (!store) return tl::unexpected(store.error());
  // Sorted as texts, they are to be in the order of their numbers.
  const auto key = [](const shapes::Revocation& each) { return fmt::format("{:019}", each.id); };
  Keyed<const shapes::Revocation*> items;
  for (const std::string& id : ids) {
    const auto found = find_revocation(**store, id);
    if (!found) return tl::unexpected(found.error());
    items.emplace_back(key(**found), *found);
  }
  if (ids.empty()) {
    for (const auto& each : (*store)->revocations) items.emplace_back(key(each), &each);
  }
  write_page(call.out, "TrustStoreRevocations", std::move(items), *paging,
             [&](const shapes::Revocation* each) { write(call.out, **store, *each); });
  return {};
}

Expected<void> get_trust_store_ca_certificates_bundle(Call& call) {
  const std::string arn = call.arn("TrustStoreArn");
  if (const auto read = call.finish_input(); !read) return read;
  const auto store = call.catalog.trust_store(arn);
  if (!store) return tl::unexpected(store.error());
  call.out.element("Location", call.node.location_of({arn, "", (*store)->fingerprint}));
  return {};
}

Expected<void> get_trust_store_revocation_content(Call& call) {
  const std::string arn = call.arn("TrustStoreArn");
  std::string id;
  call.in.need("RevocationId");
  call.in.text("RevocationId", id);
  if (const auto read = call.finish_input(); !read) return read;
  const auto store = call.catalog.trust_store(arn);
  if (!store) return tl::unexpected(store.error());
  const auto found = find_revocation(**store, id);
  if (!found) return tl::unexpected(found.error());
  call.out.element("Location", call.node.location_of(
                                   {arn, std::to_string((*found)->id), (*found)->fingerprint}));
  return {};
}

Expected<void> describe_trust_store_associations(Call& call) {
  const std::string arn = call.arn("TrustStoreArn");
  const auto paging = read_paging(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  if (!paging) return tl::unexpected(paging.error());
  const auto store = call.catalog.trust_store(arn);
  if (!store) return tl::unexpected(store.error());
  Keyed<std::string> items;
  for (const std::string& user : users_of(call.catalog, **store)) items.emplace_back(user, user);
  write_page(call.out, "TrustStoreAssociations", std::move(items), *paging,
             [&](const std::string& user) { call.out.element("ResourceArn", user); });
  return {};
}

// Nobody else has an account here.
Expected<void> delete_shared_trust_store_association(Call& call) {
  const std::string arn = call.arn("TrustStoreArn");
  std::string resource;
  call.in.need("ResourceArn");
  call.in.text("ResourceArn", resource);
  if (const auto read = call.finish_input(); !read) return read;
  const auto store = call.catalog.trust_store(arn);
  if (!store) return tl::unexpected(store.error());
  const auto users = users_of(call.catalog, **store);
  if (std::ranges::find(users, resource) == users.end()) {
    return refuse("AssociationNotFound",
                  fmt::format("Trust store '{}' is not associated with '{}'", arn, resource));
  }
  return refuse("DeleteAssociationSameAccount",
                "The trust store and the resource are of the same account: change the listener's "
                "MutualAuthentication instead");
}

// Only trust stores have one, and none is shared.
Expected<void> get_resource_policy(Call& call) {
  const std::string arn = call.arn("ResourceArn");
  if (const auto read = call.finish_input(); !read) return read;
  if (!call.catalog.trust_store(arn)) {
    return refuse("ResourceNotFound", fmt::format("Resource '{}' not found", arn));
  }
  call.out.element("Policy", R"({"Version":"2012-10-17","Statement":[]})");
  return {};
}

}  // namespace daruma::api::elbv2
