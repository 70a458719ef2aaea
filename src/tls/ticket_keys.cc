// SPDX-License-Identifier: Apache-2.0
#include "tls/ticket_keys.h"

#include <openssl/rand.h>

#include "base/check.h"

namespace daruma::tls {
namespace {

constexpr size_t key_bytes = TicketKeyRing::name_bytes + 2 * TicketKeyRing::secret_bytes;
static_assert(key_bytes == 80);

}  // namespace

TicketKeys make_ticket_keys() {
  TicketKeys keys;
  keys.current.resize(key_bytes);
  DARUMA_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(keys.current.data()), key_bytes) == 1);
  return keys;
}

TicketKeys rotated(const TicketKeys& keys) {
  TicketKeys next = make_ticket_keys();
  next.previous = keys.current;
  return next;
}

bool TicketKeyRing::valid(const TicketKeys& keys) {
  return keys.current.size() == key_bytes &&
         (keys.previous.empty() || keys.previous.size() == key_bytes);
}

TicketKeyRing::TicketKeyRing(const TicketKeys& keys)
    : current_(keys.current), previous_(keys.previous), cipher_(find_ticket_cipher()) {
  DARUMA_ASSERT(valid(keys) && cipher_ != nullptr);
}

const TicketKeyRing::Key* TicketKeyRing::find(std::string_view name) const {
  if (name == current_.name()) return &current_;
  if (previous_.present() && name == previous_.name()) return &previous_;
  return nullptr;
}

}  // namespace daruma::tls
