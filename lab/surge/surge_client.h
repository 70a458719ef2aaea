// SPDX-License-Identifier: Apache-2.0
//
// One client connection of the surge: opened for a request where there is none, kept while the
// server keeps it.
#pragma once

#include <memory>
#include <string>

#include "base/buffer.h"
#include "base/intrusive_list.h"
#include "http/h1_body.h"
#include "http/h1_parser.h"
#include "io/loop.h"
#include "record_file.h"
#include "surge_options.h"
#include "tls/context.h"
#include "transport/secure_socket.h"

namespace daruma::lab {

// One attempt of a user.
struct SurgeRequest {
  uint64_t number = 0;
  unsigned attempt = 0;
  Instant intended{};
};

class SurgeClient final : public ListNode<SurgeClient>,
                          private io::SocketHandler,
                          private io::TimerHandler {
 public:
  class Owner {
   public:
    // The request is over; connected() tells whether the connection was kept.
    virtual void on_end(SurgeClient& client, const Record& record) = 0;
    // The server closed the connection while no request was under way.
    virtual void on_idle_closed(SurgeClient& client) = 0;

   protected:
    ~Owner() = default;
  };

  // What all clients share; outlives them.
  struct Way {
    io::Loop& loop;
    const SurgeOptions& options;
    transport::SecureTransport& secure;
    tls::ClientContext& tls;
    tls::SessionCache& sessions;
    Instant start;  // which the record's times count from
  };

  SurgeClient(const Way& way, Owner& owner);

  bool connected() const { return socket_ != nullptr; }
  // REQUIRES: no request is under way.
  void send(const SurgeRequest& request);

 private:
  void on_connected() override;
  void on_connect_failed() override;
  void on_readable() override;
  void on_writable() override {}
  void on_timer(io::Timer& timer) override;

  void open();
  void write_request();
  void consume();
  void closed(Outcome outcome);
  void end(Outcome outcome, bool keep);
  bool body_is_right() const;

  const Way& way_;
  Owner& owner_;
  std::unique_ptr<io::Socket> socket_;
  transport::SecureSocket* secure_ = nullptr;  // socket_, where it speaks TLS
  Buffer in_;
  io::Timer patience_;
  Record record_;
  http::H1ResponseParser parser_;
  http::ResponseHead head_;
  http::H1BodyReader reader_;
  std::string body_;
  bool busy_ = false;
  bool head_done_ = false;
};

}  // namespace daruma::lab
