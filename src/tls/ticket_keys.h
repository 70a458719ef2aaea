// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. The keys that seal session tickets, taken apart.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tls/context.h"
#include "tls/library.h"

namespace daruma::tls {

class TicketKeyRing {
 public:
  static constexpr size_t name_bytes = 16;
  static constexpr size_t secret_bytes = 32;

  // 80 bytes, or none.
  class Key {
   public:
    explicit Key(std::string bytes) : bytes_(std::move(bytes)) {}
    bool present() const { return !bytes_.empty(); }
    std::string_view name() const { return view().substr(0, name_bytes); }
    std::string_view aes() const { return view().substr(name_bytes, secret_bytes); }
    std::string_view hmac() const { return view().substr(name_bytes + secret_bytes, secret_bytes); }

   private:
    std::string_view view() const { return bytes_; }
    std::string bytes_;
  };

  // REQUIRES: valid(keys).
  explicit TicketKeyRing(const TicketKeys& keys);
  static bool valid(const TicketKeys& keys);

  const Key& current() const { return current_; }
  // The key of that name; null if it is neither the current nor the previous one.
  const Key* find(std::string_view name) const;
  const EVP_CIPHER* cipher() const { return cipher_.get(); }

 private:
  Key current_;
  Key previous_;
  OwnedCipher cipher_;
};

}  // namespace daruma::tls
