// SPDX-License-Identifier: Apache-2.0
#include "control/decode_rules.h"

#include <string>
#include <vector>

namespace daruma::control {
namespace {

using std::string_view;

constexpr ForeignMember condition_foreign[] = {
    {"RegexValues"}, {"HttpHeaderConfig"}, {"QueryStringConfig"}, {"SourceIpConfig"}};
constexpr ForeignMember config_foreign[] = {{"RegexValues"}};
constexpr string_view foreign_fields[] = {"http-header", "query-string", "source-ip"};

}  // namespace

void decode_condition(const YamlNode& node, const Path& path, model::api::RuleCondition& out,
                      DecodeProblems& problems) {
  if (problems.refuse_choice(node, path, "Field", foreign_fields)) return;
  Members members(node, path, "a condition", problems);
  members.text("Field", out.field);
  members.texts("Values", out.values);
  const auto config = [&](string_view key, std::optional<std::vector<std::string>>& values) {
    members.mapping(key, [&](const YamlNode& inner, const Path& where) {
      Members its(inner, where, key, problems);
      its.texts("Values", values.emplace());
      its.finish(config_foreign);
      problems.excuse(inner, where, config_foreign);
    });
  };
  config("HostHeaderConfig", out.host_header_config);
  config("PathPatternConfig", out.path_pattern_config);
  config("HttpRequestMethodConfig", out.http_request_method_config);
  members.finish(condition_foreign);
  problems.excuse(node, path, condition_foreign);
}

void decode_transform(const YamlNode& node, const Path& path, model::api::RuleTransform& out,
                      DecodeProblems& problems) {
  Members members(node, path, "a transform", problems);
  members.text("Type", out.type);
  const auto rewrite = [&](const YamlNode& inner, const Path& where,
                           model::api::RewriteConfig& one) {
    Members its(inner, where, "an item of Rewrites", problems);
    its.text("Regex", one.regex);
    its.text("Replace", one.replace);
    its.finish();
  };
  const auto config = [&](string_view key,
                          std::optional<std::vector<model::api::RewriteConfig>>& rewrites) {
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
