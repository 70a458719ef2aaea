// SPDX-License-Identifier: Apache-2.0
//
// What Describe operations let through: Filter.N.Name=vpc-id, Filter.N.Value.N=…. A resource passes
// if of each filter one value fits. In values '*' stands for any run of characters and '?' for one,
// unless a backslash stands before them. Pure.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/ec2_input.h"
#include "api/service_error.h"
#include "routing/glob.h"

namespace daruma::api::ec2 {

// What a resource can be filtered by; a name may have several values.
using Facts = std::multimap<std::string, std::string, std::less<>>;

// The filters that an operation knows.
struct FilterNames {
  std::string_view action;
  std::span<const std::string_view> names;
  bool tags;  // "tag:KEY"
  bool has(std::string_view name) const;
};
// Null if it knows none.
const FilterNames* filter_names(std::string_view action);

class Filters {
 public:
  static constexpr size_t values_max = 200;  // of one request, as with AWS

  // InvalidParameterValue for a filter that the operation does not know.
  static Expected<Filters> read(Input& in, const FilterNames& names);

  bool let_through(const Facts& facts) const;

 private:
  using Pattern = std::variant<std::string, routing::Glob>;
  struct Filter {
    std::string name;
    std::vector<Pattern> values{};
  };
  static Expected<Pattern> pattern_of(const std::string& name, const std::string& value);

  std::vector<Filter> filters_;
};

}  // namespace daruma::api::ec2
