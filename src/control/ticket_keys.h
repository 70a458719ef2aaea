// SPDX-License-Identifier: Apache-2.0
//
// The keys that seal clients' TLS session tickets: equal in all workers, so that any of them
// resumes any session, and replaced from time to time, so that whoever comes by one can open no
// more than the tickets of a few hours. A key seals for limits::ticket_key_period and opens for as
// long again; no ticket lives longer than that (tls::ticket_lifetime). Never written anywhere.
// Control thread only.
#pragma once

#include <vector>

#include "io/loop.h"
#include "io/mailbox.h"
#include "io/timer_wheel.h"
#include "model/letter.h"
#include "tls/context.h"

namespace daruma::control {

class TicketKeyKeeper final : private io::TimerHandler {
 public:
  using WorkerMailbox = io::Mailbox<model::WorkerLetter>;

  explicit TicketKeyKeeper(io::Loop& loop);

  // What workers begin with.
  const tls::TicketKeys& keys() const { return keys_; }
  // From now on they are told of new ones. REQUIRES: called once; they outlive this.
  void connect(std::vector<WorkerMailbox*> workers);

 private:
  void on_timer(io::Timer& timer) override;

  io::Loop& loop_;
  tls::TicketKeys keys_;
  std::vector<WorkerMailbox*> workers_;
  io::Timer rotation_;
};

}  // namespace daruma::control
