// SPDX-License-Identifier: Apache-2.0
#include "api/key_vault.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace daruma::api {
namespace {

TEST(KeyVault, gives_back_what_it_sealed_and_nothing_else) {
  const KeyVault vault(std::string(32, 'k'));
  for (const std::string& secret : {std::string(), std::string("a"), std::string(5000, 'x')}) {
    const std::string sealed = vault.seal(secret);
    EXPECT_EQ(vault.unseal(sealed).value_or("no"), secret);
    EXPECT_NE(vault.seal(secret), sealed);
    EXPECT_EQ(sealed.find("xxxx"), std::string::npos);
    EXPECT_FALSE(KeyVault(std::string(32, 'o')).unseal(sealed));
    std::string changed = sealed;
    changed[20] = changed[20] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(vault.unseal(changed));
  }
  for (const char* wrong : {"", "AAAA", "????", "A"}) EXPECT_FALSE(vault.unseal(wrong)) << wrong;
}

TEST(KeyVault, keeps_its_key_in_a_file) {
  namespace fs = std::filesystem;
  std::string name = (fs::temp_directory_path() / "daruma-vault-XXXXXX").string();
  const std::string folder = ::mkdtemp(name.data());
  const auto vault = KeyVault::open(folder);
  ASSERT_TRUE(vault) << vault.error().message;
  const std::string sealed = vault->seal("secret");
  EXPECT_EQ(KeyVault::open(folder)->unseal(sealed).value_or(""), "secret");
  EXPECT_EQ(fs::status(folder + "/secrets.key").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  fs::resize_file(folder + "/secrets.key", 10);
  EXPECT_FALSE(KeyVault::open(folder));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace daruma::api
