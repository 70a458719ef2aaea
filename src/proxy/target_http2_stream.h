// SPDX-License-Identifier: Apache-2.0
//
// One stream of an HTTP/2 connection to a target, as a target stream (ADR 7): a socket that takes
// HTTP/1.1's request and hands it on in frames, and gives the answer as HTTP/1.1 writes it. Owned
// by its connection's list; dies through the graveyard. What happens inside the session is noted,
// and acted upon when the session has returned (act()).
#pragma once

#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/intrusive_list.h"
#include "base/time.h"
#include "http/h2_client_session.h"
#include "http/h2_text.h"
#include "io/socket.h"
#include "model/reason.h"
#include "proxy/graveyard.h"
#include "proxy/http2_room.h"
#include "proxy/target_stream.h"

namespace daruma::proxy {

class TargetHttp2;
struct Environment;

struct TargetHttp2Streams {};  // list tags: all of a connection
struct TargetHttp2Agenda {};   // those that have something to tell

class TargetHttp2Stream final : public Mortal,
                                public ListNode<TargetHttp2Streams>,
                                public ListNode<TargetHttp2Agenda>,
                                public http::H2ClientStream,
                                public TargetStream,
                                private io::Socket {
 public:
  TargetHttp2Stream(Environment& environment, TargetConnection& connection, TargetHttp2& http2);
  ~TargetHttp2Stream() override;

  // Tells its exchange what has happened.
  void act();
  // There may be room for what the exchange could not write. To be told by act().
  void offer_room();
  // The connection is gone, for `reason`; what came before may still be read. To be told by act().
  void fail(model::Reason reason);
  // The exchange has done with it. Where the answer is whole, its stream may end by itself: some
  // targets say so in a frame of its own, and count resets as abuse.
  enum class Answer : uint8_t { whole, abandoned };
  void release(Answer answer);
  bool in_use() const { return user_ != nullptr; }

  // The target has not looked at the request, so that it may be sent again whatever it is.
  bool refused() const {
    return closed_ && !head_came_ && (http::H2ClientStream::refused() || !was_sent());
  }
  // All that was written here is still kept, and has room in `pending`.
  bool keeps_all(const Buffer& pending) const {
    return keeps_ && kept_.size() + pending.size() <= Buffer::size_max();
  }
  // Puts it in front of `pending`. False: not kept.
  bool take_back(Buffer& pending);
  // Why it ended, where the target did not just reset it; `none` else.
  model::Reason failure() const;
  // Its connection is gone, rather than the stream alone.
  bool lost() const { return failure_ != model::Reason::none; }
  Instant began() const { return began_; }
  // Of the response's body, and what frames it.
  size_t received_bytes() { return received_.body_bytes() + in().size(); }

 private:
  // Of the session.
  void on_response(int status, std::string_view fields, bool ended) override;
  void on_body(std::string_view bytes) override;
  void on_body_end(std::string_view trailers) override;
  void on_closed() override;

  // Of the socket, for the exchange.
  void set_handler(io::SocketHandler&) override {}  // the exchange is told by act()
  bool readable() const override;
  io::IoResult read(std::span<char> into) override;
  io::IoResult write(std::span<const std::string_view> pieces) override;
  void finish_writing() override {}  // the request's framing tells its end
  void abort_on_close() override {}  // what is released before its end is reset
  size_t pending_bytes() const override { return output_pending(); }
  io::SocketError error() const override;
  Address local() const override;
  Address peer() const override;

  void note();
  bool write_head(std::string_view text, size_t& accepted);
  void keep(std::string_view bytes);
  void let_kept_go();
  void end_of_answer();
  void destroy();

  Environment& environment_;
  TargetHttp2& connection_;
  Instant began_;
  http::Method method_ = http::Method::other;
  http::H2TextReader received_;
  http::H2TextWriter body_;
  Buffer kept_;  // of the request, as written here
  model::Reason failure_ = model::Reason::none;
  bool keeps_ = true;       // kept_ is all of it
  bool begun_ = false;      // the session has it
  bool head_came_ = false;  // of the final response
  Http2Room room_;
  bool closed_ = false;  // the session does not know it any more
};

}  // namespace daruma::proxy
