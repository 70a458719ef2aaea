// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api/elbv2.h"
#include "control/attributes.h"
#include "control/error_pages.h"
#include "control/target_tls.h"

namespace daruma::api::elbv2 {
namespace {

using control::AttributeScope;

// Every key of the scope with its value now, and what only has a value if it was given.
void write(Call& call, AttributeScope scope, const shapes::Attributes& attributes) {
  shapes::Attributes all = attributes;
  for (const std::string_view key : control::attribute_keys(scope)) {
    all.emplace(key, control::attribute_text(scope, attributes, key));
  }
  call.out.each("Attributes", all, [&](const auto& attribute) {
    call.out.element("Key", attribute.first);
    call.out.element("Value", attribute.second);
  });
}

shapes::Attributes read(Call& call) {
  shapes::Attributes attributes;
  call.in.need("Attributes");
  call.in.each("Attributes", [&](QueryReader& in) {
    std::string key;
    std::string value;
    in.need("Key");
    in.text("Key", key);
    in.text("Value", value);
    attributes[key] = value;
  });
  return attributes;
}

Expected<void> check(AttributeScope scope, const shapes::Attributes& attributes) {
  for (const auto& [key, value] : attributes) {
    const bool names_file =
        (scope == AttributeScope::listener && control::is_error_page_file_key(key)) ||
        (scope == AttributeScope::target_group && key == control::target_tls_ca_key);
    if (names_file && !value.empty()) {
      return invalid(fmt::format("'{}' names a file of the node: write it in daruma.yaml", key));
    }
    const auto problem = control::check_attribute(scope, key, value);
    if (!problem) continue;
    return refuse(problem->of_other_types ? "InvalidConfigurationRequest" : "ValidationError",
                  problem->message);
  }
  return {};
}

// `there` are a resource's attributes, found or to be changed, or why there are none.
template <class T>
Expected<void> change(Call& call, AttributeScope scope, const shapes::Attributes& given,
                      const Expected<T*>& there) {
  if (!there) return tl::unexpected(there.error());
  if (const auto good = check(scope, given); !good) return good;
  for (const auto& [key, value] : given) (*there)->attributes[key] = value;
  write(call, scope, (*there)->attributes);
  return {};
}

}  // namespace

Expected<void> describe_load_balancer_attributes(Call& call) {
  const std::string arn = call.arn("LoadBalancerArn");
  if (const auto done = call.finish_input(); !done) return done;
  const auto balancer = call.catalog.balancer(arn);
  if (!balancer) return tl::unexpected(balancer.error());
  write(call, AttributeScope::load_balancer, (*balancer)->attributes);
  return {};
}

Expected<void> modify_load_balancer_attributes(Call& call) {
  const std::string arn = call.arn("LoadBalancerArn");
  const auto given = read(call);
  if (const auto done = call.finish_input(); !done) return done;
  return change(call, AttributeScope::load_balancer, given, call.catalog.edit_balancer(arn));
}

Expected<void> describe_target_group_attributes(Call& call) {
  const std::string arn = call.arn("TargetGroupArn");
  if (const auto done = call.finish_input(); !done) return done;
  const auto group = call.catalog.group(arn);
  if (!group) return tl::unexpected(group.error());
  write(call, AttributeScope::target_group, (*group)->attributes);
  return {};
}

Expected<void> modify_target_group_attributes(Call& call) {
  const std::string arn = call.arn("TargetGroupArn");
  const auto given = read(call);
  if (const auto done = call.finish_input(); !done) return done;
  return change(call, AttributeScope::target_group, given, call.catalog.edit_group(arn));
}

Expected<void> describe_listener_attributes(Call& call) {
  const std::string arn = call.arn("ListenerArn");
  if (const auto done = call.finish_input(); !done) return done;
  const auto place = call.catalog.listener(arn);
  if (!place) return tl::unexpected(place.error());
  write(call, AttributeScope::listener, place->listener->attributes);
  return {};
}

Expected<void> modify_listener_attributes(Call& call) {
  const std::string arn = call.arn("ListenerArn");
  const auto given = read(call);
  if (const auto done = call.finish_input(); !done) return done;
  const auto edited = call.catalog.edit_listener(arn);
  if (!edited) return tl::unexpected(edited.error());
  return change<shapes::Listener>(call, AttributeScope::listener, given, edited->listener);
}

}  // namespace daruma::api::elbv2
