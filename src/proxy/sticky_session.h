// SPDX-License-Identifier: Apache-2.0
//
// What one request's cookies of stickiness say, and what its response's will. A request has one
// where its action or its target group is sticky.
#pragma once

#include <cstdint>
#include <string>

#include "routing/sticky_record.h"

namespace daruma::proxy {

class TargetState;

struct StickySession {
  // As the client has brought them.
  routing::StickyRecord targets;  // AWSALB, or AWSALBAPP: whichever the group goes by
  routing::StickyRecord groups;   // AWSALBTG

  bool sticky_action = false;  // the response says which group it was
  bool targets_read = false;
  bool continues = false;  // the client had a session with this group, with whichever target
  // The request goes to this target and waits for no other, as long as it is a candidate and does
  // not fail. Nullptr: the algorithm chooses.
  TargetState* target = nullptr;
  uint32_t place = 0;  // of it, in the group

  std::string fields;  // of the response: Set-Cookie
};

}  // namespace daruma::proxy
