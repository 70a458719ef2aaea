// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace daruma {
namespace {
std::atomic<uint64_t> bugs{0};
std::atomic<bool> fatal{false};
}  // namespace

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "assertion failed: %s at %s:%d\n", expression, file, line);
  std::abort();
}

void report_bug(const char* what) {
  bugs.fetch_add(1, std::memory_order_relaxed);
  std::fprintf(stderr, "bug: %s\n", what);
  if (fatal.load(std::memory_order_relaxed)) std::abort();
}

void bugs_are_fatal() {
  fatal.store(true, std::memory_order_relaxed);
}

uint64_t bugs_reported() {
  return bugs.load(std::memory_order_relaxed);
}

}  // namespace daruma
