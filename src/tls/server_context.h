// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. What a ServerContext holds.
#pragma once

#include "tls/certificate_store.h"
#include "tls/context.h"
#include "tls/library.h"
#include "tls/ticket_keys.h"

namespace daruma::tls {

struct ServerContext::Implementation {
  CertificateStore certificates;
  TicketKeyRing ticket_keys;
  OwnedBioMethod bio_method;
  Alpn alpn;
  // Outlives the context, which has the library's part of it: so that is not freed here.
  ClientAuthentication clients;
  OwnedContext context;
};

}  // namespace daruma::tls
