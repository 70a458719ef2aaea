// SPDX-License-Identifier: Apache-2.0
#include "control/name_resolver.h"

#include <gtest/gtest.h>

#include "control/letter_loop_for_test.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

// Answers when the test says so.
class HeldLookup final : public NameLookup {
 public:
  void ask(const std::string& name, NameTurn turn, io::Mailbox<NameAnswer>& answers) override {
    asked.push_back(name);
    last_turn = turn;
    answers_ = &answers;
  }
  void answer(const std::string& name, const std::vector<std::string>& addresses) {
    NameAnswer answer{name, {}, addresses.empty() ? "no such name" : ""};
    for (const std::string& text : addresses) answer.addresses.push_back(*Address::parse(text, 0));
    answers_->post(answer);
  }

  std::vector<std::string> asked;
  NameTurn last_turn = NameTurn::first;

 private:
  io::Mailbox<NameAnswer>* answers_ = nullptr;
};

class NameResolverTest : public testing::Test, public NameResolver::Observer {
 protected:
  void on_names_changed() override { ++changes_; }
  void on_name_failed() override { ++failures_; }
  std::vector<std::string> addresses_of(const std::string& name) const {
    std::vector<std::string> texts;
    const auto found = resolver_.names().find(name);
    if (found == resolver_.names().end()) return texts;
    for (const Address& address : found->second) texts.push_back(address.ip());
    return texts;
  }

  LetterLoop loop_;
  const Log log_ = Log::silent();
  HeldLookup lookup_;
  NameResolver resolver_{loop_, lookup_, log_, *this};
  int changes_ = 0;
  int failures_ = 0;
};

using Texts = std::vector<std::string>;

TEST_F(NameResolverTest, asks_for_new_names_at_once) {
  resolver_.watch({"a", "b"});
  EXPECT_EQ(lookup_.asked, (Texts{"a", "b"}));
  resolver_.watch({"a", "b", "c"});
  EXPECT_EQ(lookup_.asked, (Texts{"a", "b", "c"}));
}

TEST_F(NameResolverTest, tells_of_changes_only) {
  resolver_.watch({"a"});
  lookup_.answer("a", {"192.0.2.2", "192.0.2.1", "192.0.2.2"});
  loop_.settle();
  EXPECT_EQ(addresses_of("a"), (Texts{"192.0.2.1", "192.0.2.2"}));
  EXPECT_EQ(changes_, 1);
  lookup_.answer("a", {"192.0.2.1", "192.0.2.2"});
  loop_.settle();
  EXPECT_EQ(changes_, 1) << "another order is no change";
  lookup_.answer("a", {"192.0.2.3"});
  loop_.settle();
  EXPECT_EQ(addresses_of("a"), (Texts{"192.0.2.3"}));
  EXPECT_EQ(changes_, 2);
}

TEST_F(NameResolverTest, keeps_the_last_addresses_when_a_look_up_fails) {
  resolver_.watch({"a"});
  lookup_.answer("a", {"192.0.2.1"});
  lookup_.answer("a", {});
  loop_.settle();
  EXPECT_EQ(addresses_of("a"), (Texts{"192.0.2.1"}));
  EXPECT_EQ(changes_, 1);
}

TEST_F(NameResolverTest, names_what_has_no_address) {
  resolver_.watch({"a", "b"});
  EXPECT_TRUE(resolver_.waiting());
  lookup_.answer("a", {"192.0.2.1"});
  lookup_.answer("a", {});
  loop_.settle();
  EXPECT_TRUE(resolver_.waiting());
  EXPECT_EQ(failures_, 1);
  EXPECT_EQ(resolver_.problems(), (Texts{"target b has no address: no answer yet"}))
      << "a has the one it had";
  lookup_.answer("b", {});
  loop_.settle();
  EXPECT_FALSE(resolver_.waiting());
  EXPECT_EQ(resolver_.problems(), (Texts{"target b has no address: no such name"}));
}

TEST_F(NameResolverTest, asks_for_failing_names_behind_the_others) {
  resolver_.watch({"a"});
  EXPECT_EQ(lookup_.last_turn, NameTurn::first);
  lookup_.answer("a", {});
  loop_.run_for(model::limits::name_refresh_interval + 1ms);
  EXPECT_EQ(lookup_.last_turn, NameTurn::last);
  lookup_.answer("a", {"192.0.2.1"});
  loop_.run_for(model::limits::name_refresh_interval + 1ms);
  EXPECT_EQ(lookup_.last_turn, NameTurn::first);
}

TEST_F(NameResolverTest, asks_again_after_the_interval) {
  resolver_.watch({"a"});
  lookup_.answer("a", {"192.0.2.1"});
  loop_.run_for(model::limits::name_refresh_interval - 1s);
  EXPECT_EQ(lookup_.asked.size(), 1u);
  loop_.run_for(1s + 1ms);
  EXPECT_EQ(lookup_.asked.size(), 2u);
  lookup_.answer("a", {"192.0.2.1"});
  loop_.run_for(model::limits::name_refresh_interval + 1ms);
  EXPECT_EQ(lookup_.asked.size(), 3u);
}

TEST_F(NameResolverTest, asks_one_question_at_a_time) {
  resolver_.watch({"a"});
  loop_.run_for(model::limits::name_refresh_interval + 1ms);
  loop_.run_for(model::limits::name_refresh_interval + 1ms);
  EXPECT_EQ(lookup_.asked.size(), 1u) << "the first one has no answer yet";
}

TEST_F(NameResolverTest, forgets_names_that_nobody_watches) {
  resolver_.watch({"a"});
  resolver_.watch({});
  lookup_.answer("a", {"192.0.2.1"});
  loop_.run_for(1h);
  EXPECT_EQ(resolver_.names().size(), 0u);
  EXPECT_EQ(changes_, 0);
  EXPECT_EQ(lookup_.asked.size(), 1u);
}

}  // namespace
}  // namespace daruma::control
