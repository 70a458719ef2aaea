// SPDX-License-Identifier: Apache-2.0
#include "tls/cookie_sealer.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/check.h"
#include "tls/library.h"

namespace daruma::tls {
namespace {

constexpr size_t name_bytes = 4;
constexpr size_t nonce_bytes = 12;
constexpr size_t tag_bytes = 16;
static_assert(CookieSealer::overhead_bytes == name_bytes + nonce_bytes + tag_bytes);

using OwnedCipherContext = std::unique_ptr<EVP_CIPHER_CTX, Releaser<EVP_CIPHER_CTX_free>>;
using Mac = std::array<unsigned char, 32>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int length_of(std::string_view text) {
  return static_cast<int>(text.size());
}

Mac mac_of(std::string_view key, std::string_view text) {
  Mac mac;
  unsigned size = 0;
  DARUMA_ASSERT(HMAC(EVP_sha256(), key.data(), length_of(key), bytes_of(text), text.size(),
                     mac.data(), &size) != nullptr);
  DARUMA_ASSERT(size == mac.size());
  return mac;
}

std::string derived(std::string_view secret, std::string_view what) {
  const Mac mac = mac_of(secret, what);
  return {reinterpret_cast<const char*>(mac.data()), mac.size()};
}

// One secret, taken apart: each use has a key of its own.
struct Key {
  explicit Key(std::string_view secret)
      : name(derived(secret, "daruma cookie: name").substr(0, name_bytes)),
        aes(derived(secret, "daruma cookie: cipher")),
        nonce(derived(secret, "daruma cookie: nonce")) {}
  std::string name;
  std::string aes;
  std::string nonce;
};

// Where the purpose ends is told by its length.
std::string nonce_for(const Key& key, std::string_view purpose, std::string_view content) {
  std::string text(1, static_cast<char>(purpose.size()));
  text.append(purpose).append(content);
  return derived(key.nonce, text).substr(0, nonce_bytes);
}

}  // namespace

std::string make_cookie_key() {
  std::string key(cookie_key_bytes, '\0');
  DARUMA_ASSERT(
      RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) == 1);
  return key;
}

struct CookieSealer::Implementation {
  explicit Implementation(const CookieKeys& keys)
      : current(keys.current), context(EVP_CIPHER_CTX_new()) {
    DARUMA_ASSERT(context != nullptr);
    if (!keys.previous.empty()) previous.emplace(keys.previous);
  }

  const Key* find(std::string_view name) const {
    if (name == current.name) return &current;
    return previous && name == previous->name ? &*previous : nullptr;
  }

  Key current;
  std::optional<Key> previous;
  OwnedCipherContext context;
};

CookieSealer::CookieSealer(const CookieKeys& keys) : keys_(keys) {
  DARUMA_ASSERT(keys.current.size() == cookie_key_bytes);
  DARUMA_ASSERT(keys.previous.empty() || keys.previous.size() == cookie_key_bytes);
  implementation_ = std::make_unique<Implementation>(keys);
}

CookieSealer::~CookieSealer() = default;

std::string CookieSealer::seal(std::string_view purpose, std::string_view content) {
  const Key& key = implementation_->current;
  EVP_CIPHER_CTX* const context = implementation_->context.get();
  const std::string nonce = nonce_for(key, purpose, content);
  std::string sealed = key.name + nonce;
  sealed.resize(overhead_bytes + content.size());
  auto* const out = reinterpret_cast<unsigned char*>(sealed.data()) + name_bytes + nonce_bytes;
  int length = 0;
  const bool good =
      EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, bytes_of(key.aes), bytes_of(nonce)) ==
          1 &&
      EVP_EncryptUpdate(context, nullptr, &length, bytes_of(purpose), length_of(purpose)) == 1 &&
      EVP_EncryptUpdate(context, out, &length, bytes_of(content), length_of(content)) == 1 &&
      EVP_EncryptFinal_ex(context, out + content.size(), &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, tag_bytes, out + content.size()) == 1;
  DARUMA_ASSERT(good);
  return sealed;
}

std::optional<std::string> CookieSealer::open(std::string_view purpose, std::string_view sealed) {
  if (sealed.size() < overhead_bytes) return std::nullopt;
  const Key* const key = implementation_->find(sealed.substr(0, name_bytes));
  if (key == nullptr) return std::nullopt;
  const std::string_view nonce = sealed.substr(name_bytes, nonce_bytes);
  const size_t size = sealed.size() - overhead_bytes;
  const std::string_view secret = sealed.substr(name_bytes + nonce_bytes, size);
  std::string tag(sealed.substr(sealed.size() - tag_bytes));
  std::string content(size, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(content.data());
  EVP_CIPHER_CTX* const context = implementation_->context.get();
  int length = 0;
  DARUMA_ASSERT(EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nullptr, bytes_of(key->aes),
                                   bytes_of(nonce)) == 1);
  const bool good =
      EVP_DecryptUpdate(context, nullptr, &length, bytes_of(purpose), length_of(purpose)) == 1 &&
      EVP_DecryptUpdate(context, out, &length, bytes_of(secret), length_of(secret)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context, out + size, &length) == 1;
  if (!good) return std::nullopt;
  return content;
}

}  // namespace daruma::tls
