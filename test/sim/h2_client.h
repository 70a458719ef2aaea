// SPDX-License-Identifier: Apache-2.0
//
// One scripted client of HTTP/2 over TLS: many requests at once on one connection after another,
// with the manners that its script says; tells the auditor all it sees, stream by stream.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/buffer.h"
#include "io/loop.h"
#include "sim/auditor.h"
#include "sim/h2_script.h"
#include "sim/h2_wire.h"
#include "transport/secure_socket.h"

namespace daruma::sim {

class SimLoop;

class H2Client final : private io::SocketHandler,
                       private io::TimerHandler,
                       private H2Wire::Handler {
 public:
  // Where to connect next; nullopt: nowhere for now, ask again later.
  using Destination = std::function<std::optional<Address>()>;

  H2Client(SimLoop& loop, Auditor& auditor, H2ClientScript script, Destination destination);
  ~H2Client();

  void start(Duration after);
  // No request is left and no connection is open.
  bool done() const { return next_ == requests().size() && !socket_ && under_way_.empty(); }
  // Begins nothing more; closes when what is under way has been answered.
  void retire();

 private:
  struct UnderWay {
    const RequestScript* request = nullptr;
    std::string body;  // all of it
    size_t sent = 0;
    bool said_all = false;
    bool stopped = false;
    Instant next_piece{};
    int status = 0;
    bool answered = false;  // all of the answer has come
    size_t received = 0;
  };

  void on_connected() override;
  void on_connect_failed() override;
  void on_readable() override;
  void on_writable() override;
  void on_timer(io::Timer& timer) override;

  void on_h2_head(uint32_t stream, const SimHead& head, bool ended) override;
  void on_h2_data(uint32_t stream, std::string_view bytes) override;
  void on_h2_end(uint32_t stream, const std::string& trailers) override;
  void on_h2_reset(uint32_t stream, uint32_t code) override;
  void on_h2_goaway(uint32_t last, uint32_t code) override;
  void on_h2_broken(const std::string& problem) override;

  const std::vector<RequestScript>& requests() const { return script_.requests.requests; }
  UnderWay* find(uint32_t stream);
  void connect();
  void read();
  void pump();
  bool may_begin() const;
  void begin();
  void send_bodies();
  bool send_piece(uint32_t id, UnderWay& stream);
  void end_body(uint32_t id, UnderWay& stream);
  bool act_while_sending(uint32_t id, UnderWay& stream);
  void note_received(uint32_t id, UnderWay& stream);
  void keep_cookies(const SimHead& head);
  bool write();
  void abuse();
  void excuse_all();
  void end_stream(uint32_t id, Ending ending);
  void after_events();
  void over(Ending ending);

  SimLoop& loop_;
  Auditor& auditor_;
  const H2ClientScript script_;
  const Destination destination_;
  SlabPool slabs_;
  transport::SecureTransport transport_{slabs_};
  std::unique_ptr<tls::ClientContext> tls_;
  io::Timer begin_timer_;
  io::Timer send_timer_;
  io::Timer window_timer_;
  io::Timer change_timer_;
  io::Timer abuse_timer_;
  Random random_;

  std::unique_ptr<io::Socket> socket_;
  std::unique_ptr<H2Wire> wire_;
  uint32_t connection_ = 0;
  bool connected_ = false;
  std::map<uint32_t, UnderWay> under_way_;
  size_t next_ = 0;
  Instant thought_at_ = never;  // when the next request is ready
  std::map<std::string, std::string> cookies_;
  size_t connection_requests_ = 0;
  uint32_t initial_window_ = 0;
  bool leaving_ = false;  // no request any more on this connection
  bool abused_ = false;
  bool retired_ = false;
  std::optional<Ending> ends_;  // what the connection shall come to, once nobody is on the stack
  Duration reconnect_pause_{50ms};
};

}  // namespace daruma::sim
