// SPDX-License-Identifier: Apache-2.0
//
// A stream of HTTP/2 that could not write all it had, and waits for room. What room there is, is
// the other streams' as well, since the connection's is shared: so all who wait are told, and who
// finds it taken waits on, which is no progress. Pure.
#pragma once

#include <utility>

namespace daruma::proxy {

class Http2Room {
 public:
  // Not all that was given to write() was taken.
  void want() { wanted_ = true; }
  // There is, or is not, room that is worth telling of. Whether the stream is to be told.
  bool offer(bool ample) {
    if (!wanted_ || !ample) return false;
    wanted_ = false;
    return offered_ = true;
  }
  // Once after each offer: whether it may write. `any`: whether there still is room.
  bool take(bool any) {
    if (!std::exchange(offered_, false)) return false;
    wanted_ = !any;
    return any;
  }

 private:
  bool wanted_ = false;
  bool offered_ = false;
};

}  // namespace daruma::proxy
