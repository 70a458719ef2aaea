// SPDX-License-Identifier: Apache-2.0
//
// What the parts of one worker share: handed down by reference, owned by the Worker, used on its
// thread only.
#pragma once

#include <memory>
#include <string>

#include "base/buffer.h"
#include "base/log.h"
#include "http/date.h"
#include "http/message.h"
#include "io/loop.h"
#include "io/mailbox.h"
#include "model/letter.h"
#include "proxy/access_log_line.h"
#include "proxy/exchange_pool.h"
#include "proxy/graveyard.h"
#include "proxy/http2_memory.h"
#include "proxy/sticky_cookies.h"
#include "proxy/story_book.h"
#include "telemetry/counters.h"
#include "telemetry/log_ring.h"
#include "telemetry/registry.h"
#include "tls/client_contexts.h"
#include "tls/context.h"
#include "transport/secure_socket.h"

namespace daruma::proxy {

struct Environment {
  Environment(io::Loop& the_loop, telemetry::Registry& the_registry,
              telemetry::LogRing& the_access_log, telemetry::WorkerCounters& the_counters,
              const Log& the_log)
      : loop(the_loop),
        registry(the_registry),
        access_log(the_access_log),
        counters(the_counters),
        log(the_log) {}

  io::Loop& loop;
  telemetry::Registry& registry;
  telemetry::LogRing& access_log;
  telemetry::WorkerCounters& counters;
  const Log& log;
  SlabPool slabs{counters.slabs_outstanding};
  transport::SecureTransport secure{slabs};
  std::shared_ptr<tls::ClientContext> client_tls;  // for targets that an ALB could have
  tls::ClientContexts client_contexts;             // for others
  Graveyard graveyard{loop};
  ExchangePool exchanges{*this};
  http::RequestHead
      scratch_head;  // heads are parsed here and swapped into an exchange once they are whole
  AccessLogFormatter access_log_formatter;
  std::string told_line;  // room for a line and its trace
  http::CachedDate date;
  StoryBook stories;
  StickyCookies sticky_cookies;
  uint32_t worker = 0;                                       // its number
  io::Mailbox<model::HealthThreadLetter>* health = nullptr;  // nullptr: nobody wants to know
  bool draining = false;                                     // no keep-alive any more
  bool tells_traces = false;                                 // as WorkerOptions has it
  // This node lacked descriptors, ports or memory: no connection is opened to a target before.
  Instant connect_again_at{};
  size_t client_connections = 0;
  size_t client_connections_max = 0;
  size_t tunnels = 0;  // upgraded client connections
  IntrusiveList<Http2Holder> http2_holders;
  size_t target_connections = 0;
  size_t target_connections_idle = 0;
  size_t requests_in_flight = 0;
};

}  // namespace daruma::proxy
