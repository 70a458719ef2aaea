// SPDX-License-Identifier: Apache-2.0
//
// The Query protocol's output: XML as AWS's services write it, lists as <member> elements. One of
// the codecs of api/shapes.h. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/resources.h"

namespace daruma::api {

// Target group's name → its ARN.
using ArnOfGroup = std::function<std::string(const std::string& name)>;

class XmlWriter {
 public:
  explicit XmlWriter(ArnOfGroup arn_of_group = {}) : arn_of_group_(std::move(arn_of_group)) {}

  // Elements; what is absent is left out. An empty text is absent too, unless it is optional.
  void text(std::string_view name, const std::string& value) {
    if (!value.empty()) element(name, value);
  }
  void text(std::string_view name, const std::optional<std::string>& value) {
    if (value) element(name, *value);
  }
  void number(std::string_view name, const std::optional<int64_t>& value) {
    if (value) element(name, std::to_string(*value));
  }
  void flag(std::string_view name, const std::optional<bool>& value) {
    if (value) element(name, *value ? "true" : "false");
  }
  void texts(std::string_view name, const std::vector<std::string>& values);
  void texts(std::string_view name, const std::optional<std::vector<std::string>>& values) {
    if (values) texts(name, *values);
  }
  // By its ARN.
  void group(const std::string& name) { text("TargetGroupArn", arn_of_group_(name)); }
  void group(const std::optional<std::string>& name) {
    if (name) group(*name);
  }
  void forward_config(const std::optional<std::vector<model::api::TargetGroupTuple>>& groups,
                      const std::optional<model::api::TargetGroupStickinessConfig>& stickiness);
  void foreign(std::string_view, std::string_view) {}
  void own_flag(std::string_view, const std::optional<bool>&) {}
  void own_text(std::string_view, const std::string&) {}

  template <class T>
  void object(std::string_view name, const std::optional<T>& value) {
    if (value) within(name, [&] { describe(*this, *value); });
  }
  template <class T>
  void objects(std::string_view name, const std::vector<T>& values) {
    each(name, values, [&](const T& value) { describe(*this, value); });
  }
  // An object whose one member is a list.
  template <class T>
  void wrapped(std::string_view name, std::string_view inner,
               const std::optional<std::vector<T>>& values) {
    if (values) within(name, [&] { objects(inner, *values); });
  }

  template <class F>
  void within(std::string_view name, F f) {
    open(name);
    f();
    close(name);
  }
  template <class List, class F>
  void each(std::string_view name, const List& values, F f) {
    within(name, [&] {
      for (const auto& value : values) within("member", [&] { f(value); });
    });
  }
  void element(std::string_view name, std::string_view value);

  const std::string& str() const { return xml_; }

 private:
  void open(std::string_view name);
  void close(std::string_view name);

  ArnOfGroup arn_of_group_;
  std::string xml_;
};

}  // namespace daruma::api
