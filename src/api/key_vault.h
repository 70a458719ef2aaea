// SPDX-License-Identifier: Apache-2.0
//
// Seals secrets that go into the store, with AES-256-GCM under a key of the data directory
// (DIRECTORY/secrets.key, 0600). A copy of the store without that file tells nothing of them. Any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace daruma::api {

class KeyVault {
 public:
  static std::string file(const std::string& directory);
  // Makes the key if there is none.
  static Result<KeyVault> open(const std::string& directory);
  explicit KeyVault(std::string key);  // 32 bytes
  // For whoever has nothing to open.
  static KeyVault opens_nothing() { return KeyVault(std::string(32, '\0')); }

  // Never twice the same text.
  std::string seal(std::string_view secret) const;
  // Fails if it was sealed with another key, or changed since.
  Result<std::string> unseal(std::string_view sealed) const;

 private:
  std::string key_;
};

}  // namespace daruma::api
