// SPDX-License-Identifier: Apache-2.0
//
// Objects in buckets, by key, as Amazon S3 has them: of a service that speaks S3, reached by path
// ("https://endpoint/bucket/key") and signed by SigV4, or of a directory in which keys are paths.
// Calls wait; for a thread that may.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "base/result.h"
#include "model/resources.h"
#include "notify/http.h"

namespace daruma::notify {

class Buckets {
 public:
  static constexpr size_t object_bytes_max = 512 * 1024 * 1024;
  static constexpr Duration transfer_timeout = 5min;

  // `buckets` as checked by control/validate_buckets, directories resolved (Settings::buckets).
  Buckets(std::vector<model::api::Bucket> buckets, HttpSender& sender)
      : buckets_(std::move(buckets)), sender_(sender) {}

  bool has(const std::string& bucket) const { return find(bucket) != nullptr; }

  // Both fail with what people can act on: the service's status, code and message, or the system's
  // reason. A key is refused where it is no path below the bucket.
  // Whole or not at all: in a directory it is written beside its place and renamed.
  Result<void> put(const std::string& bucket, const std::string& key, std::string body,
                   const std::string& content_type);
  struct Reading {
    std::string version{};  // "": the newest; a directory keeps no others
    Duration timeout = transfer_timeout;
  };
  tl::expected<std::string, ServiceProblem> get(const std::string& bucket, const std::string& key,
                                                size_t bytes_max, const Reading& reading) const;
  tl::expected<std::string, ServiceProblem> get(const std::string& bucket, const std::string& key,
                                                size_t bytes_max) const {
    return get(bucket, key, bytes_max, {});
  }

 private:
  const model::api::Bucket* find(const std::string& name) const;

  const std::vector<model::api::Bucket> buckets_;
  HttpSender& sender_;
};

// What is wrong with a key, or "": it has 1 to 1,024 bytes, and no part that is empty, "." or "..".
std::string check_object_key(std::string_view key);

}  // namespace daruma::notify
