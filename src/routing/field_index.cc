// SPDX-License-Identifier: Apache-2.0
#include "routing/field_index.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"

namespace daruma::routing {

using Pending = std::vector<PendingRule>;

namespace {

// REQUIRES: no rule before `least_rule` is filed for the text.
bool takes_any_text(const GlobIndex::Item& item, uint32_t least_rule) {
  return item.rank == least_rule && item.rank_is_all && item.glob.matches_everything();
}

}  // namespace

class FieldIndex::Builder {
 public:
  void count(const Pending& rules);
  // False if the rule has no condition that it can be filed under.
  bool file(const PendingRule& rule);
  std::unique_ptr<FieldIndex> finish();

 private:
  struct GlobDraft {
    std::string pattern;
    Pending rules;
  };
  struct TextDraft {
    Case letters = Case::sensitive;
    std::map<std::string, GlobDraft> globs;  // by canonical text
    std::map<std::string, Pending> regexes;

    bool empty() const { return globs.empty() && regexes.empty(); }
  };
  using QueryKey = std::tuple<bool, std::string, std::string>;

  class Values;
  class Filer;
  // How many rules have to be looked through if a rule is filed under this condition.
  size_t cost(const model::Condition& condition) const;
  static TextIndex finish(const TextDraft& draft);
  static std::unique_ptr<const TextIndex> finish_if_any(const TextDraft& draft);
  std::unique_ptr<const Headers> finish_headers() const;

  std::unordered_map<std::string, size_t> sharers_;  // of a value, as Values spells it
  TextDraft hosts_{Case::insensitive, {}, {}};
  TextDraft paths_;
  TextDraft methods_;
  std::map<std::string, TextDraft> headers_;  // by name, in lower case
  std::map<QueryKey, QueryIndex::Item> queries_;
  std::map<CidrRange, Pending> sources_;
};

// What a condition may be filed under, one text for each of its values: equal texts for equal
// values of one field. None if one of them is as good as no condition.
class FieldIndex::Builder::Values {
 public:
  std::vector<std::string> operator()(const model::HostHeaderCondition& host) const {
    return texts("host", host, Case::insensitive);
  }
  std::vector<std::string> operator()(const model::PathPatternCondition& path) const {
    return texts("path", path, Case::sensitive);
  }
  std::vector<std::string> operator()(const model::HttpHeaderCondition& header) const {
    return texts("header " + ascii_lowered(header.name), header, Case::insensitive);
  }
  std::vector<std::string> operator()(const model::HttpRequestMethodCondition& method) const {
    std::vector<std::string> values;
    for (const std::string& value : method.values) values.push_back("method " + value);
    return values;
  }
  std::vector<std::string> operator()(const model::QueryStringCondition& query) const {
    std::vector<std::string> values;
    for (const auto& pair : query.values) {
      const Glob value(pair.value, Case::insensitive, Escapes::backslash);
      if (!pair.key && value.matches_everything()) return {};
      const std::string key = pair.key ? "=" + ascii_lowered(*pair.key) : "";
      values.push_back("query " + key + " " + std::string(value.text()));
    }
    return values;
  }
  std::vector<std::string> operator()(const model::SourceIpCondition& source) const {
    std::vector<std::string> values;
    for (const CidrRange& range : source.values) {
      if (range.prefix_bits() == 0) return {};
      values.push_back("source " + range.to_string());
    }
    return values;
  }

 private:
  template <class T>
  static std::vector<std::string> texts(const std::string& field, const T& condition,
                                        Case letters) {
    std::vector<std::string> values;
    for (const std::string& value : condition.values) {
      values.push_back(field + " glob " + std::string(Glob(value, letters).text()));
    }
    for (const std::string& regex : condition.regexes) values.push_back(field + " regex " + regex);
    return values;
  }
};

class FieldIndex::Builder::Filer {
 public:
  Filer(Builder& builder, const PendingRule& rule) : builder_(builder), rule_(rule) {}

