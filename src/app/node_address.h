// SPDX-License-Identifier: Apache-2.0
//
// The address by which this node is known, for names of files.
#pragma once

#include <string>

#include "model/resources.h"

namespace daruma::app {

// The first that its listeners bind to; if they bind to all, the first of its interfaces that is
// neither loopback nor IPv6; "127.0.0.1" if there is none.
std::string node_address(const model::api::Node& node);

}  // namespace daruma::app
