// SPDX-License-Identifier: Apache-2.0
//
// This node's keys for cookies of stickiness: equal in all workers, and replaced once in
// limits::cookie_key_period, which is as long as a cookie may be good; the former one opens for as
// long again. Kept in the data directory (DIRECTORY/cookie_keys), so that a restart costs no client
// its session. Nodes that are to read each other's cookies share a file instead
// (Node.CookieKeyFile). Control thread only.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/mailbox.h"
#include "io/timer_wheel.h"
#include "model/letter.h"
#include "tls/cookie_sealer.h"

namespace daruma::control {

class CookieKeyKeeper final : private io::TimerHandler {
 public:
  using WorkerMailbox = io::Mailbox<model::WorkerLetter>;

  // Without a directory nothing is kept. All outlive this.
  CookieKeyKeeper(io::Loop& loop, const Log& log, std::string directory);

  // Reads what is kept, or makes a key and keeps it. REQUIRES: called once, first.
  Result<void> load();
  // What workers begin with.
  const tls::CookieKeys& keys() const { return keys_; }
  // From now on they are told of new ones. REQUIRES: called once; they outlive this.
  void connect(std::vector<WorkerMailbox*> workers);

 private:
  void on_timer(io::Timer& timer) override;
  void rotate();
  Result<void> save() const;
  void set_timer();

  io::Loop& loop_;
  const Log& log_;
  const std::string directory_;
  tls::CookieKeys keys_;
  WallTime since_{};  // when the current one was made
  std::vector<WorkerMailbox*> workers_;
  io::Timer rotation_;
};

}  // namespace daruma::control
