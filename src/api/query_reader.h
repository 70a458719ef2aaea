// SPDX-License-Identifier: Apache-2.0
//
// Reads an operation's input: members by name, of the kind they have in the elbv2 model. One of the
// codecs of api/shapes.h. The first thing wrong is remembered and the rest read on; what nobody
// asked for is refused at the end, so that nothing is ignored in silence. Values' meaning is
// checked elsewhere (control/validate). Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/query_parameters.h"
#include "api/service_error.h"
#include "model/resources.h"

namespace daruma::api {

// A target group's ARN → its name, or why not.
using GroupOfArn = std::function<Expected<std::string>(const std::string& arn)>;

class QueryReader {
 public:
  // `node` outlives the reader.
  QueryReader(const Parameter& node, GroupOfArn group_of_arn)
      : node_(node), group_of_arn_(std::move(group_of_arn)) {}

  void text(std::string_view name, std::string& out);
  void text(std::string_view name, std::optional<std::string>& out);
  void number(std::string_view name, std::optional<int64_t>& out);
  void flag(std::string_view name, std::optional<bool>& out);
  void texts(std::string_view name, std::vector<std::string>& out);
  void texts(std::string_view name, std::optional<std::vector<std::string>>& out);
  void group(std::string& out);
  void group(std::optional<std::string>& out);
  void forward_config(std::optional<std::vector<model::api::TargetGroupTuple>>& groups,
                      std::optional<model::api::TargetGroupStickinessConfig>& stickiness);
  void own_flag(std::string_view, std::optional<bool>&) {}
  void own_text(std::string_view, std::string&) {}
  // Refused with this code if it is given: an ALB has it, this release does not.
  void foreign(std::string_view name, const char* code);

  template <class T>
  void object(std::string_view name, std::optional<T>& out) {
    within(name, [&](QueryReader& inner) { describe(inner, out.emplace()); });
  }
  template <class T>
  void objects(std::string_view name, std::vector<T>& out) {
    each(name, [&](QueryReader& inner) { describe(inner, out.emplace_back()); });
  }
  template <class T>
  void wrapped(std::string_view name, std::string_view inner_name,
               std::optional<std::vector<T>>& out) {
    within(name, [&](QueryReader& inner) { inner.objects(inner_name, out.emplace()); });
  }
  // f(reader of it), if it is given.
  template <class F>
  void within(std::string_view name, F f) {
    if (const Parameter* member = take(name)) go_into(*member, name, f);
  }
  // f(reader of each item).
  template <class F>
  void each(std::string_view name, F f) {
    for (const Parameter* item : items(name)) go_into(*item, name, f);
  }

  // It may be given; nobody has to know what it holds.
  void whatever(std::string_view name) { static_cast<void>(take(name)); }

  bool has(std::string_view name) const { return node_.find(name) != nullptr; }
  // As a required member of the model.
  void need(std::string_view name);
  void fail(ServiceError problem) {
    if (!problem_) problem_ = std::move(problem);
  }
  // What was wrong, or an input that nobody took. Call last.
  std::optional<ServiceError> finish();

 private:
  template <class F>
  void go_into(const Parameter& member, std::string_view name, F f) {
    QueryReader inner(member, group_of_arn_);
    f(inner);
    if (auto problem = inner.finish()) fail(std::move(*problem));
    static_cast<void>(name);
  }
  const Parameter* take(std::string_view name);
  const Parameter* take_text(std::string_view name);
  std::vector<const Parameter*> items(std::string_view name);

  const Parameter& node_;
  GroupOfArn group_of_arn_;
  std::set<std::string_view> taken_;
  std::optional<ServiceError> problem_;
};

}  // namespace daruma::api
