// SPDX-License-Identifier: Apache-2.0
#include "tls/cookie_sealer.h"

#include <gtest/gtest.h>

#include <set>

namespace daruma::tls {
namespace {

const std::string content = "which target, and since when";

TEST(CookieSealer, opens_what_any_sealer_with_the_same_key_has_sealed) {
  const CookieKeys keys{make_cookie_key(), ""};
  CookieSealer one(keys);
  CookieSealer other(keys);
  for (const std::string& text : {content, std::string(), std::string(20'000, 'x')}) {
    const std::string sealed = one.seal("AWSALB", text);
    EXPECT_EQ(sealed.size(), text.size() + CookieSealer::overhead_bytes);
    EXPECT_EQ(other.open("AWSALB", sealed), text);
    EXPECT_EQ(other.seal("AWSALB", text), sealed);
    EXPECT_TRUE(text.empty() || sealed.find(text.substr(0, 8)) == std::string::npos);
  }
}

TEST(CookieSealer, opens_nothing_that_was_changed_in_any_bit_or_cut) {
  CookieSealer sealer({make_cookie_key(), ""});
  const std::string sealed = sealer.seal("AWSALB", content);
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(sealer.open("AWSALB", changed), std::nullopt) << bit;
  }
  for (size_t size = 0; size < sealed.size(); ++size)
    EXPECT_EQ(sealer.open("AWSALB", sealed.substr(0, size)), std::nullopt) << size;
  EXPECT_EQ(sealer.open("AWSALB", sealed + "x"), std::nullopt);
  EXPECT_EQ(sealer.open("AWSALB", sealed), content);  // none of it left a trace
}

TEST(CookieSealer, opens_nothing_for_another_purpose_or_by_another_key) {
  CookieSealer sealer({make_cookie_key(), ""});
  const std::string sealed = sealer.seal("AWSALB", content);
  EXPECT_EQ(sealer.open("AWSALBTG", sealed), std::nullopt);
  EXPECT_EQ(sealer.open("", sealed), std::nullopt);
  CookieSealer foreign({make_cookie_key(), ""});
  EXPECT_EQ(foreign.open("AWSALB", sealed), std::nullopt);
}

TEST(CookieSealer, opens_by_two_keys_and_seals_with_the_current_one) {
  const std::string first = make_cookie_key();
  const std::string second = make_cookie_key();
  CookieSealer before({first, ""});
  CookieSealer between({second, first});
  CookieSealer after({second, ""});
  const std::string old = before.seal("AWSALB", content);
  EXPECT_EQ(between.open("AWSALB", old), content);
  EXPECT_EQ(after.open("AWSALB", old), std::nullopt);
  EXPECT_EQ(after.open("AWSALB", between.seal("AWSALB", content)), content);
}

TEST(CookieSealer, gives_each_content_a_nonce_of_its_own) {
  CookieSealer sealer({make_cookie_key(), ""});
  std::set<std::string> nonces;
  for (int i = 0; i < 1000; ++i)
    nonces.insert(sealer.seal("AWSALB", content + std::to_string(i)).substr(4, 12));
  EXPECT_EQ(nonces.size(), 1000u);
  EXPECT_EQ(nonces.count(sealer.seal("AWSALBAPP", content + "1").substr(4, 12)), 0u);
}

}  // namespace
}  // namespace daruma::tls
