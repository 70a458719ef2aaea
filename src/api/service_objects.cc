// SPDX-License-Identifier: Apache-2.0
//
// What AWS keeps in S3, given away by links.
#include <fmt/format.h>

#include <utility>

#include "api/catalog.h"
#include "api/service.h"
#include "control/arns.h"

namespace daruma::api {

using std::string_view;

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
