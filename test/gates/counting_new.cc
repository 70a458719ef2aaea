// SPDX-License-Identifier: Apache-2.0
#include "counting_new.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

thread_local bool counted = false;
std::atomic<uint64_t> count{0};

}  // namespace

void* operator new(size_t size) {
  if (counted) count.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

namespace daruma::gates {

void count_allocations_of_this_thread() {
  counted = true;
}
uint64_t allocations() {
  return count.load();
}

}  // namespace daruma::gates
