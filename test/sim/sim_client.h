// SPDX-License-Identifier: Apache-2.0
//
// One scripted HTTP/1.x client: sends its requests in order over one connection after another, in
// the pieces and with the manners that its script says, and tells the auditor all it sees.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "io/loop.h"
#include "sim/auditor.h"
#include "sim/message_reader.h"
#include "sim/script.h"

namespace daruma::sim {

class SimLoop;

class SimClient final : private io::SocketHandler, private io::TimerHandler {
 public:
  // Where to connect next; asked before each connection. Nullopt: nowhere for now, ask again later.
  using Destination = std::function<std::optional<Address>()>;

  SimClient(SimLoop& loop, Auditor& auditor, ClientScript script, Destination destination);
  ~SimClient();

  void start(Duration after);
  // No request is left and no connection is open.
  bool done() const { return next_ == script_.requests.size() && !socket_ && under_way_.empty(); }
  bool connected() const { return socket_ != nullptr; }
  // Sends nothing more; closes when what is under way has been answered.
  void retire();

 private:
  struct UnderWay {
    const RequestScript* request;
    bool answered_head = false;
    size_t response_bytes = 0;
  };

  void on_connected() override;
  void on_connect_failed() override;
  void on_readable() override;
  void on_writable() override;
  void on_timer(io::Timer& timer) override;

  void connect();
  void pump();
  bool may_send_next() const;
  void begin_next();
  void send();
  size_t send_limit() const;
  bool act_now();  // true: the connection is gone
  void read();
  bool read_messages();
  bool on_head();
  bool on_finished();
  void note_received(size_t bytes);
  void keep_cookies(const SimHead& head);
  void stop_body();
  void begin_tunnel();
  void say_in_tunnel();
  void tunnel_ended();
  void peer_finished();
  void over(Ending ending);
  void plan_next_connection(Duration after);

  SimLoop& loop_;
  Auditor& auditor_;
  const ClientScript script_;
  const Destination destination_;
  io::Timer send_timer_;
  io::Timer read_timer_;
  io::Timer continue_timer_;

  std::unique_ptr<io::Socket> socket_;
  bool connected_ = false;
  MessageReader reader_{MessageReader::Kind::response};
  std::deque<UnderWay> under_way_;
  size_t next_ = 0;  // index of the request that is sent next
  bool thought_ = false;
  Duration reconnect_pause_{50ms};

  // The request being sent; nullptr between two.
  const RequestScript* sending_ = nullptr;
  RequestWire wire_;
  size_t sent_ = 0;
  bool awaits_continue_ = false;
  bool stopped_sending_ = false;  // for this connection: by its own act, or an early answer

  // After an upgrade: what is said in the other protocol.
  const RequestScript* tunnel_ = nullptr;
  std::string tunnel_says_;
  bool tunnel_said_ = false;   // all of it, and FIN
  bool tunnel_heard_ = false;  // the other side's FIN

  std::map<std::string, std::string> cookies_;  // as set last, by whichever response

  size_t connection_requests_ = 0;
  bool close_announced_ = false;
  bool spoiled_ = false;  // by a malformed or broken request; what follows may be lost
  bool deaf_ = false;     // reads no more, by its own act
  bool retired_ = false;
};

}  // namespace daruma::sim
