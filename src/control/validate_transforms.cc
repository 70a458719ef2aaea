// SPDX-License-Identifier: Apache-2.0
#include "control/validate_transforms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "control/suggestion.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;
using routing::Case;
using std::string_view;

struct Kind {
  string_view type;
  string_view config;
  std::optional<std::vector<api::RewriteConfig>> api::RuleTransform::*rewrites;
  Case letters;
  string_view refused;  // besides what is not visible ASCII
  std::optional<routing::Rewrite> routing::Transforms::*compiled;
};
constexpr Kind kinds[] = {
    {"host-header-rewrite", "HostHeaderRewriteConfig",
     &api::RuleTransform::host_header_rewrite_config, Case::insensitive, "/?#@,\\",
     &routing::Transforms::host},
    {"url-rewrite", "UrlRewriteConfig", &api::RuleTransform::url_rewrite_config, Case::sensitive,
     "#", &routing::Transforms::url},
};

const Kind* kind_of(const api::RuleTransform& transform) {
  const auto found = std::ranges::find(kinds, string_view(transform.type), &Kind::type);
  return found == std::end(kinds) ? nullptr : found;
}

class TransformCheck {
 public:
  TransformCheck(const api::RuleTransform& transform, const Path& path, Issues& issues)
      : transform_(transform), path_(path), issues_(issues) {}

  // Null if it is of no known kind.
  const Kind* run() {
    const Kind* kind = kind_of(transform_);
    if (kind == nullptr) {
      unknown_type();
      return nullptr;
    }
    for (const Kind& other : kinds) {
      if (&other == kind || !(transform_.*other.rewrites)) continue;
      issues_.error_at_key(
          path_.at(other.config),
          fmt::format("{} belongs to Type {}, not {}", other.config, other.type, kind->type));
    }
    if (!(transform_.*kind->rewrites)) {
      issues_.error(path_,
                    fmt::format("a transform of Type {} needs {}: {{Rewrites: [{{Regex: ..., "
                                "Replace: ...}}]}}",
                                kind->type, kind->config));
    } else {
      check(*kind, *(transform_.*kind->rewrites));
    }
    return kind;
  }

 private:
  void unknown_type() {
    static constexpr std::array<string_view, 2> types{kinds[0].type, kinds[1].type};
    issues_.error(path_.at("Type"),
                  transform_.type.empty()
                      ? "Type is missing: " + one_of(types)
                      : fmt::format("Type must be {}, not '{}'{}", one_of(types), transform_.type,
                                    did_you_mean(transform_.type, types)));
  }

  void check(const Kind& kind, const std::vector<api::RewriteConfig>& rewrites) {
    const Path config = path_.at(kind.config);
    if (rewrites.size() != 1) {
      issues_.error(config.at("Rewrites"),
                    fmt::format("Rewrites must hold exactly one {{Regex, Replace}}, not {}",
                                rewrites.size()));
      return;
    }
    const Path where = config.at("Rewrites", 0);
    const bool regex = given("Regex", rewrites[0].regex, where);
    const bool replace = given("Replace", rewrites[0].replace, where);
    if (!regex || !replace || !good_characters(kind, *rewrites[0].replace, where)) return;
    const auto compiled =
        routing::Rewrite::compile(*rewrites[0].regex, *rewrites[0].replace, kind.letters);
    if (compiled) return;
    const bool about_replace = compiled.error().message.starts_with("Replace");
    issues_.error(where.at(about_replace ? "Replace" : "Regex"), compiled.error().message);
  }

  bool given(string_view member, const std::optional<std::string>& value, const Path& where) {
    if (!value || (value->empty() && member == "Regex")) {
      issues_.error(where.at(member), fmt::format("{} is missing", member));
      return false;
    }
    if (value->size() <= limits::rewrite_bytes_max) return true;
    issues_.error(where.at(member), fmt::format("{} has {} characters; the limit is {}", member,
                                                value->size(), limits::rewrite_bytes_max));
    return false;
  }

  bool good_characters(const Kind& kind, string_view replace, const Path& where) {
    const auto bad = std::ranges::find_if(replace, [&](char c) {
      return c <= ' ' || c > '~' || kind.refused.find(c) != string_view::npos;
    });
    if (bad == replace.end()) return true;
    const bool visible = *bad > ' ' && *bad <= '~';
    issues_.error(where.at("Replace"),
                  visible ? fmt::format("Replace of a {} cannot hold '{}'", kind.type, *bad)
                          : std::string("Replace may hold only visible ASCII characters"));
    return false;
  }

  const api::RuleTransform& transform_;
  const Path& path_;
  Issues& issues_;
};

}  // namespace

void validate_transforms(const api::Rule& rule, const Path& path, Issues& issues) {
  std::vector<const Kind*> seen;
  for (size_t i = 0; i < rule.transforms.size(); ++i) {
    const Path where = path.at("Transforms", i);
    const Kind* kind = TransformCheck(rule.transforms[i], where, issues).run();
    if (kind != nullptr && std::ranges::find(seen, kind) != seen.end()) {
      issues.error(where.at("Type"), fmt::format("a rule has at most one {}", kind->type));
    }
    seen.push_back(kind);
  }
  const bool forwards = rule.actions.empty() || rule.actions[0].type == "forward";
  if (!rule.transforms.empty() && !forwards) {
    issues.warning(path.at("Transforms"),
                   fmt::format("only forwarded requests are transformed, and this rule's action is "
                               "{}",
                               rule.actions[0].type));
  }
}

std::shared_ptr<const routing::Transforms> compile_transforms(
    const std::vector<api::RuleTransform>& transforms) {
  if (transforms.empty()) return nullptr;
  auto compiled = std::make_shared<routing::Transforms>();
  for (const api::RuleTransform& transform : transforms) {
    const Kind* kind = kind_of(transform);
    DARUMA_ASSERT(kind != nullptr);
    const api::RewriteConfig& from = (transform.*kind->rewrites)->front();
    auto rewrite = routing::Rewrite::compile(*from.regex, *from.replace, kind->letters);
    DARUMA_ASSERT(rewrite.has_value());
    (*compiled).*kind->compiled = std::move(*rewrite);
  }
  return compiled;
}

}  // namespace daruma::control
