// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange_pool.h"

#include "base/check.h"
#include "proxy/environment.h"
#include "proxy/exchange.h"

namespace daruma::proxy {

ExchangePool::ExchangePool(Environment& environment) : environment_(environment) {}

ExchangePool::~ExchangePool() {
  DARUMA_ASSERT(active_ == 0);
}

Exchange& ExchangePool::take() {
  ++active_;
  environment_.counters.exchanges_active.set(static_cast<int64_t>(active_));
  if (free_.empty()) return *new Exchange(environment_);
  Exchange& exchange = *free_.back().release();
  free_.pop_back();
  return exchange;
}

void ExchangePool::give(Exchange& exchange) {
  DARUMA_ASSERT(active_ > 0);
  --active_;
  environment_.counters.exchanges_active.set(static_cast<int64_t>(active_));
  if (free_.size() < kept_max) {
    free_.emplace_back(&exchange);
  } else {
    environment_.graveyard.bury(exchange);
  }
}

}  // namespace daruma::proxy