  void operator()(const model::HostHeaderCondition& host) { texts(builder_.hosts_, host); }
  void operator()(const model::PathPatternCondition& path) { texts(builder_.paths_, path); }
  void operator()(const model::HttpHeaderCondition& header) {
    TextDraft& draft = builder_.headers_[ascii_lowered(header.name)];
    draft.letters = Case::insensitive;
    texts(draft, header);
  }
  void operator()(const model::HttpRequestMethodCondition& method) {
    for (const std::string& value : method.values) add(builder_.methods_, value);
  }
  void operator()(const model::QueryStringCondition& query) {
    for (const auto& pair : query.values) {
      QueryIndex::Item& item =
          builder_.queries_[{pair.key.has_value(), pair.key.value_or(""), pair.value}];
      item.pair = pair;
      item.rules.push_back(rule_);
    }
  }
  void operator()(const model::SourceIpCondition& source) {
    for (const CidrRange& range : source.values) builder_.sources_[range].push_back(rule_);
  }

 private:
  void add(TextDraft& draft, const std::string& pattern) {
    GlobDraft& glob = draft.globs[std::string(Glob(pattern, draft.letters).text())];
    glob.pattern = pattern;
    glob.rules.push_back(rule_);
  }
  template <class T>
  void texts(TextDraft& draft, const T& condition) {
    for (const std::string& value : condition.values) add(draft, value);
    for (const std::string& regex : condition.regexes) draft.regexes[regex].push_back(rule_);
  }

