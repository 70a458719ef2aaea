// SPDX-License-Identifier: Apache-2.0
//
// How resources are written into the store, and out as a file: JSON, whose members are called as in
// the elbv2 model. Two of the codecs of api/shapes.h. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/shapes.h"
#include "model/resources.h"

namespace daruma::api {

// In the order in which members were written.
using Json = nlohmann::ordered_json;

// On one line. Bytes that are no UTF-8 become U+FFFD: dump() alone would throw, and nothing
// catches.
template <class AnyJson>
std::string json_text(const AnyJson& json) {
  return json.dump(-1, ' ', false, AnyJson::error_handler_t::replace);
}

class JsonWriter {
 public:
  // Members are added to what `json` has, or to nothing.
  enum class Begin : uint8_t { anew, as_it_is };
  explicit JsonWriter(Json& json, Begin begin = Begin::anew) : json_(json) {
    if (begin == Begin::anew) json_ = Json::object();
  }

  void text(std::string_view name, const std::string& value) {
    if (!value.empty()) put(name, value);
  }
  template <class T>
  void text(std::string_view name, const std::optional<T>& value) {
    if (value) put(name, *value);
  }
  void number(std::string_view name, const std::optional<int64_t>& value) {
    if (value) put(name, *value);
  }
  void flag(std::string_view name, const std::optional<bool>& value) {
    if (value) put(name, *value);
  }
  void texts(std::string_view name, const std::vector<std::string>& values) {
    if (!values.empty()) put(name, values);
  }
  void texts(std::string_view name, const std::optional<std::vector<std::string>>& values) {
    if (values) put(name, *values);
  }
  void map(std::string_view name, const std::map<std::string, std::string>& values) {
    if (!values.empty()) put(name, values);
  }
  void group(const std::string& name) { text("TargetGroup", name); }
  void group(const std::optional<std::string>& name) { text("TargetGroup", name); }
  void forward_config(const std::optional<std::vector<model::api::TargetGroupTuple>>& groups,
                      const std::optional<model::api::TargetGroupStickinessConfig>& stickiness) {
    if (!groups) return;
    JsonWriter config(member("ForwardConfig"));
    config.objects("TargetGroups", *groups);
    config.object("TargetGroupStickinessConfig", stickiness);
  }
  void foreign(std::string_view, std::string_view) {}
  void own_flag(std::string_view name, const std::optional<bool>& value) { flag(name, value); }
  void own_text(std::string_view name, const std::string& value) { text(name, value); }

  template <class T>
  void object(std::string_view name, const std::optional<T>& value) {
    if (!value) return;
    JsonWriter inner(member(name));
    describe(inner, *value);
  }
  template <class T>
  void objects(std::string_view name, const std::vector<T>& values) {
    Json& list = member(name) = Json::array();
    for (const T& value : values) {
      JsonWriter inner(list.emplace_back());
      describe(inner, value);
    }
  }
  template <class T>
  void wrapped(std::string_view name, std::string_view inner_name,
               const std::optional<std::vector<T>>& values) {
    if (!values) return;
    JsonWriter inner(member(name));
    inner.objects(inner_name, *values);
  }

 private:
  Json& member(std::string_view name) { return json_[std::string(name)]; }
  template <class T>
  void put(std::string_view name, const T& value) {
    member(name) = value;
  }

  Json& json_;
};

// Reads what JsonWriter wrote. A member of another kind than it writes is left out: what comes of
// that is for control/validate to find.
class JsonReader {
 public:
  explicit JsonReader(const Json& json) : json_(json) {}

  template <class T>
  void text(std::string_view name, T& out) {
    if (const Json* value = find(name, &Json::is_string)) out = value->get<std::string>();
  }
  void number(std::string_view name, std::optional<int64_t>& out) {
    if (const Json* value = find(name, &Json::is_number_integer)) out = value->get<int64_t>();
  }
  void flag(std::string_view name, std::optional<bool>& out) {
    if (const Json* value = find(name, &Json::is_boolean)) out = value->get<bool>();
  }
  template <class T>
  void texts(std::string_view name, T& out) {
    const Json* list = find(name, &Json::is_array);
    if (list == nullptr) return;
    std::vector<std::string> texts;
    for (const Json& item : *list) {
      if (item.is_string()) texts.push_back(item.get<std::string>());
    }
    out = std::move(texts);
  }
  void map(std::string_view name, std::map<std::string, std::string>& out) {
    const Json* object = find(name, &Json::is_object);
    if (object == nullptr) return;
    for (const auto& [key, value] : object->items()) {
      if (value.is_string()) out[key] = value.get<std::string>();
    }
  }
  template <class T>
  void group(T& out) {
    text("TargetGroup", out);
  }
  void forward_config(std::optional<std::vector<model::api::TargetGroupTuple>>& groups,
                      std::optional<model::api::TargetGroupStickinessConfig>& stickiness) {
    const Json* value = find("ForwardConfig", &Json::is_object);
    if (value == nullptr) return;
    JsonReader config(*value);
    config.objects("TargetGroups", groups.emplace());
    config.object("TargetGroupStickinessConfig", stickiness);
  }
  void foreign(std::string_view, std::string_view) {}
  void own_flag(std::string_view name, std::optional<bool>& out) { flag(name, out); }
  void own_text(std::string_view name, std::string& out) { text(name, out); }

  template <class T>
  void object(std::string_view name, std::optional<T>& out) {
    const Json* value = find(name, &Json::is_object);
    if (value == nullptr) return;
    JsonReader inner(*value);
    describe(inner, out.emplace());
  }
  template <class T>
  void objects(std::string_view name, std::vector<T>& out) {
    const Json* list = find(name, &Json::is_array);
    if (list == nullptr) return;
    for (const Json& item : *list) {
      JsonReader inner(item);
      describe(inner, out.emplace_back());
    }
  }
  template <class T>
  void wrapped(std::string_view name, std::string_view inner_name,
               std::optional<std::vector<T>>& out) {
    const Json* value = find(name, &Json::is_object);
    if (value == nullptr) return;
    JsonReader inner(*value);
    inner.objects(inner_name, out.emplace());
  }

 private:
  const Json* find(std::string_view name, bool (Json::*is_kind)() const noexcept) const {
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(std::string(name));
    return found != json_.end() && ((*found).*is_kind)() ? &*found : nullptr;
  }

  const Json& json_;
};

}  // namespace daruma::api
