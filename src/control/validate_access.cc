// SPDX-License-Identifier: Apache-2.0
#include "control/validate_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "control/password_hash.h"
#include "control/validate_service.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;

// As IAM's AccessKeyId.
bool is_key_id(std::string_view id) {
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return id.size() >= limits::access_key_id_bytes_min &&
         id.size() <= limits::access_key_id_bytes_max && std::ranges::all_of(id, is_word);
}

bool is_secret(std::string_view secret) {
  return secret.size() >= limits::access_secret_bytes_min &&
         secret.size() <= limits::access_secret_bytes_max &&
         std::ranges::all_of(secret, [](char c) { return c > ' ' && c <= '~'; });
}

void validate_role(const std::optional<std::string>& role, const Path& path, Issues& issues) {
  if (role && *role != "admin" && *role != "read-only")
    issues.error(path.at("Role"), fmt::format("Role must be admin or read-only, not '{}'", *role));
}

void validate_secret(const api::AccessKey& key, const Path& path, Issues& issues) {
  if (!key.secret && !key.secret_file) {
    issues.error(path.at("Secret"), "Secret is missing; write Secret, or SecretFile: FILE");
    return;
  }
  // A file's secret is here too, if the file could be read.
  if (!key.secret || is_secret(*key.secret)) return;
  issues.error(path.at(key.secret_file ? "SecretFile" : "Secret"),
               fmt::format("a secret has {} to {} visible ASCII characters without spaces, as "
                           "`openssl rand -base64 30` makes them",
                           limits::access_secret_bytes_min, limits::access_secret_bytes_max));
}

void validate_key(const api::AccessKey& key, const Path& path, std::set<std::string>& seen,
                  Issues& issues) {
  if (!is_key_id(key.id)) {
    issues.error(
        path.at("Id"),
        fmt::format("Id must have {} to {} letters and digits, like AKIDEXAMPLE, not '{}'",
                    limits::access_key_id_bytes_min, limits::access_key_id_bytes_max, key.id));
  } else if (!seen.insert(key.id).second) {
    issues.error(path.at("Id"), fmt::format("access key '{}' is given twice", key.id));
  }
  validate_secret(key, path, issues);
  validate_role(key.role, path, issues);
}

// As IAM's UserName: it stands in ARNs and the audit log.
bool is_user_name(std::string_view name) {
  const auto is_good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("+=,.@_-").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= user_name_bytes_max && std::ranges::all_of(name, is_good);
}

void validate_users(const api::Admin& admin, const Path& path, std::set<std::string>& seen,
                    Issues& issues) {
  if (admin.authentication == "none" && !admin.users.empty()) {
    issues.error(path.at("Authentication"),
                 "Authentication none lets everybody in who reaches the admin port; remove it, or "
                 "remove Users");
  }
  if (admin.users.size() > users_max) {
    issues.error(path.at("Users"),
                 fmt::format("a node has at most {} users, not {}", users_max, admin.users.size()));
  }
  for (size_t i = 0; i < admin.users.size(); ++i) {
    const api::User& user = admin.users[i];
    const Path place = path.at("Users", i);
    if (!is_user_name(user.name)) {
      issues.error(place.at("Name"),
                   fmt::format("Name must have 1 to {} letters, digits and +=,.@_-, not '{}'",
                               user_name_bytes_max, user.name));
    } else if (!seen.insert(user.name).second) {
      issues.error(place.at("Name"),
                   fmt::format("'{}' is already the name of a user or an access key", user.name));
    }
    if (const std::string problem = problem_of_hash(user.password_hash); !problem.empty())
      issues.error(place.at("PasswordHash"), "PasswordHash " + problem);
    validate_role(user.role, place, issues);
  }
}

}  // namespace

void validate_access(const api::Admin& admin, const Path& path, Issues& issues) {
  if (admin.authentication && *admin.authentication != "none" && *admin.authentication != "sigv4") {
    issues.error(
        path.at("Authentication"),
        fmt::format("Authentication must be sigv4 or none, not '{}'", *admin.authentication));
  }
  if (admin.authentication == "none" && !admin.access_keys.empty()) {
    issues.error(path.at("Authentication"),
                 "Authentication none lets everybody in who reaches the admin port; remove it, or "
                 "remove AccessKeys");
  }
  if (admin.access_keys.size() > limits::access_keys_max) {
    issues.error(path.at("AccessKeys"),
                 fmt::format("a node has at most {} access keys, not {}", limits::access_keys_max,
                             admin.access_keys.size()));
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < admin.access_keys.size(); ++i) {
    validate_key(admin.access_keys[i], path.at("AccessKeys", i), seen, issues);
  }
  validate_users(admin, path, seen, issues);
  if (!admin.ec2) return;
  const Path ec2 = path.at("Ec2");
  validate_service(
      {"EC2", "https://ec2.eu-central-1.amazonaws.com", admin.ec2->endpoint, admin.ec2->region,
       admin.ec2->access_key_id, admin.ec2->secret_access_key, admin.ec2->secret_access_key_file},
      ec2, issues);
}

}  // namespace daruma::control
