// SPDX-License-Identifier: Apache-2.0
//
// Trust stores are what mutual TLS verifies clients by, which this release does not have. So there
// are none: lists are empty, names and ARNs are not found, and making one is refused rather than
// kept without being of use.
#include <fmt/format.h>

#include "api/elbv2.h"

namespace daruma::api::elbv2 {
namespace {

tl::unexpected<ServiceError> not_found(const std::string& what) {
  return refuse("TrustStoreNotFound", fmt::format("Trust store '{}' not found", what));
}

// Operations on one trust store. `members`: what else they may be given, of whatever kind.
Expected<void> not_found_whatever(Call& call, std::initializer_list<const char*> required,
                                  std::initializer_list<const char*> members) {
  const std::string arn = call.arn("TrustStoreArn");
  for (const char* name : required) {
    call.in.need(name);
    call.in.whatever(name);
  }
  for (const char* name : members) call.in.whatever(name);
  if (const auto read = call.finish_input(); !read) return read;
  if (arn.find(":truststore/") == std::string::npos) {
    return invalid(fmt::format("'{}' is not a valid trust store ARN", arn));
  }
  return not_found(arn);
}

}  // namespace

Expected<void> create_trust_store(Call& call) {
  for (const char* name : {"Name", "CaCertificatesBundleS3Bucket", "CaCertificatesBundleS3Key"}) {
    call.in.need(name);
    call.in.whatever(name);
  }
  call.in.whatever("CaCertificatesBundleS3ObjectVersion");
  call.in.whatever("Tags");
  if (const auto read = call.finish_input(); !read) return read;
  return refuse("OperationNotPermitted",
                "Trust stores are for mutual TLS, which this release does not have: no listener "
                "could use one");
}

Expected<void> describe_trust_stores(Call& call) {
  std::vector<std::string> arns;
  std::vector<std::string> names;
  call.in.texts("TrustStoreArns", arns);
  call.in.texts("Names", names);
  const auto paging = read_paging(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  if (!paging) return tl::unexpected(paging.error());
  if (!arns.empty()) return not_found(arns.front());
  if (!names.empty()) return not_found(names.front());
  call.out.within("TrustStores", [] {});
  return {};
}

Expected<void> modify_trust_store(Call& call) {
  return not_found_whatever(call, {"CaCertificatesBundleS3Bucket", "CaCertificatesBundleS3Key"},
                            {"CaCertificatesBundleS3ObjectVersion"});
}

Expected<void> delete_trust_store(Call& call) {
  return not_found_whatever(call, {}, {});
}

Expected<void> add_trust_store_revocations(Call& call) {
  return not_found_whatever(call, {}, {"RevocationContents"});
}

Expected<void> remove_trust_store_revocations(Call& call) {
  return not_found_whatever(call, {"RevocationIds"}, {});
}

Expected<void> describe_trust_store_revocations(Call& call) {
  return not_found_whatever(call, {}, {"RevocationIds", "Marker", "PageSize"});
}

Expected<void> get_trust_store_ca_certificates_bundle(Call& call) {
  return not_found_whatever(call, {}, {});
}

Expected<void> get_trust_store_revocation_content(Call& call) {
  return not_found_whatever(call, {"RevocationId"}, {});
}

Expected<void> describe_trust_store_associations(Call& call) {
  return not_found_whatever(call, {}, {"Marker", "PageSize"});
}

Expected<void> delete_shared_trust_store_association(Call& call) {
  return not_found_whatever(call, {"ResourceArn"}, {});
}

// Only trust stores have one.
Expected<void> get_resource_policy(Call& call) {
  const std::string arn = call.arn("ResourceArn");
  if (const auto read = call.finish_input(); !read) return read;
  return refuse("ResourceNotFound", fmt::format("Resource '{}' not found", arn));
}

}  // namespace daruma::api::elbv2
