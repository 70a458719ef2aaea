// SPDX-License-Identifier: Apache-2.0
#include "control/validate_buckets.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "control/attributes.h"
#include "control/validate_service.h"

namespace daruma::control {
namespace {

namespace api = model::api;

constexpr size_t buckets_max = 100;

// Amazon S3, "General purpose bucket naming rules", as far as they are about characters.
bool is_bucket_name(std::string_view name) {
  const auto is_end = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto is_good = [is_end](char c) { return is_end(c) || c == '-' || c == '.'; };
  return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, is_good) &&
         is_end(name.front()) && is_end(name.back()) && name.find("..") == std::string_view::npos;
}

void validate_bucket(const api::Bucket& bucket, const Path& path, Issues& issues) {
  if (!is_bucket_name(bucket.name)) {
    issues.error(path.at("Name"),
                 fmt::format("Bucket name '{}' must have 3 to 63 lower-case letters, digits, dots "
                             "and hyphens, and begin and end with a letter or digit",
                             bucket.name));
  }
  if (bucket.directory.has_value() == bucket.endpoint.has_value()) {
    issues.error(path.at("Name"),
                 fmt::format("bucket '{}' needs Directory: FOLDER, or Endpoint: https://…{}",
                             bucket.name, bucket.directory ? ", not both" : ""));
    return;
  }
  if (bucket.endpoint) {
    return validate_service(
        {"S3", "https://s3.eu-central-1.amazonaws.com", bucket.endpoint, bucket.region,
         bucket.access_key_id, bucket.secret_access_key, bucket.secret_access_key_file},
        path, issues);
  }
  if (bucket.directory->empty()) issues.error(path.at("Directory"), "Directory is empty");
  const bool service = bucket.region || bucket.access_key_id || bucket.secret_access_key ||
                       bucket.secret_access_key_file;
  if (!service) return;
  issues.error(path.at("Directory"),
               "Region, AccessKeyId and SecretAccessKey belong to a bucket with an Endpoint");
}

void validate_log_buckets(const api::LoadBalancer& balancer, const std::set<std::string>& buckets,
                          const Path& path, Issues& issues) {
  const Path attributes = path.at("Attributes");
  for (const std::string log : {"access_logs", "connection_logs", "health_check_logs"}) {
    const auto text = [&](const std::string& key) {
      return attribute_text(AttributeScope::load_balancer, balancer.attributes, key);
    };
    if (text(log + ".s3.enabled") != "true") continue;
    const std::string bucket(text(log + ".s3.bucket"));
    const std::string key = log + (bucket.empty() ? ".s3.prefix" : ".s3.bucket");
    if (bucket.empty() && !text(key).empty()) {
      issues.error(attributes.at(key),
                   fmt::format("'{0}' is a place in a bucket; write {1}.s3.bucket too, or remove "
                               "it: without a bucket logs are files in Logs.Directory",
                               key, log));
    } else if (!bucket.empty() && !buckets.contains(bucket)) {
      issues.error(attributes.at(key),
                   fmt::format("'{}': bucket '{}' is not among Buckets in daruma.yaml; add it "
                               "there, with its Directory or Endpoint, or leave the bucket out: "
                               "then logs are files in Logs.Directory",
                               key, bucket),
                   IssueKind::bucket_missing);
    }
  }
}

}  // namespace

void validate_buckets(const api::Resources& resources, Issues& issues) {
  const Path root;
  std::set<std::string> names;
  for (size_t i = 0; i < resources.buckets.size(); ++i) {
    const Path path = root.at("Buckets", i);
    validate_bucket(resources.buckets[i], path, issues);
    if (names.insert(resources.buckets[i].name).second) continue;
    issues.error(path.at("Name"),
                 fmt::format("bucket '{}' is given twice", resources.buckets[i].name));
  }
  if (resources.buckets.size() > buckets_max) {
    issues.error(root.at("Buckets"),
                 fmt::format("at most {} buckets, not {}", buckets_max, resources.buckets.size()));
  }
  for (size_t i = 0; i < resources.load_balancers.size(); ++i) {
    validate_log_buckets(resources.load_balancers[i], names, root.at("LoadBalancers", i), issues);
  }
}

}  // namespace daruma::control
