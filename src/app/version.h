// SPDX-License-Identifier: Apache-2.0
//
// Which daruma this is.
#pragma once

#include <string>

namespace daruma::app {

// "0.1.0"
std::string version_number();
// "daruma 0.1.0 (g++ 12.2.0, OpenSSL 3.0.17 …)"
std::string version_text();

}  // namespace daruma::app
