// SPDX-License-Identifier: Apache-2.0
#include "sim/seed_watch.h"

#include <signal.h>
#include <unistd.h>

namespace daruma::sim {
namespace {

// No run needs a tenth of that: who takes longer turns in a circle.
constexpr unsigned run_seconds_max = 120;

// tidy-allow(globals): a signal handler has no other way to know
volatile uint64_t seed_under_way = 0;

// For the signal handler: nothing that allocates.
void print_number(uint64_t value) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value > 0);
  [[maybe_unused]] const auto written = write(2, digits + at, sizeof digits - at);
}

void on_fatal_signal(int signal) {
  static constexpr char before[] = "seed ";
  static constexpr char crashed[] = ": crashed\n";
  static constexpr char hangs[] = ": does not come to an end\n";
  [[maybe_unused]] auto written = write(2, before, sizeof before - 1);
  print_number(seed_under_way);
  written =
      signal == SIGALRM ? write(2, hangs, sizeof hangs - 1) : write(2, crashed, sizeof crashed - 1);
  _exit(1);
}

}  // namespace

void catch_crashes() {
  struct sigaction action {};
  action.sa_handler = on_fatal_signal;
  sigaction(SIGABRT, &action, nullptr);
  sigaction(SIGALRM, &action, nullptr);
}

void begin_seed(uint64_t seed) {
  seed_under_way = seed;
  alarm(run_seconds_max);
}

}  // namespace daruma::sim
