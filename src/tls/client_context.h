// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. What a ClientContext holds.
#pragma once

#include "tls/context.h"
#include "tls/library.h"

namespace daruma::tls {

struct ClientContext::Implementation {
  OwnedBioMethod bio_method;
  OwnedContext context;
  bool verify = false;
};

}  // namespace daruma::tls
