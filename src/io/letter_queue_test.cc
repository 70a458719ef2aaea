// SPDX-License-Identifier: Apache-2.0
#include "io/letter_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace daruma::io {
namespace {

// "a1" is about a; letters about '*' are all read.
struct Note {
  char about;
  int number;
};

std::optional<char> key_of(const Note& note) {
  if (note.about == '*') return std::nullopt;
  return note.about;
}

std::string text_of(const std::list<Note>& notes) {
  std::string text;
  for (const Note& note : notes) text += note.about + std::to_string(note.number) + " ";
  return text;
}

TEST(LetterQueue, keeps_the_order_of_posting) {
  LetterQueue<Note> queue;
  EXPECT_TRUE(queue.empty());
  for (const Note note : {Note{'b', 1}, {'a', 2}, {'*', 3}, {'c', 4}})
    EXPECT_FALSE(queue.push(note).has_value());
  EXPECT_EQ(queue.newest().number, 4);
  EXPECT_EQ(text_of(queue.take()), "b1 a2 *3 c4 ");
  EXPECT_TRUE(queue.empty());
}

// Not in the older one's place: it may speak of what letters in between have told.
TEST(LetterQueue, a_newer_letter_stands_where_it_was_posted_and_the_older_one_is_given_back) {
  LetterQueue<Note> queue;
  queue.push({'a', 1});
  queue.push({'b', 2});
  const std::optional<Note> replaced = queue.push({'a', 3});
  ASSERT_TRUE(replaced.has_value());
  EXPECT_EQ(replaced->number, 1);
  EXPECT_EQ(queue.push({'a', 4})->number, 3);
  EXPECT_EQ(text_of(queue.take()), "b2 a4 ");
}

TEST(LetterQueue, letters_without_a_key_are_all_read) {
  LetterQueue<Note> queue;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(queue.push({'*', i}).has_value());
  EXPECT_EQ(text_of(queue.take()), "*0 *1 *2 ");
}

TEST(LetterQueue, what_was_taken_is_not_replaced) {
  LetterQueue<Note> queue;
  queue.push({'a', 1});
  EXPECT_EQ(text_of(queue.take()), "a1 ");
  EXPECT_FALSE(queue.push({'a', 2}).has_value());
  EXPECT_EQ(text_of(queue.take()), "a2 ");
}

TEST(LetterQueue, holds_no_more_than_there_is_to_tell) {
  LetterQueue<Note> queue;
  for (int i = 0; i < 10'000; ++i) queue.push({static_cast<char>('a' + i % 5), i});
  EXPECT_EQ(text_of(queue.take()), "a9995 b9996 c9997 d9998 e9999 ");
}

TEST(LetterQueue, values_that_only_move_need_no_key) {
  LetterQueue<std::unique_ptr<int>> queue;
  EXPECT_FALSE(queue.push(std::make_unique<int>(42)).has_value());
  EXPECT_EQ(**queue.take().begin(), 42);
}

}  // namespace
}  // namespace daruma::io
