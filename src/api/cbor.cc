// SPDX-License-Identifier: Apache-2.0
#include "api/cbor.h"

#include <cbor.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "base/check.h"

namespace daruma::api::cloudwatch {
namespace {

constexpr int depth_max = 16;

struct Release {
  void operator()(cbor_item_t* item) const { cbor_decref(&item); }
};
using Item = std::unique_ptr<cbor_item_t, Release>;

// A list that says it has more items than there are bytes would be given its memory at once.
bool has_true_sizes(std::string_view bytes) {
  struct Check {
    size_t most;
    bool good = true;
  } check{bytes.size()};
  const auto count = [](void* context, size_t items) {
    auto* seen = static_cast<Check*>(context);
    seen->good = seen->good && items <= seen->most;
  };
  cbor_callbacks callbacks = cbor_empty_callbacks;
  callbacks.array_start = count;
  callbacks.map_start = count;
  while (!bytes.empty() && check.good) {
    const auto* data = reinterpret_cast<cbor_data>(bytes.data());
    const cbor_decoder_result step = cbor_stream_decode(data, bytes.size(), &callbacks, &check);
    if (step.status != CBOR_DECODER_FINISHED) return false;
    bytes.remove_prefix(step.read);
  }
  return check.good;
}

std::optional<Json> json_of(const cbor_item_t* item, int depth);

// One piece, or several (indefinite length).
std::optional<std::string> text_of(const cbor_item_t* item) {
  if (cbor_string_is_definite(item)) {
    const auto* data = reinterpret_cast<const char*>(cbor_string_handle(item));
    return data ? std::string(data, cbor_string_length(item)) : std::string();
  }
  std::string text;
  for (size_t i = 0; i < cbor_string_chunk_count(item); ++i) {
    const cbor_item_t* chunk = cbor_string_chunks_handle(item)[i];
    if (!cbor_isa_string(chunk)) return std::nullopt;
    const auto* data = reinterpret_cast<const char*>(cbor_string_handle(chunk));
    if (data) text.append(data, cbor_string_length(chunk));
  }
  return text;
}

std::optional<Json> list_of(const cbor_item_t* item, int depth) {
  Json list = Json::array();
  for (size_t i = 0; i < cbor_array_size(item); ++i) {
    auto inner = json_of(cbor_array_handle(item)[i], depth - 1);
    if (!inner) return std::nullopt;
    list.push_back(std::move(*inner));
  }
  return list;
}

std::optional<Json> object_of(const cbor_item_t* item, int depth) {
  Json object = Json::object();
  for (size_t i = 0; i < cbor_map_size(item); ++i) {
    const cbor_pair& pair = cbor_map_handle(item)[i];
    if (!cbor_isa_string(pair.key)) return std::nullopt;
    const auto key = text_of(pair.key);
    auto inner = json_of(pair.value, depth - 1);
    if (!key || !inner) return std::nullopt;
    object[*key] = std::move(*inner);
  }
  return object;
}

Json simple_of(const cbor_item_t* item) {
  if (cbor_is_float(item)) return cbor_float_get_float(item);
  return cbor_is_bool(item) ? Json(cbor_get_bool(item)) : Json();
}

std::optional<Json> json_of(const cbor_item_t* item, int depth) {
  if (depth == 0) return std::nullopt;
  switch (cbor_typeof(item)) {
    case CBOR_TYPE_UINT:
      return cbor_get_int(item);
    case CBOR_TYPE_NEGINT:
      return -1.0 - static_cast<double>(cbor_get_int(item));
    case CBOR_TYPE_BYTESTRING:
      return std::nullopt;  // no operation takes one
    case CBOR_TYPE_STRING:
      return text_of(item);
    case CBOR_TYPE_ARRAY:
      return list_of(item, depth);
    case CBOR_TYPE_MAP:
      return object_of(item, depth);
    case CBOR_TYPE_TAG: {
      const Item inner(cbor_tag_item(item));
      return json_of(inner.get(), depth - 1);
    }
    case CBOR_TYPE_FLOAT_CTRL:
      return simple_of(item);
  }
  return std::nullopt;
}

// Out of memory ends the process.
Item made(cbor_item_t* item) {
  DARUMA_ASSERT(item != nullptr);
  return Item(item);
}

Item text_item(const std::string& text) {
  return made(cbor_build_stringn(text.data(), text.size()));
}

Item item_of(const Json& json);

Item list_item(const Json& json) {
  Item list = made(cbor_new_definite_array(json.size()));
  for (const Json& inner : json) {
    const Item item = item_of(inner);
    DARUMA_ASSERT(cbor_array_push(list.get(), item.get()));
  }
  return list;
}

Item map_item(const Json& json) {
  Item map = made(cbor_new_definite_map(json.size()));
  for (const auto& [key, inner] : json.items()) {
    const Item name = text_item(key);
    const Item value = item_of(inner);
    DARUMA_ASSERT(cbor_map_add(map.get(), {name.get(), value.get()}));
  }
  return map;
}

Item item_of(const Json& json) {
  if (json.is_binary()) {
    const Item seconds = made(cbor_build_float8(seconds_of(json)));
    return made(cbor_build_tag(1, seconds.get()));
  }
  if (json.is_array()) return list_item(json);
  if (json.is_object()) return map_item(json);
  if (json.is_string()) return text_item(json.get_ref<const std::string&>());
  if (json.is_boolean()) return made(cbor_build_bool(json.get<bool>()));
  if (json.is_number_float()) return made(cbor_build_float8(json.get<double>()));
  if (json.is_number_integer()) {
    const auto number = json.get<int64_t>();
    return made(number < 0 ? cbor_build_negint64(static_cast<uint64_t>(-(number + 1)))
                           : cbor_build_uint64(static_cast<uint64_t>(number)));
  }
  return made(cbor_new_null());
}

}  // namespace

std::optional<Json> from_cbor(std::string_view bytes) {
  if (bytes.empty() || !has_true_sizes(bytes)) return std::nullopt;
  cbor_load_result result{};
  const Item item(cbor_load(reinterpret_cast<cbor_data>(bytes.data()), bytes.size(), &result));
  if (!item || result.read != bytes.size()) return std::nullopt;
  return json_of(item.get(), depth_max);
}

std::string to_cbor(const Json& json) {
  const Item item = item_of(json);
  unsigned char* data = nullptr;
  size_t room = 0;
  const size_t size = cbor_serialize_alloc(item.get(), &data, &room);
  DARUMA_ASSERT(data != nullptr);
  std::string bytes(reinterpret_cast<const char*>(data), size);
  std::free(data);
  return bytes;
}

}  // namespace daruma::api::cloudwatch