  Builder& builder_;
  const PendingRule& rule_;
};

void FieldIndex::Builder::count(const Pending& rules) {
  for (const PendingRule& rule : rules) {
    for (const model::Condition* condition : rule.left) {
      if (condition->negate) continue;
      for (const std::string& value : std::visit(Values(), condition->test)) ++sharers_[value];
    }
  }
}

size_t FieldIndex::Builder::cost(const model::Condition& condition) const {
  if (condition.negate) return SIZE_MAX;
  const auto* query = std::get_if<model::QueryStringCondition>(&condition.test);
  const bool room = !query || queries_.size() + query->values.size() <= QueryIndex::items_max;
  size_t most = 0;
  for (const std::string& value : std::visit(Values(), condition.test)) {
    most = std::max(most, sharers_.at(value));
  }
  return most == 0 || !room ? SIZE_MAX : most;
}

bool FieldIndex::Builder::file(const PendingRule& rule) {
  const auto cheapest = std::ranges::min_element(
      rule.left, {}, [this](const model::Condition* condition) { return cost(*condition); });
  if (cheapest == rule.left.end() || cost(**cheapest) == SIZE_MAX) return false;
  PendingRule less = rule;
  less.left.erase(less.left.begin() + (cheapest - rule.left.begin()));
  std::visit(Filer(*this, less), (*cheapest)->test);
  return true;
}

TextIndex FieldIndex::Builder::finish(const TextDraft& draft) {
  TextIndex index;
  std::vector<GlobIndex::Item> globs;
  for (const auto& entry : draft.globs) {
    const GlobDraft& glob = entry.second;
    index.glob_leaves.emplace_back(glob.rules);
    globs.push_back({Glob(glob.pattern, draft.letters), index.glob_leaves.back().least_rule(),
                     index.glob_leaves.back().settled()});
    index.least_rule = std::min(index.least_rule, globs.back().rank);
  }
  std::vector<RegexIndex::Item> regexes;
  for (const auto& [regex, rules] : draft.regexes) {
    index.regex_leaves.emplace_back(rules);
    regexes.push_back({regex, index.regex_leaves.back().least_rule()});
    index.least_rule = std::min(index.least_rule, regexes.back().rank);
  }
  index.settled = std::ranges::any_of(globs, [&index](const GlobIndex::Item& item) {
    return takes_any_text(item, index.least_rule);
  });
  if (!globs.empty()) {
    index.globs = std::make_unique<const GlobIndex>(std::move(globs), draft.letters);
  }
  if (!regexes.empty()) index.regexes = std::make_unique<const RegexIndex>(regexes, draft.letters);
  return index;
}

std::unique_ptr<const TextIndex> FieldIndex::Builder::finish_if_any(const TextDraft& draft) {
  return draft.empty() ? nullptr : std::make_unique<const TextIndex>(finish(draft));
}

std::unique_ptr<const FieldIndex::Headers> FieldIndex::Builder::finish_headers() const {
  if (headers_.empty()) return nullptr;
  uint32_t least_rule = UINT32_MAX;
  std::vector<GlobIndex::Item> names;
  std::vector<TextIndex> texts;
  for (const auto& [name, draft] : headers_) {
    texts.push_back(finish(draft));
    names.push_back({Glob(name, Case::insensitive), texts.back().least_rule, texts.back().settled});
    least_rule = std::min(least_rule, texts.back().least_rule);
  }
  return std::make_unique<const Headers>(
      Headers{least_rule, GlobIndex(std::move(names), Case::insensitive), std::move(texts)});
}

std::unique_ptr<FieldIndex> FieldIndex::Builder::finish() {
  std::unique_ptr<FieldIndex> index(new FieldIndex);
  index->hosts_ = finish_if_any(hosts_);
  index->paths_ = finish_if_any(paths_);
  index->methods_ = finish_if_any(methods_);
  index->headers_ = finish_headers();
  std::vector<QueryIndex::Item> queries;
  for (auto& entry : queries_) queries.push_back(std::move(entry.second));
  if (!queries.empty()) index->queries_ = std::make_unique<const QueryIndex>(std::move(queries));
  std::vector<SourceIndex::Item> sources(sources_.begin(), sources_.end());
  if (!sources.empty()) index->sources_ = std::make_unique<const SourceIndex>(std::move(sources));
  return index;
}

std::unique_ptr<const FieldIndex> FieldIndex::build(std::vector<PendingRule>& rules) {
  Builder builder;
  builder.count(rules);
  const size_t before = rules.size();
  std::erase_if(rules, [&builder](const PendingRule& rule) { return builder.file(rule); });
  return rules.size() == before ? nullptr : builder.finish();
}

void TextIndex::take_best(std::string_view subject, const MatchInput& input, uint32_t& best) const {
  if (least_rule >= best) return;
  if (globs) {
    globs->for_each_match(subject, best, [this, &input, &best](uint32_t glob, uint32_t rule) {
      if (glob == GlobIndex::no_item) {
        best = rule;
      } else {
        glob_leaves[glob].take_best(input, best);
      }
    });
  }
  if (regexes) {
    regexes->for_each_match(subject, best, [this, &input, &best](uint32_t regex) {
      regex_leaves[regex].take_best(input, best);
    });
  }
}

void FieldIndex::take_best(const MatchInput& input, uint32_t& best) const {
  if (hosts_) {
    hosts_->take_best(input.host, input, best);
    if (hosts_->regexes && input.has_port()) hosts_->take_best(input.host_and_port, input, best);
  }
  if (paths_) paths_->take_best(input.path, input, best);
  if (methods_) methods_->take_best(input.method, input, best);
  if (headers_) take_best_by_header(input, best);
  if (queries_) queries_->take_best(input, best);
  if (sources_) sources_->take_best(input, best);
}

void FieldIndex::take_best_by_header(const MatchInput& input, uint32_t& best) const {
  if (headers_->least_rule >= best || input.fields == nullptr) return;
  for (const http::Field& field : *input.fields) {
    if (!MatchInput::counts(field)) continue;
    const auto take = [this, &field, &input, &best](uint32_t name, uint32_t rule) {
      if (name == GlobIndex::no_item) {
        best = rule;
      } else {
        headers_->texts[name].take_best(field.value, input, best);
      }
    };
    headers_->names.for_each_match(field.name, best, take);
  }
}

}  // namespace daruma::routing
