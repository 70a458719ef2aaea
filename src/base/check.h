// SPDX-License-Identifier: Apache-2.0
//
// Assertions about our own state, on in every build. Never assert on bytes from a peer or an
// operator.
#pragma once

#include <atomic>
#include <cstdint>

namespace daruma {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

// "Cannot happen, but one request is enough to lose": counts and prints; fatal where
// bugs_are_fatal() was called (tests, simulation). The caller then ends the exchange it was
// serving.
void report_bug(const char* what);
void bugs_are_fatal();
uint64_t bugs_reported();

}  // namespace daruma

#define DARUMA_ASSERT(expression)          \
  (static_cast<bool>(expression) ? void(0) \
                                 : ::daruma::assertion_failed(#expression, __FILE__, __LINE__))
