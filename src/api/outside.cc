// SPDX-License-Identifier: Apache-2.0
#include "api/outside.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "api/network.h"
#include "io/read_file.h"
#include "notify/buckets.h"

namespace daruma::api {
namespace {

using model::api::Inventory;
using model::api::Node;
using notify::Ec2Fact;
using notify::Ec2Facts;
using notify::Ec2Kind;

constexpr size_t id_bytes_max = 64;

// What could be one of AWS's ids. Others are nobody's, and nobody is asked for them.
bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= id_bytes_max && std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

std::optional<Ec2Fact> instance(const Inventory& inventory, const Node& node, std::string_view id) {
  const model::api::Instance* found = find_by_id(inventory.instances, id);
  if (found == nullptr) return std::nullopt;
  const SubnetPlace place = place_of_subnet(inventory, node, found->subnet).value_or(SubnetPlace());
  return Ec2Fact{place.vpc, place.zone, found->address, "running"};
}

std::optional<Ec2Fact> fact_of(const Inventory& inventory, const Node& node, Ec2Kind kind,
                               const std::string& id) {
  switch (kind) {
    case Ec2Kind::vpc:
      if (has_vpc(inventory, id)) return Ec2Fact{.vpc = id};
      break;
    case Ec2Kind::subnet:
      if (const auto place = place_of_subnet(inventory, node, id))
        return Ec2Fact{.vpc = place->vpc, .zone = place->zone};
      break;
    case Ec2Kind::security_group:
      if (const auto vpc = vpc_of_security_group(inventory, id)) return Ec2Fact{.vpc = *vpc};
      break;
    case Ec2Kind::instance:
      return instance(inventory, node, id);
  }
  return std::nullopt;
}

}  // namespace

void Ec2Cache::use(const std::optional<model::api::Ec2Endpoint>& endpoint) {
  if (endpoint == endpoint_) return;
  endpoint_ = endpoint;
  facts_.clear();
}

void Ec2Cache::keep(Ec2Kind kind, const Ec2Facts& facts, Instant now) {
  std::erase_if(facts_, [now](const auto& each) { return each.second.until <= now; });
  if (facts_.size() + facts.size() > facts_max) facts_.clear();
  for (const auto& [id, fact] : facts) {
    // Who waits for it to run asks again.
    const bool runs =
        kind != Ec2Kind::instance || (fact.state == "running" && !fact.address.empty());
    if (runs) facts_[{kind, id}] = {fact, now + good_for};
  }
}

const Ec2Fact* Ec2Cache::find(Ec2Kind kind, const std::string& id, Instant now) const {
  const auto found = facts_.find({kind, id});
  return found == facts_.end() || found->second.until <= now ? nullptr : &found->second.fact;
}

// The node's own network is there whoever knows the others.
std::optional<Ec2Fact> Outside::known(Ec2Kind kind, const std::string& id) const {
  static const Inventory nothing_made;
  return fact_of(context_.ec2 ? nothing_made : context_.inventory, context_.node, kind, id);
}

Expected<Ec2Facts> Outside::find(Ec2Kind kind, const std::vector<std::string>& ids) {
  Ec2Facts facts;
  std::set<std::string> unknown;
  for (const std::string& id : ids) {
    const auto answered = context_.answers.ec2.find({kind, id});
    if (const auto fact = known(kind, id)) {
      facts[id] = *fact;
    } else if (!context_.ec2 || !is_id(id)) {
      continue;
    } else if (answered != context_.answers.ec2.end()) {
      if (answered->second) facts[id] = *answered->second;
    } else if (const Ec2Fact* lately = context_.cache.find(kind, id, context_.now)) {
      facts[id] = *lately;
    } else {
      unknown.insert(id);
    }
  }
  if (unknown.empty()) return facts;
  questions_.emplace_back(notify::Ec2Question{*context_.ec2, kind, std::move(unknown)});
  return refuse("ServiceUnavailable", "The EC2 endpoint has yet to be asked", 503);
}

Result<std::string> Outside::read_object(const ObjectPlace& place, size_t bytes_max) {
  const auto bucket = std::ranges::find(context_.buckets, place.bucket, &model::api::Bucket::name);
  if (bucket == context_.buckets.end()) {
    return fail(fmt::format("bucket '{}' is not among Buckets of {} as it was at the start",
                            place.bucket, context_.config_file));
  }
  if (std::string wrong = notify::check_object_key(place.key); !wrong.empty()) return fail(wrong);
  const auto named = [&place](auto content) -> Result<std::string> {
    if (content) return std::move(*content);
    return fail(fmt::format("object '{}' of bucket '{}': {}", place.key, place.bucket,
                            content.error().message));
  };
  if (bucket->directory) {
    if (place.version.empty())
      return named(io::read_below(*bucket->directory, place.key, bytes_max));
    return fail(fmt::format(
        "bucket '{}' is a directory and keeps no versions; leave the version out", place.bucket));
  }
  const auto answered = context_.answers.objects.find(place);
  if (answered != context_.answers.objects.end()) return named(answered->second);
  questions_.emplace_back(notify::ObjectQuestion{*bucket, place.key, place.version, bytes_max});
  return fail("it has yet to be asked for");
}

}  // namespace daruma::api
