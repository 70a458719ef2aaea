// SPDX-License-Identifier: Apache-2.0
//
// A client's connection as its listener knows it. Lives in the listener's list; dies through the
// graveyard.
#pragma once

#include "base/intrusive_list.h"
#include "proxy/graveyard.h"

namespace daruma::proxy {

class AcceptedConnection : public Mortal, public ListNode<AcceptedConnection> {
 public:
  // The node stops or the listener goes: closes as soon as what the client has begun to say is
  // answered and everything answered has left.
  virtual void retire() = 0;
  // The node stops at once, whether or not the client takes what is said to it.
  virtual void stop_now() = 0;
};

}  // namespace daruma::proxy
