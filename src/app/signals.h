// SPDX-License-Identifier: Apache-2.0
//
// Signals as letters: no code runs in a signal handler.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "io/mailbox.h"

namespace daruma::app {

enum class ProcessSignal : uint8_t { reload, stop };  // SIGHUP; SIGTERM and SIGINT

// Blocks the signals that SignalThread waits for, and ignores SIGPIPE. Call before any thread
// starts, so that every thread inherits it.
void block_signals();

// Waits for signals and posts them. REQUIRES: block_signals() was called; one at a time.
class SignalThread {
 public:
  explicit SignalThread(io::Mailbox<ProcessSignal>& mailbox);
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace daruma::app
