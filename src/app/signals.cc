// SPDX-License-Identifier: Apache-2.0
#include "app/signals.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

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

// The signal's number; not positive if none came in time.
int wait_until(const sigset_t& set, std::chrono::steady_clock::time_point deadline) {
  const auto left = std::max(deadline - std::chrono::steady_clock::now(),
                             std::chrono::steady_clock::duration::zero());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  const timespec timeout{.tv_sec = seconds.count(),
                         .tv_nsec = std::chrono::nanoseconds(left - seconds).count()};
  return sigtimedwait(&set, nullptr, &timeout);
}

}  // namespace

void block_signals() {
  // A parent (a shell's background job, nohup) may have us ignore these.
  for (const int number : {SIGHUP, SIGTERM, SIGINT}) ::signal(number, SIG_DFL);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file that may grow no more is a write that failed
  const sigset_t set = awaited_signals();
  DARUMA_ASSERT(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
}

SignalThread::SignalThread(io::Mailbox<ProcessSignal>& mailbox, ForcedEnd forced_end)
    : mailbox_(mailbox), forced_end_(std::move(forced_end)), thread_([this] { run(); }) {}

SignalThread::~SignalThread() {
  ended_.store(true);
  pthread_kill(thread_.native_handle(), wake_up_signal);
  thread_.join();
}

void SignalThread::run() {
  const sigset_t set = awaited_signals();
  while (!ended_.load()) {
    const int number = end_at_ ? wait_until(set, *end_at_) : sigwaitinfo(&set, nullptr);
    if (number > 0) {
      on_signal(number);
    } else if (end_at_ && Clock::now() >= *end_at_) {
      end_at_.reset();
      forced_end_.end();
    }
  }
}

void SignalThread::on_signal(int number) {
  if (number == SIGHUP) mailbox_.post(ProcessSignal::reload);
  if (number != SIGTERM && number != SIGINT) return;
  mailbox_.post(ProcessSignal::stop);
  ++stops_;
  end_at_ =
      Clock::now() + (stops_ == 1 ? forced_end_.after_first_stop : forced_end_.after_second_stop);
}

}  // namespace daruma::app
