// SPDX-License-Identifier: Apache-2.0
#include "tls/self_signed.h"

#include <gtest/gtest.h>

#include <vector>

#include "tls/context.h"
#include "tls/sha256.h"

namespace daruma::tls {
namespace {

TEST(SelfSigned, certificate_and_key_belong_together) {
  const std::vector<std::string> names = {"localhost", "*.example.com", "127.0.0.1", "::1"};
  const auto made = make_self_signed(names);
  ASSERT_TRUE(made) << made.error().message;
  const auto checked = describe_certificate({"site", made->chain_pem, made->key_pem});
  EXPECT_TRUE(checked) << checked.error().message;
}

TEST(SelfSigned, every_certificate_is_another) {
  const std::vector<std::string> names = {"localhost"};
  EXPECT_NE(make_self_signed(names)->key_pem, make_self_signed(names)->key_pem);
}

TEST(SelfSigned, refuses_a_name_that_no_certificate_can_hold) {
  const std::vector<std::string> names = {std::string(300, 'a')};
  EXPECT_FALSE(make_self_signed(names));
}

TEST(Sha256, matches_the_standards_examples_and_starts_over) {
  Sha256 sha;
  sha.update("a");
  sha.update("bc");
  EXPECT_EQ(sha.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha.finish(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace daruma::tls
