// SPDX-License-Identifier: Apache-2.0
#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace daruma {
namespace {

struct Waiting;
struct Idle;

struct Element : ListNode<Waiting>, ListNode<Idle> {
  explicit Element(int value) : number(value) {}
  int number;
};

template <class List>
std::vector<int> numbers(List& list) {
  std::vector<int> found;
  list.for_each([&](Element& element) { found.push_back(element.number); });
  return found;
}

using WaitingList = IntrusiveList<Element, Waiting>;
using IdleList = IntrusiveList<Element, Idle>;
using Numbers = std::vector<int>;

TEST(IntrusiveList, keeps_order_at_both_ends) {
  Element a(1), b(2), c(3);
  WaitingList list;
  EXPECT_TRUE(list.empty());
  list.push_back(b);
  list.push_back(c);
  list.push_front(a);
  EXPECT_EQ(numbers(list), (Numbers{1, 2, 3}));
  EXPECT_EQ(list.front().number, 1);
  EXPECT_EQ(list.back().number, 3);
  EXPECT_EQ(list.pop_front().number, 1);
  EXPECT_FALSE(a.ListNode<Waiting>::linked());
  EXPECT_EQ(numbers(list), (Numbers{2, 3}));
}

TEST(IntrusiveList, element_is_in_several_lists_by_tag) {
  Element a(1), b(2);
  WaitingList waiting;
  IdleList idle;
  waiting.push_back(a);
  waiting.push_back(b);
  idle.push_back(b);
  idle.push_back(a);
  a.ListNode<Waiting>::unlink();
  EXPECT_EQ(numbers(waiting), Numbers{2});
  EXPECT_EQ(numbers(idle), (Numbers{2, 1}));
}

TEST(IntrusiveList, destroying_an_element_unlinks_it) {
  Element a(1), c(3);
  auto b = std::make_unique<Element>(2);
  WaitingList list;
  list.push_back(a);
  list.push_back(*b);
  list.push_back(c);
  b.reset();
  EXPECT_EQ(numbers(list), (Numbers{1, 3}));
}

TEST(IntrusiveList, destroying_the_list_frees_its_elements_for_another) {
  Element a(1), b(2);
  {
    WaitingList list;
    list.push_back(a);
    list.push_back(b);
  }
  EXPECT_FALSE(a.ListNode<Waiting>::linked());
  WaitingList other;
  other.push_back(b);
  other.push_back(a);
  EXPECT_EQ(numbers(other), (Numbers{2, 1}));
}

TEST(IntrusiveList, element_may_leave_while_it_is_visited) {
  Element a(1), b(2), c(3);
  WaitingList list;
  for (Element* element : {&a, &b, &c}) list.push_back(*element);
  list.for_each([](Element& element) {
    if (element.number != 2) element.ListNode<Waiting>::unlink();
  });
  EXPECT_EQ(numbers(list), Numbers{2});
}

TEST(IntrusiveList, unlinking_twice_changes_nothing) {
  Element a(1), b(2);
  WaitingList list;
  list.push_back(a);
  list.push_back(b);
  a.ListNode<Waiting>::unlink();
  a.ListNode<Waiting>::unlink();
  EXPECT_EQ(numbers(list), Numbers{2});
}

TEST(IntrusiveListDeathTest, refuses_an_element_that_is_in_a_list) {
  Element a(1);
  WaitingList list;
  list.push_back(a);
  EXPECT_DEATH(list.push_back(a), "linked");
  WaitingList empty;
  EXPECT_DEATH((void)empty.pop_front(), "empty");
}

}  // namespace
}  // namespace daruma
