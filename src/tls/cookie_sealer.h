// SPDX-License-Identifier: Apache-2.0
//
// Seals what is kept in clients' cookies: nobody without the key can read it, change it, or use it
// for another purpose. AES-256-GCM whose nonce is made of key and content (HMAC-SHA256; in the
// manner of RFC 8452): equal contents give equal seals, and no chance is needed, so that no nonce
// serves two contents, however many nodes and workers seal with one key. One thread's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace daruma::tls {

// Secrets of cookie_key_bytes each, equal on all nodes and workers that read each other's cookies.
inline constexpr size_t cookie_key_bytes = 32;
struct CookieKeys {
  std::string current;   // seals and opens
  std::string previous;  // opens; may be empty
  bool operator==(const CookieKeys&) const = default;
};
std::string make_cookie_key();

class CookieSealer {
 public:
  // What seal() adds: name of the key, nonce, tag.
  static constexpr size_t overhead_bytes = 4 + 12 + 16;

  // REQUIRES: keys of cookie_key_bytes.
  explicit CookieSealer(const CookieKeys& keys);
  ~CookieSealer();
  CookieSealer(const CookieSealer&) = delete;
  CookieSealer& operator=(const CookieSealer&) = delete;

  const CookieKeys& keys() const { return keys_; }
  // The same purpose opens it.
  std::string seal(std::string_view purpose, std::string_view content);
  // Nullopt if it was sealed for another purpose, by a key that is not one of these, or not at all.
  std::optional<std::string> open(std::string_view purpose, std::string_view sealed);

 private:
  struct Implementation;
  const CookieKeys keys_;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace daruma::tls
