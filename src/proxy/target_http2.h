// SPDX-License-Identifier: Apache-2.0
//
// What a connection to a target carries that speaks HTTP/2: the session, and its streams, each lent
// to one exchange. Begins where TCP and TLS are done; the connection is open when the target's
// SETTINGS have come, so that nothing is sent to one that does not speak HTTP/2, or more than it
// takes. What the streams have to say is
// gathered and leaves at the end of the loop's turn, in as few writes as the network takes. Owned
// by its TargetConnection.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/intrusive_list.h"
#include "http/h2_client_session.h"
#include "io/loop.h"
#include "io/socket.h"
#include "model/limits.h"
#include "model/reason.h"
#include "proxy/http2_memory.h"
#include "proxy/http2_output.h"
#include "proxy/target_http2_stream.h"

namespace daruma::proxy {

class TargetConnection;
struct Environment;

class TargetHttp2 final : public Http2Holder, private io::Task {
 public:
  TargetHttp2(Environment& environment, TargetConnection& connection);
  ~TargetHttp2();

  // REQUIRES: has_room().
  TargetHttp2Stream& open();
  // One more request may be begun.
  bool has_room() const {
    return !retired_ && session_.may_request() && open_ < std::min(room_, streams_max());
  }
  // So many exchanges use it.
  size_t users() const { return users_; }
  // How many requests it carries at once, as far as that is known.
  size_t streams_max() const { return session_.streams_max(); }
  // No request any more; it ends with the last that it carries.
  void retire() { retired_ = true; }
  bool retired() const { return retired_ || session_.leaving(); }
  void give_back(TargetHttp2Stream& stream, TargetHttp2Stream::Answer answer);
  // Says good-bye, as far as the network takes it.
  void end();

  Http2Memory memory() override;

  // Of the connection.
  void on_readable();
  void on_writable();

  // For its streams.
  void note(TargetHttp2Stream& stream);  // it is to act when the session has returned
  void begin(TargetHttp2Stream& stream, const http::RequestHead& request,
             http::H2ClientSession::Follows follows);
  // To read a request's head into, for the moment; it keeps its room.
  http::RequestHead& scratch_request() { return scratch_request_; }
  http::H2Endpoint& session() { return session_; }
  io::Socket& socket();
  void reset(TargetHttp2Stream& stream, http::H2Error error);
  void forget() { --open_; }  // one of them
  // Of what they keep of their requests.
  bool may_keep(size_t bytes) const {
    return kept_bytes_ + bytes <= model::limits::http2_kept_together_bytes_max;
  }
  void kept(size_t bytes) { kept_bytes_ += bytes; }
  void let_go(size_t bytes) { kept_bytes_ -= bytes; }
  void consumed(const TargetHttp2Stream& stream, size_t bytes);
  void flush_soon();

 private:
  void run() override;
  void read();
  void act();
  void flush();
  void settle();
  void die(model::Reason reason);

  Environment& environment_;
  TargetConnection& connection_;
  http::H2ClientSession session_;
  http::RequestHead scratch_request_;
  Http2Output out_;
  IntrusiveList<TargetHttp2Stream, TargetHttp2Streams> streams_;
  IntrusiveList<TargetHttp2Stream, TargetHttp2Agenda> agenda_;
  size_t users_ = 0;
  size_t open_ = 0;  // streams, those besides whose answer is whole but not ended
  size_t kept_bytes_ = 0;
  size_t room_;  // what the target was found to take, where it refused more
  Instant last_heard_;
  bool more_to_read_ = false;  // in the next turn
  bool retired_ = false;
  bool dead_ = false;
};

}  // namespace daruma::proxy
