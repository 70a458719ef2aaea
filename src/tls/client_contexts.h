// SPDX-License-Identifier: Apache-2.0
//
// One ClientContext for all targets that are spoken to alike. One thread's.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/check.h"
#include "tls/context.h"

namespace daruma::tls {

class ClientContexts {
 public:
  // `identity` is equal for equal options only. REQUIRES: ClientContext::create() takes them, as
  // control has tried.
  std::shared_ptr<ClientContext> find_or_make(const std::string& identity,
                                              const ClientOptions& options) {
    std::weak_ptr<ClientContext>& place = contexts_[identity];
    if (std::shared_ptr<ClientContext> there = place.lock()) return there;
    auto made = ClientContext::create(options);
    DARUMA_ASSERT(made.has_value());
    const std::shared_ptr<ClientContext> context = std::move(*made);
    place = context;
    std::erase_if(contexts_, [](const auto& entry) { return entry.second.expired(); });
    return context;
  }

 private:
  std::map<std::string, std::weak_ptr<ClientContext>> contexts_;
};

}  // namespace daruma::tls
