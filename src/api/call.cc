// SPDX-License-Identifier: Apache-2.0
#include "api/call.h"

#include <fmt/format.h>

#include <set>

#include "api/digest.h"
#include "base/utf8.h"
#include "control/arns.h"
#include "control/quotas.h"

namespace daruma::api {
namespace {

constexpr size_t tags_max = 50;
// Characters, as AWS counts.
constexpr size_t tag_key_max = 128;
constexpr size_t tag_value_max = 256;

void add_groups(const std::vector<shapes::Action>& actions, std::set<std::string>& groups) {
  for (const shapes::Action& action : actions) {
    if (action.target_group) groups.insert(*action.target_group);
    if (!action.forward_config) continue;
    for (const auto& tuple : *action.forward_config) groups.insert(tuple.target_group);
  }
}

}  // namespace

Expected<Paging> read_paging(QueryReader& in) {
  Paging paging;
  std::optional<int64_t> size;
  in.text("Marker", paging.after);
  in.number("PageSize", size);
  if (!size) return paging;
  if (*size < 1 || *size > 400) {
    return invalid(
        fmt::format("1 validation error detected: Value '{}' at 'pageSize' failed to "
                    "satisfy constraint: Member must have value between 1 and 400",
                    *size));
  }
  paging.size = static_cast<size_t>(*size);
  return paging;
}

void read_tags(QueryReader& in, shapes::Tags& tags) {
  std::set<std::string> seen;
  in.each("Tags", [&](QueryReader& tag) {
    std::string key;
    std::string value;
    tag.need("Key");
    tag.text("Key", key);
    tag.text("Value", value);
    if (key.empty() || utf8_count(key) > tag_key_max) {
      tag.fail(invalid(fmt::format("A tag's key has 1 to {} characters", tag_key_max)).value());
    }
    if (utf8_count(value) > tag_value_max) {
      tag.fail(
          invalid(fmt::format("A tag's value has at most {} characters", tag_value_max)).value());
    }
    if (key.starts_with("aws:")) {
      tag.fail(invalid("Tag keys that begin with 'aws:' are reserved").value());
    }
    if (!seen.insert(key).second) {
      tag.fail({"DuplicateTagKeys", fmt::format("The tag key '{}' is given twice", key)});
    }
    tags[key] = value;
  });
  if (tags.size() > tags_max) {
    in.fail({"TooManyTags", fmt::format("A resource has at most {} tags", tags_max)});
  }
}

void write_tags(XmlWriter& out, const shapes::Tags& tags) {
  out.each("Tags", tags, [&](const auto& tag) {
    out.element("Key", tag.first);
    out.element("Value", tag.second);
  });
}

std::string make_id() {
  return random_hex(8);
}

shapes::Identity make_identity(const Call& call) {
  return {.id = make_id(), .created = call.node.now(), .tags = {}};
}

shapes::Action shown(shapes::Action action) {
  if (action.target_group && !action.forward_config) {
    action.forward_config = {{*action.target_group, 1}};
  } else if (action.forward_config && action.forward_config->size() == 1) {
    action.target_group = action.forward_config->front().target_group;
  }
  if (action.forward_config) {
    for (auto& tuple : *action.forward_config) tuple.weight = tuple.weight.value_or(1);
  }
  if (action.redirect_config) {
    shapes::RedirectConfig& config = *action.redirect_config;
    config.protocol = config.protocol.value_or("#{protocol}");
    config.host = config.host.value_or("#{host}");
    config.port = config.port.value_or("#{port}");
    config.path = config.path.value_or("/#{path}");
    config.query = config.query.value_or("#{query}");
  }
  return action;
}

shapes::RuleCondition shown(shapes::RuleCondition condition) {
  const auto both = [](auto& short_form, std::optional<shapes::ConditionConfig>& config,
                       auto member) {
    if (short_form && !config) {
      config.emplace().*member = short_form;
    } else if (config && (*config).*member) {
      short_form = (*config).*member;
    }
  };
  auto* config = condition.field == "host-header"    ? &condition.host_header_config
                 : condition.field == "path-pattern" ? &condition.path_pattern_config
                                                     : nullptr;
  if (config != nullptr) {
    both(condition.values, *config, &shapes::ConditionConfig::values);
    both(condition.regex_values, *config, &shapes::ConditionConfig::regex_values);
  }
  return condition;
}

void write_actions(XmlWriter& out, std::string_view name,
                   const std::vector<shapes::Action>& actions) {
  out.each(name, actions, [&](const shapes::Action& action) {
    const shapes::Action whole = shown(action);
    describe(out, whole);
  });
}

void read_actions(QueryReader& in, std::string_view name, std::vector<shapes::Action>& actions) {
  in.objects(name, actions);
  for (shapes::Action& action : actions) {
    if (!action.target_group || !action.forward_config) continue;
    if (action.forward_config->size() == 1 &&
        action.forward_config->front().target_group == *action.target_group) {
      action.target_group.reset();
    }
  }
}

Expected<void> check_balancer(const Catalog& catalog, const shapes::LoadBalancer& balancer) {
  const control::Quotas quotas = control::Quotas::of(balancer);
  const auto over = [](size_t count, int64_t most) { return count > static_cast<size_t>(most); };
  if (over(balancer.listeners.size(), quotas.listeners)) {
    return refuse("TooManyListeners",
                  fmt::format("A load balancer has at most {} listeners", quotas.listeners));
  }
  size_t rules = 0;
  std::set<std::string> groups;
  for (const shapes::Listener& listener : balancer.listeners) {
    if (over(listener.certificates.size(), quotas.certificates)) {
      return refuse("TooManyCertificates",
                    fmt::format("A listener has at most {} certificates", quotas.certificates));
    }
    rules += listener.rules.size();
    add_groups(listener.default_actions, groups);
    for (const shapes::Rule& rule : listener.rules) add_groups(rule.actions, groups);
  }
  if (over(rules, quotas.rules)) {
    return refuse("TooManyRules",
                  fmt::format("A load balancer has at most {} rules", quotas.rules));
  }
  if (over(groups.size(), quotas.target_groups)) {
    return refuse(
        "TooManyUniqueTargetGroupsPerLoadBalancer",
        fmt::format("A load balancer has at most {} target groups", quotas.target_groups));
  }
  const Catalog::UsersByGroup users = catalog.users_by_group();
  for (const std::string& group : groups) {
    const auto found = users.find(group);
    if (found == users.end() || found->second.size() < 2) continue;
    return refuse("TargetGroupAssociationLimit",
                  fmt::format("The following target groups cannot be associated with more than one "
                              "load balancer: {}",
                              control::arn_of(*catalog.group_named(group))));
  }
  return {};
}

}  // namespace daruma::api
