// SPDX-License-Identifier: Apache-2.0
//
// The one seam between Daruma and the operating system: time, chance, sockets, wake-ups. EpollLoop
// in production, sim::SimLoop in the simulation. One loop per thread; everything here but
// Waker::wake() belongs to that thread.
#pragma once

#include <memory>

#include "base/intrusive_list.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "io/socket.h"
#include "io/timer_wheel.h"

namespace daruma::io {

// Work put off to the end of the current event or turn; see Loop::call_after_event() and
// call_soon(). Owned by whoever asks; destroying withdraws it.
class Task : public ListNode<Task> {
 public:
  virtual void run() = 0;

 protected:
  ~Task() = default;
};

class WakeHandler {
 public:
  virtual void on_wake() = 0;

 protected:
  ~WakeHandler() = default;
};

// Lets another thread wake this loop. Several wakes before the loop turns may become one on_wake().
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() = 0;  // any thread
};

struct ListenOptions {
  int backlog = 4096;
  bool share_port = false;  // SO_REUSEPORT: each worker listens for itself
  bool v6_only = true;
};

class Loop {
 public:
  virtual ~Loop() = default;

  virtual Instant now() const = 0;  // constant within one turn
  // The clock read anew, to know how long something keeps this turn's others waiting. Costs more
  // than now(), so not for each request.
  virtual Instant precise_now() const { return now(); }
  virtual WallTime wall_now() const = 0;  // constant within one turn
  // For so long what this turn handles may have been there already, unseen, because the loop was
  // busy with turns before. How long somebody took to answer is known no better than that.
  Duration behind() const { return behind_; }
  virtual Random& random() = 0;
  TimerWheel& timers() { return timers_; }

  // Begins to connect; the handler hears on_connected or on_connect_failed later, never from inside
  // this call.
  virtual std::unique_ptr<Socket> connect(const Address& address, SocketHandler& handler) = 0;
  virtual Result<std::unique_ptr<Acceptor>> listen(const Address& address, AcceptHandler& handler,
                                                   const ListenOptions& options) = 0;
  virtual std::unique_ptr<Waker> make_waker(WakeHandler& handler) = 0;

  // Runs the task once, when the current event's handler has returned. Asking again before it ran,
  // here or below, changes nothing. This is how objects are destroyed that may still be on the call
  // stack.
  void call_after_event(Task& task) {
    if (!task.linked()) after_event_.push_back(task);
  }
  // Runs the task once, at the end of the current turn. What tasks ask for while they run comes at
  // the end of the next one, before which the loop does not sleep: however often somebody asks
  // again, the others' events and timers have their turn in between.
  void call_soon(Task& task) {
    if (!task.linked()) soon_.push_back(task);
  }

 protected:
  explicit Loop(Instant now) : timers_(now) {}
  // Fires what is due at now(). Each timer is an event.
  void fire_timers();
  // After each event. Tasks put off while these run, run too.
  void run_after_event();
  // At the end of each turn.
  void run_soon();
  void set_behind(Duration behind) { behind_ = behind; }
  bool has_soon() const { return !soon_.empty() || !after_event_.empty(); }

 private:
  TimerWheel timers_;
  Duration behind_{};
  IntrusiveList<Task> after_event_;
  IntrusiveList<Task> soon_;
};

}  // namespace daruma::io
