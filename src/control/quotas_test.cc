// SPDX-License-Identifier: Apache-2.0
//
// AWS's numbers ("Quotas for your Application Load Balancers"): as many are good, one more is
// refused with the attribute that allows for it, and good with that.
#include "control/quotas.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "control/declared.h"

namespace daruma::control {
namespace {

using std::string_view;

// How many there are of everything.
struct Site {
  size_t rules = 1;
  size_t values = 1;
  size_t wildcards = 0;
  size_t action_groups = 1;
  size_t listeners = 1;
  size_t certificates = 1;
  size_t groups = 1;
  size_t targets = 1;
};

// In YAML, of text(0), text(1), ...
template <class F>
std::string list(size_t count, F text) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += (i == 0 ? "" : ", ") + text(i);
  return "[" + all + "]";
}

std::string certificate(size_t i) {
  return fmt::format("{{Name: c{0}, CertificateFile: {0}.crt, PrivateKeyFile: {0}.key}}", i);
}

std::string group(const Site& site, size_t i, const std::string& attributes) {
  const auto target = [i](size_t t) {
    return fmt::format("{{Id: 10.{}.{}.{}}}", i, t / 250, t % 250 + 1);
  };
  return fmt::format("{{Name: g{}, Protocol: HTTP, Port: 80, Attributes: {{{}}}, Targets: {}}}", i,
                     attributes, list(site.targets, target));
}

// The default action has the first groups.
std::string rule(const Site& site, size_t i) {
  const auto value = [&site, i](size_t v) {
    return fmt::format("'/{}/{}{}'", i, v, v == 0 ? std::string(site.wildcards, '?') : "");
  };
  return fmt::format(
      "{{Priority: {}, Conditions: [{{Field: path-pattern, Values: {}}}], "
      "Actions: [{{Type: forward, TargetGroup: g{}}}]}}",
      i + 1, list(site.values, value), (i + 1) % site.groups);
}

std::string listener(const Site& site, size_t i) {
  const auto name = [](size_t c) { return fmt::format("c{}", c); };
  const auto weighted = [](size_t g) { return fmt::format("{{TargetGroup: g{}, Weight: 1}}", g); };
  const auto its_rule = [&site](size_t r) { return rule(site, r); };
  return fmt::format(
      "{{Port: {}, Protocol: HTTPS, Certificates: {}, Rules: {}, DefaultActions: [{{Type: forward, "
      "ForwardConfig: {{TargetGroups: {}}}}}]}}",
      i + 1000, list(site.certificates, name), list(i == 0 ? site.rules : 0, its_rule),
      list(site.action_groups, weighted));
}

// "" if it is good.
std::string said_of(const Site& site, string_view quota = "", size_t raised_to = 0) {
  const std::string raised = quota.empty() ? "" : fmt::format("{}: {}", quota, raised_to);
  const bool of_group = quota == "daruma.quota.targets";
  const std::string text = fmt::format(
      "Certificates: {}\nTargetGroups: {}\n"
      "LoadBalancers: [{{Name: web, Attributes: {{{}}}, Listeners: {}}}]\n",
      list(site.certificates, certificate),
      list(site.groups, [&](size_t i) { return group(site, i, of_group ? raised : ""); }),
      of_group ? "" : raised,
      list(site.listeners, [&site](size_t i) { return listener(site, i); }));
  const Surroundings with{
      .read_file = [](const std::string& path) -> Result<std::string> { return path; },
      .check_certificate = [](const tls::CertificateText&) -> Result<CheckedCertificate> {
        return CheckedCertificate{"f00", ""};
      },
      .check_ssl_policy = [](string_view) -> Result<void> { return {}; }};
  return to_text(parse_declared(text, "d.yaml", with).diagnostics);
}

struct Case {
  string_view quota;
  size_t aws;
  size_t Site::*number;
  string_view refusal;
  Site site;
};

class Quota : public testing::TestWithParam<Case> {};

TEST_P(Quota, is_as_aws_has_it_until_raised) {
  const Case& c = GetParam();
  Site site = c.site;
  site.*c.number = c.aws;
  EXPECT_EQ(said_of(site), "");
  site.*c.number = c.aws + 1;
  const std::string refused = said_of(site);
  EXPECT_NE(refused.find(c.refusal), std::string::npos) << refused;
  EXPECT_EQ(refused.find('\n'), refused.size() - 1) << "one thing is wrong";
  EXPECT_EQ(said_of(site, c.quota, c.aws + 1), "");
}

INSTANTIATE_TEST_SUITE_P(
    Table, Quota,
    testing::Values(
        Case{"daruma.quota.rules",
             100,
             &Site::rules,
             "a load balancer has at most 100 rules (default rules not counted), not 101; raise "
             "its daruma.quota.rules for more",
             {}},
        // All in one condition: AWS's other limit, of 3 in each, is not Daruma's.
        Case{"daruma.quota.condition_values_per_rule",
             5,
             &Site::values,
             "a rule has at most 5 condition values, not 6; raise the load balancer's "
             "daruma.quota.condition_values_per_rule for more",
             {}},
        Case{"daruma.quota.condition_wildcards_per_rule",
             6,
             &Site::wildcards,
             "a rule has at most 6 wildcards (* and ?) in its conditions, not 7; raise the load "
             "balancer's daruma.quota.condition_wildcards_per_rule for more",
             {}},
        Case{"daruma.quota.target_groups_per_action",
             5,
             &Site::action_groups,
             "TargetGroups must name 1 to 5 target groups, not 6",
             {.groups = 6}},
        Case{"daruma.quota.listeners",
             50,
             &Site::listeners,
             "a load balancer has at most 50 listeners, not 51; raise its daruma.quota.listeners "
             "for more",
             {}},
        // AWS: 25 besides the default one.
        Case{"daruma.quota.certificates_per_listener",
             26,
             &Site::certificates,
             "a listener has at most 26 certificates, not 27; raise the load balancer's "
             "daruma.quota.certificates_per_listener for more",
             {}},
        Case{"daruma.quota.target_groups",
             100,
             &Site::groups,
             "a load balancer has at most 100 target groups, not 101; raise its "
             "daruma.quota.target_groups for more",
             {.rules = 100}},
        Case{"daruma.quota.targets",
             1000,
             &Site::targets,
             "a target group has at most 1000 targets, not 1001; raise its daruma.quota.targets "
             "for more",
             {}}));

}  // namespace
}  // namespace daruma::control
