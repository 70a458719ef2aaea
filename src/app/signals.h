// SPDX-License-Identifier: Apache-2.0
//
// Signals as letters: no code runs in a signal handler.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>

#include "base/time.h"
#include "io/mailbox.h"

namespace daruma::app {

enum class ProcessSignal : uint8_t { reload, stop };  // SIGHUP; SIGTERM and SIGINT
// Unread reloads are one (io/letter_queue.h). Each stop counts: the second one does not drain.
inline std::optional<ProcessSignal> key_of(ProcessSignal signal) {
  return signal == ProcessSignal::reload ? std::optional(signal) : std::nullopt;
}

// Blocks the signals that SignalThread waits for, and ignores SIGPIPE and SIGXFSZ. Call before any
// thread starts, so that every thread inherits it.
void block_signals();

// What a process has to end with although a thread of it is stuck, on a disk or in the C library.
struct ForcedEnd {
  Duration after_first_stop;   // since the signal
  Duration after_second_stop;  // and every further one
  std::function<void()> end;   // called on the signal thread
};

// Waits for signals and posts them; stops that come to nothing are enforced. REQUIRES:
// block_signals() was called; one at a time.
class SignalThread {
 public:
  SignalThread(io::Mailbox<ProcessSignal>& mailbox, ForcedEnd forced_end);
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  void on_signal(int number);

  io::Mailbox<ProcessSignal>& mailbox_;
  const ForcedEnd forced_end_;
  int stops_ = 0;
  std::optional<Clock::time_point> end_at_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace daruma::app
