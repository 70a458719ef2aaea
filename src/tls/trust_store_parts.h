// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. What a TrustStore holds.
#pragma once

#include <memory>
#include <vector>

#include "tls/library.h"
#include "tls/revocation_list.h"
#include "tls/trust_store.h"

namespace daruma::tls {

struct NamesReleaser {
  void operator()(STACK_OF(X509_NAME) * names) const {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
  }
};

struct TrustStore::Implementation {
  std::unique_ptr<X509_STORE, Releaser<X509_STORE_free>> store;
  std::unique_ptr<STACK_OF(X509_NAME), NamesReleaser> names;  // of its authorities
  std::vector<RevocationList> lists;
};

}  // namespace daruma::tls
