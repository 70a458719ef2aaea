// SPDX-License-Identifier: Apache-2.0
#include "api/key_vault.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <filesystem>
#include <memory>

#include "base/base64.h"
#include "base/check.h"
#include "control/durable_file.h"
#include "io/read_file.h"

namespace daruma::api {
namespace {

constexpr size_t key_bytes = 32;
constexpr size_t nonce_bytes = 12;
constexpr size_t tag_bytes = 16;
constexpr const char* file_name = "secrets.key";

struct ContextDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, ContextDeleter>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

std::string random_bytes(size_t count) {
  std::string bytes(count, '\0');
  const int done = RAND_bytes(bytes_of(bytes), static_cast<int>(count));
  DARUMA_ASSERT(done == 1);
  return bytes;
}

}  // namespace

KeyVault::KeyVault(std::string key) : key_(std::move(key)) {
  DARUMA_ASSERT(key_.size() == key_bytes);
}

std::string KeyVault::file(const std::string& directory) {
  return directory + "/" + file_name;
}

Result<KeyVault> KeyVault::open(const std::string& directory) {
  const std::string path = file(directory);
  if (!std::filesystem::exists(path)) {
    const std::string fresh = base64(random_bytes(key_bytes)) + "\n";
    if (const auto kept = control::replace_file(directory, file_name, fresh); !kept) {
      return fail(kept.error().message);
    }
  }
  const Result<std::string> text = io::read_file(path, 1024);
  if (!text) return fail(fmt::format("cannot read {}: {}", path, text.error().message));
  Result<std::string> key = base64_decoded(*text);
  if (!key || key->size() != key_bytes) {
    return fail(fmt::format("{} holds no key; restore it with the store that it belongs to", path));
  }
  return KeyVault(std::move(*key));
}

// Nonce, ciphertext, tag.
std::string KeyVault::seal(std::string_view secret) const {
  const std::string nonce = random_bytes(nonce_bytes);
  std::string cipher(secret.size(), '\0');
  std::string tag(tag_bytes, '\0');
  const Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool done =
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr,
                         bytes_of(std::string_view(key_)),
                         bytes_of(std::string_view(nonce))) == 1 &&
      EVP_EncryptUpdate(context.get(), bytes_of(cipher), &size, bytes_of(secret),
                        static_cast<int>(secret.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), bytes_of(tag), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag.data()) == 1;
  DARUMA_ASSERT(done);
  return base64(nonce + cipher + tag);
}

Result<std::string> KeyVault::unseal(std::string_view sealed) const {
  constexpr const char* wrong =
      "a secret of the store was not sealed with this data directory's key";
  Result<std::string> all = base64_decoded(sealed);
  if (!all || all->size() < nonce_bytes + tag_bytes) return fail(wrong);
  const std::string_view view = *all;
  const std::string_view cipher = view.substr(nonce_bytes, view.size() - nonce_bytes - tag_bytes);
  std::string tag(view.substr(view.size() - tag_bytes));
  std::string secret(cipher.size(), '\0');
  const Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  unsigned char rest[tag_bytes];
  const bool good =
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr,
                         bytes_of(std::string_view(key_)), bytes_of(view)) == 1 &&
      EVP_DecryptUpdate(context.get(), bytes_of(secret), &size, bytes_of(cipher),
                        static_cast<int>(cipher.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), rest, &size) == 1;
  if (!good) return fail(wrong);
  return secret;
}

}  // namespace daruma::api
