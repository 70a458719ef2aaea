// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. What one connection carries beside its SSL object, where the library's
// callbacks find it.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "tls/context.h"
#include "tls/library.h"

namespace daruma::tls {

class SessionCache;
class TicketKeyRing;
struct ParsedCertificate;

struct SessionState {
  std::string_view input;                      // fed and not used yet
  std::unique_ptr<char[]> kept;                // where input lives after release_input(); else null
  Buffer* output = nullptr;                    // of the call under way; null between calls
  const TicketKeyRing* ticket_keys = nullptr;  // server side
  const ParsedCertificate* chosen = nullptr;   // server side; null before, and if resumed
  // Server side: what is asked of the client; null if nothing is.
  const ClientAuthentication* authentication = nullptr;
  ClientCertificateProblem client_problem = ClientCertificateProblem::none;
  OwnedX509 refused;              // server side: the client's certificate; null if it was not
  SessionCache* cache = nullptr;  // client side; may be null
  bool ticket_came = false;       // client side; in the call under way
  uint32_t steps = 0;             // server side: of the library, since the handshake
  // The peer's first bytes, to tell plain HTTP from a broken handshake.
  std::array<char, 5> first_bytes{};
  uint8_t first_bytes_count = 0;
};

inline SessionState& state_of(const SSL* ssl) {
  return *static_cast<SessionState*>(SSL_get_app_data(ssl));
}

}  // namespace daruma::tls
