// SPDX-License-Identifier: Apache-2.0
#include "control/ticket_keys.h"

#include <gtest/gtest.h>

#include "control/letter_loop_for_test.h"
#include "model/limits.h"

namespace daruma::control {
namespace {

class Worker final : private io::Mailbox<model::WorkerLetter>::Reader {
 public:
  explicit Worker(io::Loop& loop) : mailbox(loop, *this) {}
  io::Mailbox<model::WorkerLetter> mailbox;
  std::vector<model::TicketKeyLetter> told;

 private:
  void on_letter(model::WorkerLetter letter) override {
    told.push_back(std::get<model::TicketKeyLetter>(letter));
  }
};

TEST(TicketKeyKeeper, tells_all_workers_the_same_new_key_once_a_period_and_keeps_the_former_one) {
  LetterLoop loop;
  Worker one(loop);
  Worker other(loop);
  TicketKeyKeeper keeper(loop);
  const tls::TicketKeys first = keeper.keys();
  EXPECT_EQ(first.previous, "");
  keeper.connect({&one.mailbox, &other.mailbox});

  loop.run_for(model::limits::ticket_key_period - 1s);
  EXPECT_EQ(one.told.size(), 0u);
  loop.run_for(2s);
  ASSERT_EQ(one.told.size(), 1u);
  EXPECT_NE(one.told[0].current, first.current);
  EXPECT_EQ(one.told[0].previous, first.current);

  loop.run_for(model::limits::ticket_key_period);
  ASSERT_EQ(one.told.size(), 2u);
  EXPECT_NE(one.told[1].current, one.told[0].current);
  EXPECT_EQ(one.told[1].previous, one.told[0].current);
  ASSERT_EQ(other.told.size(), 2u);
  EXPECT_EQ(other.told[1].current, one.told[1].current);
}

}  // namespace
}  // namespace daruma::control
