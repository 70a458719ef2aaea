// SPDX-License-Identifier: Apache-2.0
//
// The Query protocol's input: "Action=CreateRule&Conditions.member.1.Field=path-pattern" as a tree.
// Bounded in number and depth; texts are UTF-8 that XML can hold. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/service_error.h"

namespace daruma::api {

inline constexpr size_t query_parameters_max = 10'000;
inline constexpr size_t query_depth_max = 16;

struct Parameter {
  std::string text;
  bool has_text = false;
  std::map<std::string, Parameter, std::less<>> members;

  const Parameter* find(std::string_view name) const {
    const auto found = members.find(name);
    return found == members.end() ? nullptr : &found->second;
  }
  // Items of a list ("member.1", "member.2", …), by number; an empty text is an empty list.
  // Fails if there is something else.
  Expected<std::vector<const Parameter*>> items() const;
};

// Of a form body (application/x-www-form-urlencoded: '+' is a space).
Expected<Parameter> parse_form(std::string_view form);
// Of a query, where '+' is itself, as signatures read it: both must mean the same by one text.
Expected<Parameter> parse_query(std::string_view query);

}  // namespace daruma::api
