// SPDX-License-Identifier: Apache-2.0
//
// What may stand in a log line as it is; everything else is written \xHH (AWS). Pure.
#pragma once

namespace daruma::proxy {

constexpr bool is_plain_in_log(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

}  // namespace daruma::proxy
