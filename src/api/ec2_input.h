// SPDX-License-Identifier: Apache-2.0
//
// Reads an EC2 operation's input: lists are numbered without "member". The first thing wrong is
// remembered and the rest read on; what nobody asked for is refused at the end. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/query_parameters.h"
#include "api/service_error.h"
#include "model/resources.h"

namespace daruma::api::ec2 {

class Input {
 public:
  explicit Input(const Parameter& parameters) : parameters_(parameters) {}  // outlive it

  std::string text(std::string_view name);      // "" if it is missing
  std::string required(std::string_view name);  // fails if it is missing
  // Of a list ("VpcId.1=…&VpcId.2=…"), by number; what has no number is refused.
  std::vector<const Parameter*> items(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  // TagSpecification.N of this kind of resource; another kind's are refused.
  model::api::Tags tags(std::string_view resource_type);
  bool has(std::string_view name) const { return parameters_.find(name) != nullptr; }
  std::optional<int64_t> number(std::string_view name);  // whole, of 32 bits
  std::optional<bool> flag(std::string_view name);
  // f(Input&) of each structure of a list, by number.
  template <class F>
  void each(std::string_view name, F f) {
    for (const Parameter* item : items(name)) within(*item, f);
  }
  // f(Input&) of a structure, if it is given.
  template <class F>
  void within(std::string_view name, F f) {
    if (const Parameter* given = take(name)) within(*given, f);
  }

  static constexpr size_t tags_max = 50;  // of a resource
  // Tag.N by key; nullopt where a tag has no Value.
  using GivenTags = std::map<std::string, std::optional<std::string>>;
  GivenTags given_tags();

  void fail(ServiceError problem) {
    if (!problem_) problem_ = std::move(problem);
  }
  // Whether all was right. Call last.
  Expected<void> finish();

 private:
  const Parameter* take(std::string_view name);
  template <class F>
  void within(const Parameter& given, F f) {
    Input inner(given);
    f(inner);
    if (auto read = inner.finish(); !read) fail(std::move(read.error()));
  }

  const Parameter& parameters_;
  std::set<std::string_view> taken_;
  std::optional<ServiceError> problem_;
};

}  // namespace daruma::api::ec2
