// SPDX-License-Identifier: Apache-2.0
#include "control/decode_rules.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace daruma::control {
namespace {

namespace api = model::api;
using std::string_view;

constexpr ForeignMember no_regexes[] = {
    {"RegexValues", ForeignKind::elsewhere,
     "regular expressions are for Fields host-header, path-pattern and http-header"}};
constexpr ForeignMember config_foreign[] = {no_regexes[0],
                                            {"IpAddressType", ForeignKind::elsewhere}};

enum Has : unsigned { values = 1, regexes = 2, name = 4 };

void decode_pair(const YamlNode& node, const Path& path, api::QueryStringKeyValuePair& out,
                 DecodeProblems& problems) {
  Members members(node, path, "an item of Values", problems);
  members.text("Key", out.key);
  members.text("Value", out.value);
  members.finish();
}

}  // namespace

void decode_condition(const YamlNode& node, const Path& path, api::RuleCondition& out,
                      DecodeProblems& problems) {
  Members members(node, path, "a condition", problems);
  members.text("Field", out.field);
  members.texts("Values", out.values);
  members.texts("RegexValues", out.regex_values);
  const auto config = [&](string_view key, unsigned has, std::optional<api::ConditionConfig>& to) {
    members.mapping(key, [&](const YamlNode& inner, const Path& where) {
      Members its(inner, where, key, problems);
      api::ConditionConfig& one = to.emplace();
      if (has & Has::name) its.text("HttpHeaderName", one.http_header_name);
      if (has & Has::values) its.texts("Values", one.values);
      if (has & Has::regexes) its.texts("RegexValues", one.regex_values);
      its.finish(config_foreign);
      if (!(has & Has::regexes)) problems.excuse(inner, where, no_regexes);
    });
  };
  config("HostHeaderConfig", Has::values | Has::regexes, out.host_header_config);
  config("PathPatternConfig", Has::values | Has::regexes, out.path_pattern_config);
  config("HttpHeaderConfig", Has::name | Has::values | Has::regexes, out.http_header_config);
  config("HttpRequestMethodConfig", Has::values, out.http_request_method_config);
  config("SourceIpConfig", Has::values, out.source_ip_config);
  members.mapping("QueryStringConfig", [&](const YamlNode& inner, const Path& where) {
    Members its(inner, where, "QueryStringConfig", problems);
    its.list("Values", out.query_string_config.emplace(),
             [&](auto& n, auto& p, auto& pair) { decode_pair(n, p, pair, problems); });
    its.finish(config_foreign);
    problems.excuse(inner, where, no_regexes);
  });
  members.boolean("daruma.negate", out.negate);
  members.finish();
}

void decode_transform(const YamlNode& node, const Path& path, api::RuleTransform& out,
                      DecodeProblems& problems) {
  Members members(node, path, "a transform", problems);
  members.text("Type", out.type);
  const auto rewrite = [&](const YamlNode& inner, const Path& where, api::RewriteConfig& one) {
    Members its(inner, where, "an item of Rewrites", problems);
    its.text("Regex", one.regex);
    its.text("Replace", one.replace);
    its.finish();
  };
  const auto config = [&](string_view key,
                          std::optional<std::vector<api::RewriteConfig>>& rewrites) {
    members.mapping(key, [&](const YamlNode& inner, const Path& where) {
      Members its(inner, where, key, problems);
      its.list("Rewrites", rewrites.emplace(), rewrite);
      its.finish();
    });
  };
  config("HostHeaderRewriteConfig", out.host_header_rewrite_config);
  config("UrlRewriteConfig", out.url_rewrite_config);
  members.finish();
}

}  // namespace daruma::control
