// SPDX-License-Identifier: Apache-2.0
#include "api/ec2_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace daruma::api::ec2 {
namespace {

using std::string_view;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

tl::unexpected<ServiceError> no_filter(string_view name) {
  return refuse("InvalidParameterValue", fmt::format("The filter '{}' is invalid", name));
}

}  // namespace

Expected<Filters::Pattern> Filters::pattern_of(const std::string& name, const std::string& value) {
  using routing::Glob;
  if (value.find_first_of("*?") == std::string::npos) return value;
  if (value.size() > Glob::pattern_bytes_max || std::ranges::any_of(value, is_control)) {
    return refuse("InvalidParameterValue",
                  fmt::format("A value of the filter '{}' with '*' or '?' has at most {} bytes, "
                              "and no control characters",
                              name, Glob::pattern_bytes_max));
  }
  return Glob(value, routing::Case::sensitive, routing::Escapes::backslash);
}

Expected<Filters> Filters::read(Input& in, const FilterNames& names) {
  Filters filters;
  size_t count = 0;
  for (const Parameter* entry : in.items("Filter")) {
    Input inner(*entry);
    const std::string name = inner.text("Name");
    const std::vector<std::string> values = inner.texts("Value");
    if (const auto read = inner.finish(); !read) return tl::unexpected(read.error());
    if (!names.has(name)) return no_filter(name.empty() ? "null" : name);
    if (values.empty()) {
      return refuse("InvalidParameterValue", fmt::format("The filter '{}' has no value", name));
    }
    count += values.size();
    if (count > values_max) {
      return refuse(
          "FilterLimitExceeded",
          fmt::format("The maximum number of filter values specified on a single call is {}",
                      values_max));
    }
    Filter& filter = filters.filters_.emplace_back(Filter{name});
    for (const std::string& value : values) {
      auto pattern = pattern_of(name, value);
      if (!pattern) return tl::unexpected(pattern.error());
      filter.values.push_back(std::move(*pattern));
    }
  }
  return filters;
}

bool Filters::let_through(const Facts& facts) const {
  const auto fits = [](const Pattern& pattern, const std::string& fact) {
    const auto* glob = std::get_if<routing::Glob>(&pattern);
    return glob != nullptr ? glob->matches(fact) : std::get<std::string>(pattern) == fact;
  };
  return std::ranges::all_of(filters_, [&](const Filter& filter) {
    const auto [begin, end] = facts.equal_range(filter.name);
    return std::any_of(begin, end, [&](const auto& fact) {
      return std::ranges::any_of(
          filter.values, [&](const Pattern& pattern) { return fits(pattern, fact.second); });
    });
  });
}

}  // namespace daruma::api::ec2
