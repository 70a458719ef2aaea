// SPDX-License-Identifier: Apache-2.0
#include "io/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "io/loopback_for_test.h"

namespace daruma::io {
namespace {

struct Note {
  int sender;
  int number;
};

struct NoteReader final : Mailbox<Note>::Reader {
  void on_letter(Note note) override {
    notes.push_back(note);
    if (then) then(note);
  }
  std::vector<Note> notes;
  std::function<void(Note)> then;
};

TEST(Mailbox, delivers_letters_of_many_threads_in_each_ones_order) {
  constexpr int senders = 4;
  constexpr int letters = 2000;
  EpollLoop loop(1);
  NoteReader reader;
  Mailbox<Note> mailbox(loop, reader);
  reader.then = [&](Note) {
    if (reader.notes.size() == senders * letters) loop.stop();
  };
  std::vector<std::thread> threads;
  for (int sender = 0; sender < senders; ++sender) {
    threads.emplace_back([&mailbox, sender] {
      for (int i = 0; i < letters; ++i) mailbox.post({sender, i});
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  std::vector<int> next(senders, 0);
  for (const Note& note : reader.notes) ASSERT_EQ(note.number, next[note.sender]++);
  for (const int count : next) EXPECT_EQ(count, letters);
}

TEST(Mailbox, keeps_letters_until_the_loop_turns) {
  EpollLoop loop(1);
  NoteReader reader;
  Mailbox<Note> mailbox(loop, reader);
  mailbox.post({0, 1});
  mailbox.post({0, 2});
  EXPECT_EQ(reader.notes.size(), 0u);
  loop.turn();
  EXPECT_EQ(reader.notes.size(), 2u);
}

TEST(Mailbox, reader_may_post_to_itself) {
  EpollLoop loop(1);
  NoteReader reader;
  Mailbox<Note> mailbox(loop, reader);
  reader.then = [&](Note note) {
    if (note.number < 5) mailbox.post({0, note.number + 1});
  };
  mailbox.post({0, 1});
  ASSERT_TRUE(turn_until(loop, [&] { return reader.notes.size() == 5; }));
  settle(loop);
  EXPECT_EQ(reader.notes.size(), 5u);
}

TEST(Mailbox, two_loops_answer_each_other) {
  EpollLoop here(1);
  EpollLoop there(2);
  NoteReader at_home, abroad;
  Mailbox<Note> home(here, at_home);
  Mailbox<Note> away(there, abroad);
  abroad.then = [&](Note note) { home.post({1, note.number}); };
  at_home.then = [&](Note note) {
    if (note.number == 500) {
      here.stop();
      there.stop();
    } else {
      away.post({0, note.number + 1});
    }
  };
  std::thread thread([&] { there.run(); });
  away.post({0, 1});
  here.run();
  thread.join();
  EXPECT_EQ(at_home.notes.size(), 500u);
  EXPECT_EQ(abroad.notes.size(), 500u);
}

TEST(Mailbox, letters_may_be_values_that_only_move) {
  struct Reader final : Mailbox<std::unique_ptr<int>>::Reader {
    void on_letter(std::unique_ptr<int> letter) override { sum += *letter; }
    int sum = 0;
  } reader;
  EpollLoop loop(1);
  Mailbox<std::unique_ptr<int>> mailbox(loop, reader);
  mailbox.post(std::make_unique<int>(40));
  mailbox.post(std::make_unique<int>(2));
  loop.turn();
  EXPECT_EQ(reader.sum, 42);
}

}  // namespace
}  // namespace daruma::io
