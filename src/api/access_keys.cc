// SPDX-License-Identifier: Apache-2.0
#include "api/access_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "api/digest.h"
#include "api/json_codec.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "control/durable_file.h"
#include "io/read_file.h"

namespace daruma::api {
namespace {

namespace fs = std::filesystem;
using std::string_view;

constexpr size_t file_bytes_max = 4096;
constexpr string_view prefix = "AKIADARUMA";
constexpr size_t id_bytes = prefix.size() + 10;
constexpr size_t secret_bytes = 30;  // 40 characters, as AWS's

std::string folder_of(const std::string& directory) {
  return directory + "/access-keys";
}

// Of our making: nothing else is looked for on the disk.
bool is_id(string_view id) {
  const auto is_good = [](char c) { return (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9'); };
  return id.size() == id_bytes && id.starts_with(prefix) &&
         std::ranges::all_of(id.substr(prefix.size()), is_good);
}

std::string random_bytes(size_t count) {
  const std::string digits = random_hex(count);
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(parse_hex(digits.substr(i, 2)).value_or(0));
  }
  return bytes;
}

Result<Json> read_key(const std::string& directory, string_view id) {
  const std::string path = fmt::format("{}/{}", folder_of(directory), id);
  const auto text = io::read_file(path, file_bytes_max);
  if (!text) return fail(fmt::format("cannot read {}: {}", path, text.error().message));
  Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return fail(path + " is no access key");
  return json;
}

std::string member(const Json& json, string_view name) {
  std::string text;
  JsonReader(json).text(name, text);
  return text;
}

}  // namespace

Result<MadeKey> make_access_key(const std::string& directory, const std::string& role,
                                const std::string& now) {
  if (!fs::is_directory(directory)) return fail("there is no folder " + directory);
  const auto vault = KeyVault::open(directory);
  if (!vault) return fail(vault.error().message);
  std::error_code problem;
  const std::string folder = folder_of(directory);
  if (fs::create_directory(folder, problem)) {
    fs::permissions(folder, fs::perms::owner_all, problem);
  }
  if (problem) return fail(fmt::format("cannot make {}: {}", folder, problem.message()));
  MadeKey made;
  made.created = now;
  made.key.id = std::string(prefix);
  for (const char c : random_hex(5)) made.key.id += static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c);
  made.key.secret = base64(random_bytes(secret_bytes));
  made.key.role = role;
  Json json;
  JsonWriter writer(json);
  writer.text("Role", role);
  writer.text("CreatedTime", now);
  writer.text("Secret", vault->seal(*made.key.secret));
  const auto kept = control::replace_file(folder, made.key.id, json_text(json) + "\n");
  if (!kept) return fail(kept.error().message);
  return made;
}

Result<std::vector<MadeKey>> access_keys(const std::string& directory) {
  std::vector<MadeKey> keys;
  std::error_code problem;
  if (!fs::is_directory(directory)) return fail("there is no folder " + directory);
  const std::string folder = folder_of(directory);
  if (!fs::exists(folder)) return keys;
  for (const auto& entry : fs::directory_iterator(folder, problem)) {
    const std::string id = entry.path().filename().string();
    if (!is_id(id)) continue;
    const auto json = read_key(directory, id);
    if (!json) return fail(json.error().message);
    MadeKey& made = keys.emplace_back();
    made.key.id = id;
    made.key.role = member(*json, "Role");
    made.created = member(*json, "CreatedTime");
  }
  if (problem) return fail(fmt::format("cannot read {}: {}", folder, problem.message()));
  std::ranges::sort(keys, {}, [](const MadeKey& made) { return made.key.id; });
  return keys;
}

Result<void> delete_access_key(const std::string& directory, const std::string& id) {
  std::error_code problem;
  if (is_id(id) && fs::remove(folder_of(directory) + "/" + id, problem)) return {};
  if (problem) return fail(fmt::format("cannot delete {}: {}", id, problem.message()));
  return fail(fmt::format("{} has no key {}", directory, id));
}

std::optional<model::api::AccessKey> find_access_key(const std::string& directory,
                                                     const KeyVault& vault, string_view id) {
  if (!is_id(id)) return std::nullopt;
  const auto json = read_key(directory, id);
  if (!json) return std::nullopt;
  const auto secret = vault.unseal(member(*json, "Secret"));
  const std::string role = member(*json, "Role");
  if (!secret || (role != "admin" && role != "read-only")) return std::nullopt;
  model::api::AccessKey key;
  key.id = std::string(id);
  key.secret = *secret;
  key.role = role;
  return key;
}

}  // namespace daruma::api
