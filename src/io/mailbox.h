// SPDX-License-Identifier: Apache-2.0
//
// Letters (values) between threads. Any thread posts; the owner's loop is woken and takes them in
// order. Used a few times per second, never per request, so a mutex is the right tool.
//
// A reader that sleeps finds no more than one letter about each thing (io/letter_queue.h). What a
// letter replaces is destroyed by the thread that posts it.
#pragma once

#include <list>
#include <mutex>
#include <optional>
#include <utility>

#include "io/letter_queue.h"
#include "io/loop.h"

namespace daruma::io {

template <class Letter>
class Mailbox final : private WakeHandler {
 public:
  class Reader {
   public:
    virtual void on_letter(Letter letter) = 0;

   protected:
    ~Reader() = default;
  };

  Mailbox(Loop& loop, Reader& reader) : reader_(reader), waker_(loop.make_waker(*this)) {}

  // Any thread.
  void post(Letter letter) {
    std::optional<Letter> replaced;  // destroyed outside of the lock
    {
      const std::lock_guard lock(mutex_);
      replaced = letters_.push(std::move(letter));
    }
    waker_->wake();
  }

  // Calls f(letter) for the one posted last, unless it has been taken. For who watches a
  // simulation.
  template <class F>
  void with_newest(F f) {
    const std::lock_guard lock(mutex_);
    if (!letters_.empty()) f(letters_.newest());
  }

 private:
  void on_wake() override {
    std::list<Letter> taken;
    {
      const std::lock_guard lock(mutex_);
      taken = letters_.take();
    }
    for (Letter& letter : taken) reader_.on_letter(std::move(letter));
  }

  Reader& reader_;
  std::mutex mutex_;
  LetterQueue<Letter> letters_;
  std::unique_ptr<Waker> waker_;
};

}  // namespace daruma::io
