// SPDX-License-Identifier: Apache-2.0
#include "control/ticket_keys.h"

#include <utility>

#include "base/check.h"
#include "model/limits.h"

namespace daruma::control {

static_assert(tls::ticket_lifetime <= model::limits::ticket_key_period);

TicketKeyKeeper::TicketKeyKeeper(io::Loop& loop)
    : loop_(loop), keys_(tls::make_ticket_keys()), rotation_(loop.timers(), *this) {}

void TicketKeyKeeper::connect(std::vector<WorkerMailbox*> workers) {
  DARUMA_ASSERT(workers_.empty());
  workers_ = std::move(workers);
  rotation_.set(loop_.now() + model::limits::ticket_key_period);
}

void TicketKeyKeeper::on_timer(io::Timer&) {
  keys_ = tls::rotated(keys_);
  for (WorkerMailbox* worker : workers_)
    worker->post(model::TicketKeyLetter{.current = keys_.current, .previous = keys_.previous});
  rotation_.set(loop_.now() + model::limits::ticket_key_period);
}

}  // namespace daruma::control
