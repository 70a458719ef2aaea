// SPDX-License-Identifier: Apache-2.0
//
// Doubly linked list whose links live in its elements: no allocation, O(1) unlink from the element
// alone. An element is in at most one list per ListNode base; destroying it unlinks it.
#pragma once

#include <cstddef>

#include "base/check.h"

namespace daruma {

template <class Tag>
class ListNode {
 public:
  ListNode() = default;
  ~ListNode() { unlink(); }
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    if (!linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <class T, class U>
  friend class IntrusiveList;
  ListNode* next_ = nullptr;
  ListNode* previous_ = nullptr;
};

// T derives (publicly) from ListNode<Tag>.
template <class T, class Tag = T>
class IntrusiveList {
 public:
  IntrusiveList() { head_.next_ = head_.previous_ = &head_; }
  ~IntrusiveList() {
    while (!empty()) head_.next_->unlink();
    head_.next_ = head_.previous_ =
        nullptr;  // so that the head's own destructor finds nothing to unlink
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return head_.next_ == &head_; }
  void push_back(T& element) { insert_before(head_, element); }
  void push_front(T& element) { insert_before(*head_.next_, element); }
  // REQUIRES: !empty().
  T& front() {
    DARUMA_ASSERT(!empty());
    return *static_cast<T*>(head_.next_);
  }
  T& back() {
    DARUMA_ASSERT(!empty());
    return *static_cast<T*>(head_.previous_);
  }
  // The one behind it, or nullptr. REQUIRES: the element is in this list.
  T* after(T& element) {
    Node* next = static_cast<Node&>(element).next_;
    return next == &head_ ? nullptr : static_cast<T*>(next);
  }
  T& pop_front() {
    T& element = front();
    static_cast<Node&>(element).unlink();
    return element;
  }
  // f may unlink the element it is given, and no other.
  template <class F>
  void for_each(F f) {
    for (Node* node = head_.next_; node != &head_;) {
      Node* next = node->next_;
      f(*static_cast<T*>(node));
      node = next;
    }
  }
  // From the front, until `predicate` holds; whether it did. It may not change the list.
  template <class Predicate>
  bool any_of(Predicate predicate) {
    for (Node* node = head_.next_; node != &head_; node = node->next_) {
      if (predicate(*static_cast<T*>(node))) return true;
    }
    return false;
  }
  // The same from the back.
  template <class Predicate>
  bool any_of_reversed(Predicate predicate) {
    for (Node* node = head_.previous_; node != &head_; node = node->previous_) {
      if (predicate(*static_cast<T*>(node))) return true;
    }
    return false;
  }

 private:
  using Node = ListNode<Tag>;
  static void insert_before(Node& place, T& element) {
    Node& node = element;
    DARUMA_ASSERT(!node.linked());
    node.next_ = &place;
    node.previous_ = place.previous_;
    place.previous_->next_ = &node;
    place.previous_ = &node;
  }
  Node head_;
};

}  // namespace daruma
