// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api/elbv2.h"
#include "control/arns.h"

namespace daruma::api::elbv2 {
namespace {

constexpr size_t arns_max = 20;

const shapes::Tags& no_tags() {
  static const shapes::Tags none;
  return none;
}

Expected<const shapes::Tags*> tags_of(const Catalog& catalog, const std::string& arn) {
  if (arn.find(":loadbalancer/") != std::string::npos) {
    const auto found = catalog.balancer(arn);
    if (!found) return tl::unexpected(found.error());
    return &(*found)->identity.tags;
  }
  if (arn.find(":listener-rule/") != std::string::npos) {
    const auto found = catalog.rule(arn);
    if (!found) return tl::unexpected(found.error());
    return found->rule ? &found->rule->identity.tags : &no_tags();
  }
  if (arn.find(":listener/") != std::string::npos) {
    const auto found = catalog.listener(arn);
    if (!found) return tl::unexpected(found.error());
    return &found->listener->identity.tags;
  }
  if (arn.find(":truststore/") != std::string::npos) {
    const auto found = catalog.trust_store(arn);
    if (!found) return tl::unexpected(found.error());
    return &(*found)->identity.tags;
  }
  const auto found = catalog.group(arn);
  if (!found) return tl::unexpected(found.error());
  return &(*found)->identity.tags;
}

// The tags of a resource that may be changed.
Expected<shapes::Tags*> edited(Catalog& catalog, const std::string& arn) {
  const auto tags = [](const auto& resource) -> Expected<shapes::Tags*> {
    if (!resource) return tl::unexpected(resource.error());
    return &(*resource)->identity.tags;
  };
  if (const auto there = tags_of(catalog, arn); !there) return tl::unexpected(there.error());
  if (arn.find(":loadbalancer/") != std::string::npos) {
    return tags(catalog.edit(**catalog.balancer(arn)));
  }
  if (arn.find(":listener-rule/") != std::string::npos) {
    const auto place = catalog.rule(arn);
    if (place->rule) return tags(catalog.edit(*place));
    return refuse("OperationNotPermitted", "The default rule cannot be tagged");
  }
  if (arn.find(":listener/") != std::string::npos)
    return tags(catalog.edit(*catalog.listener(arn)));
  if (arn.find(":truststore/") != std::string::npos) return tags(catalog.edit_trust_store(arn));
  return tags(catalog.edit(**catalog.group(arn)));
}

std::vector<std::string> read_arns(Call& call) {
  std::vector<std::string> arns;
  call.in.need("ResourceArns");
  call.in.texts("ResourceArns", arns);
  if (arns.size() > arns_max) {
    call.in.fail(invalid(fmt::format("At most {} resources can be specified", arns_max)).value());
  }
  return arns;
}

}  // namespace

Expected<void> add_tags(Call& call) {
  const auto arns = read_arns(call);
  shapes::Tags given;
  call.in.need("Tags");
  read_tags(call.in, given);
  if (const auto read = call.finish_input(); !read) return read;
  for (const std::string& arn : arns) {
    const auto tags = edited(call.catalog, arn);
    if (!tags) return tl::unexpected(tags.error());
    for (const auto& [key, value] : given) (**tags)[key] = value;
    if ((*tags)->size() > 50) {
      return refuse("TooManyTags", fmt::format("'{}' would have more than 50 tags", arn));
    }
  }
  return {};
}

Expected<void> remove_tags(Call& call) {
  const auto arns = read_arns(call);
  std::vector<std::string> keys;
  call.in.need("TagKeys");
  call.in.texts("TagKeys", keys);
  if (const auto read = call.finish_input(); !read) return read;
  for (const std::string& arn : arns) {
    const auto tags = edited(call.catalog, arn);
    if (!tags) return tl::unexpected(tags.error());
    for (const std::string& key : keys) (*tags)->erase(key);
  }
  return {};
}

Expected<void> describe_tags(Call& call) {
  const auto arns = read_arns(call);
  if (const auto read = call.finish_input(); !read) return read;
  std::vector<std::pair<std::string, const shapes::Tags*>> all;
  for (const std::string& arn : arns) {
    const auto tags = tags_of(call.catalog, arn);
    if (!tags) return tl::unexpected(tags.error());
    all.emplace_back(arn, *tags);
  }
  call.out.each("TagDescriptions", all, [&](const auto& item) {
    call.out.element("ResourceArn", item.first);
    write_tags(call.out, *item.second);
  });
  return {};
}

}  // namespace daruma::api::elbv2
