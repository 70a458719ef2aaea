// SPDX-License-Identifier: Apache-2.0
#include "app/signals.h"

#include <pthread.h>
#include <signal.h>

#include "base/check.h"

namespace daruma::app {
namespace {

// What the destructor wakes the thread with; means nothing from outside.
constexpr int wake_up_signal = SIGUSR1;

sigset_t awaited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGHUP, SIGTERM, SIGINT, wake_up_signal}) sigaddset(&set, number);
  return set;
}

}  // namespace

void block_signals() {
  // A parent (a shell's background job, nohup) may have us ignore these.
  for (const int number : {SIGHUP, SIGTERM, SIGINT}) ::signal(number, SIG_DFL);
  ::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = awaited_signals();
  DARUMA_ASSERT(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
}

SignalThread::SignalThread(io::Mailbox<ProcessSignal>& mailbox)
    : thread_([this, &mailbox] {
        const sigset_t set = awaited_signals();
        while (!ended_.load()) {
          int number = 0;
          if (sigwait(&set, &number) != 0) continue;
          if (number == SIGHUP) mailbox.post(ProcessSignal::reload);
          if (number == SIGTERM || number == SIGINT) mailbox.post(ProcessSignal::stop);
        }
      }) {}

SignalThread::~SignalThread() {
  ended_.store(true);
  pthread_kill(thread_.native_handle(), wake_up_signal);
  thread_.join();
}

}  // namespace daruma::app
