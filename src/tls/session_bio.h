// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. The library's view of the network: a BIO that reads from what was fed to the
// session and writes into the buffer of the call under way.
#pragma once

#include "tls/library.h"
#include "tls/session_state.h"

namespace daruma::tls {

// One per context; outlives the connections' BIOs.
OwnedBioMethod make_bio_method();
// The SSL object takes the BIO; `state` outlives it.
void attach_bio(SSL* ssl, const BIO_METHOD* method, SessionState& state);

}  // namespace daruma::tls
