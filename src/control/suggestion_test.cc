// SPDX-License-Identifier: Apache-2.0
#include "control/suggestion.h"

#include <gtest/gtest.h>

#include <array>

namespace daruma::control {
namespace {

constexpr std::array<std::string_view, 4> words{"Port", "Protocol", "ProtocolVersion", "Targets"};

TEST(Suggestion, finds_the_nearest_word) {
  EXPECT_EQ(nearest("Prot", words), "Port");  // neighbours swapped
  EXPECT_EQ(nearest("port", words), "Port");
  EXPECT_EQ(nearest("Protcol", words), "Protocol");
  EXPECT_EQ(nearest("protocolversion", words), "ProtocolVersion");
  EXPECT_EQ(nearest("Target", words), "Targets");
  EXPECT_EQ(nearest("ProtocolV", words), "Protocol");
  EXPECT_EQ(nearest("ProtocolVer", words), "ProtocolVersion");
}

TEST(Suggestion, says_nothing_when_nothing_is_near) {
  EXPECT_EQ(nearest("Weight", words), "");
  EXPECT_EQ(nearest("", words), "");
  EXPECT_EQ(nearest(std::string(100'000, 'P'), words), "");
  EXPECT_EQ(did_you_mean("Weight", words), "");
}

TEST(Suggestion, lists_words_as_people_do) {
  EXPECT_EQ(one_of(std::array<std::string_view, 1>{"a"}), "a");
  EXPECT_EQ(one_of(std::array<std::string_view, 3>{"a", "b", "c"}), "a, b or c");
}

}  // namespace
}  // namespace daruma::control
