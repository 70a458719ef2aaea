// SPDX-License-Identifier: Apache-2.0
#include "control/name_resolver.h"

#include <gtest/gtest.h>

#include "control/letter_loop_for_test.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

namespace limits = model::limits;

// Answers when the test says so.
class HeldLookup final : public NameLookup {
 public:
  void ask(const std::string& name, NameTurn turn, io::Mailbox<NameAnswer>& answers) override {
    asked.push_back(name);
    last_turn = turn;
    answers_ = &answers;
  }
  void answer(const std::string& name, const std::vector<std::string>& addresses,
              std::optional<Duration> ttl = {}, std::optional<Address::Family> unanswered = {}) {
    NameAnswer answer{name, {}, addresses.empty() ? "no such name" : "", ttl, unanswered};
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
  loop_.run_for(limits::name_refresh_interval + 1ms);
  EXPECT_EQ(lookup_.last_turn, NameTurn::last);
  lookup_.answer("a", {"192.0.2.1"});
  loop_.run_for(limits::name_refresh_interval + 1ms);
  EXPECT_EQ(lookup_.last_turn, NameTurn::first);
}

TEST_F(NameResolverTest, asks_again_when_the_ttl_is_over) {
  struct {
    std::optional<Duration> ttl;
    Duration expected;
  } const rows[] = {{0s, limits::name_ttl_least},
                    {1s, 1s},
                    {7s, 7s},
                    {300s, 300s},
                    {24h, limits::name_ttl_most},
                    {{}, limits::name_refresh_interval}};
  resolver_.watch({"a"});
  size_t asked = 1;
  for (const auto& [ttl, expected] : rows) {
    SCOPED_TRACE(expected / 1s);
    lookup_.answer("a", {"192.0.2.1"}, ttl);
    loop_.run_for(expected - 1ms);
    EXPECT_EQ(lookup_.asked.size(), asked);
    loop_.run_for(2ms);
    EXPECT_EQ(lookup_.asked.size(), ++asked);
  }
}

TEST_F(NameResolverTest, each_name_has_its_own_time) {
  resolver_.watch({"fast", "slow"});
  lookup_.answer("slow", {"192.0.2.1"}, 5s);
  lookup_.answer("fast", {"192.0.2.2"}, 2s);
  loop_.run_for(2s + 1ms);
  EXPECT_EQ(lookup_.asked, (Texts{"fast", "slow", "fast"}));
  lookup_.answer("fast", {"192.0.2.2"}, 60s);
  loop_.run_for(3s);
  EXPECT_EQ(lookup_.asked, (Texts{"fast", "slow", "fast", "slow"}));
}

TEST_F(NameResolverTest, asks_for_a_failing_name_ever_more_seldom) {
  resolver_.watch({"a"});
  size_t asked = 1;
  for (const Duration pause : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    SCOPED_TRACE(pause / 1s);
    lookup_.answer("a", {});
    loop_.run_for(pause - 1ms);
    EXPECT_EQ(lookup_.asked.size(), asked);
    loop_.run_for(2ms);
    EXPECT_EQ(lookup_.asked.size(), ++asked);
  }
  lookup_.answer("a", {"192.0.2.1"}, 10s);
  loop_.run_for(10s + 1ms);
  lookup_.answer("a", {});
  loop_.run_for(1s + 1ms);
  EXPECT_EQ(lookup_.asked.size(), asked + 2) << "the next failure is a first one";
}

TEST_F(NameResolverTest, a_family_that_no_server_answered_for_keeps_its_addresses) {
  resolver_.watch({"a"});
  lookup_.answer("a", {"192.0.2.1", "192.0.2.2", "2001:db8::1"}, 1s);
  lookup_.answer("a", {"2001:db8::2"}, 1s, Address::Family::v4);
  loop_.settle();
  EXPECT_EQ(addresses_of("a"), (Texts{"2001:db8::2", "192.0.2.1", "192.0.2.2"}));
  lookup_.answer("a", {"2001:db8::2"}, 1s);
  loop_.settle();
  EXPECT_EQ(addresses_of("a"), (Texts{"2001:db8::2"}));
}

TEST_F(NameResolverTest, asks_again_after_the_interval) {
  resolver_.watch({"a"});
  lookup_.answer("a", {"192.0.2.1"});
  loop_.run_for(limits::name_refresh_interval - 1s);
  EXPECT_EQ(lookup_.asked.size(), 1u);
  loop_.run_for(1s + 1ms);
  EXPECT_EQ(lookup_.asked.size(), 2u);
  lookup_.answer("a", {"192.0.2.1"});
  loop_.run_for(limits::name_refresh_interval + 1ms);
  EXPECT_EQ(lookup_.asked.size(), 3u);
}

TEST_F(NameResolverTest, asks_one_question_at_a_time) {
  resolver_.watch({"a"});
  loop_.run_for(limits::name_refresh_interval + 1ms);
  loop_.run_for(limits::name_refresh_interval + 1ms);
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
