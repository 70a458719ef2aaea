// SPDX-License-Identifier: Apache-2.0
//
// What AWS keeps in S3: read from Buckets, and given away by links.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/catalog.h"
#include "api/service.h"
#include "control/arns.h"
#include "io/read_file.h"
#include "notify/buckets.h"

namespace daruma::api {

using std::string_view;
Result<std::string> Service::read_object(const std::string& bucket, const std::string& key,
                                         const std::string& version, size_t bytes_max) const {
  const auto& buckets = context_.controller.settings().buckets;
  const auto found = std::ranges::find(buckets, bucket, &shapes::Bucket::name);
  if (found == buckets.end()) {
    return fail(fmt::format("bucket '{}' is not among Buckets of {} as it was at the start", bucket,
                            context_.config_file));
  }
  // Everybody else's changes would wait for a service.
  if (!found->directory) {
    return fail(fmt::format("bucket '{}' is a service; here it has to be a Directory", bucket));
  }
  if (!version.empty()) {
    return fail(
        fmt::format("bucket '{}' is a directory and keeps no versions; leave the version "
                    "out",
                    bucket));
  }
  if (std::string wrong = notify::check_object_key(key); !wrong.empty()) return fail(wrong);
  const std::string path = *found->directory + "/" + key;
  Result<std::string> content = io::read_regular_file(path, bytes_max);
  if (!content) {
    return fail(
        fmt::format("object '{}' of bucket '{}': {}", key, bucket, content.error().message));
  }
  return content;
}

std::string Service::location_of(const LinkedContent& content) const {
  const Address& admin = context_.controller.settings().admin;
  return fmt::format("http://{}{}?{}", admin.to_string(), ContentLinks::path,
                     links_.make(content, context_.loop.wall_now()));
}

control::AdminResponse Service::linked_content(string_view query) const {
  const auto content = links_.open(query, context_.loop.wall_now());
  if (!content) {
    return {.status = 403,
            .body = "This link is not of this node's making, or its ten minutes are over.\n"};
  }
  const Catalog catalog(context_.controller.declared(), context_.controller.created(),
                        context_.config_file);
  const auto store = catalog.trust_store(content->trust_store);
  const control::AdminResponse gone{.status = 404,
                                    .body = "What this link was for has been changed since.\n"};
  if (!store) return gone;
  if (content->revocation.empty()) {
    if ((*store)->fingerprint != content->fingerprint) return gone;
    return {.content_type = "application/x-pem-file", .body = (*store)->ca_pem};
  }
  for (const shapes::Revocation& each : (*store)->revocations) {
    if (std::to_string(each.id) != content->revocation) continue;
    if (each.fingerprint != content->fingerprint || !each.content) return gone;
    return {.content_type = "application/octet-stream", .body = *each.content};
  }
  return gone;
}

}  // namespace daruma::api
