// SPDX-License-Identifier: Apache-2.0
//
// Exchanges for reuse: their vectors and strings keep their capacity, so that a request allocates
// nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace daruma::proxy {

class Exchange;
struct Environment;

class ExchangePool {
 public:
  static constexpr size_t kept_max = 1024;

  explicit ExchangePool(Environment& environment);
  ~ExchangePool();

  Exchange& take();
  // The exchange must not be used afterwards; it may be on the call stack, it is not destroyed now.
  void give(Exchange& exchange);
  size_t active() const { return active_; }

 private:
  Environment& environment_;
  std::vector<std::unique_ptr<Exchange>> free_;
  size_t active_ = 0;
};

}  // namespace daruma::proxy
