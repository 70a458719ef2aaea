// SPDX-License-Identifier: Apache-2.0
//
// One connection of a target that speaks HTTP/2: answers many requests at once, and refuses,
// resets, leaves and errs as its behaviour says; tells the auditor all it sees.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "io/loop.h"
#include "sim/h2_wire.h"
#include "sim/sim_answer.h"
#include "sim/sim_target.h"

namespace daruma::sim {

class H2Channel final : private io::SocketHandler,
                        private io::TimerHandler,
                        private io::Task,
                        private H2Wire::Handler {
 public:
  H2Channel(SimTarget& target, uint32_t id, std::unique_ptr<io::Socket> socket);
  ~H2Channel();

  // What has been read already.
  void begin(std::string_view bytes);
  void kill(bool reset);

 private:
  struct Served {
    Asked asked;
    Answer answer;
    bool health = false;
    bool asking = true;  // the request goes on
    bool begun = false;  // the answer's head has been said
    bool says_length = false;
    bool answered = false;  // all of it has, or no more of it will be
    std::string body;
    size_t sent = 0;
    size_t limit = 0;      // of the body, where it is cut
    Instant next = never;  // when the next of it is due
  };

  void on_readable() override { read(); }
  void on_writable() override { pump(); }
  void on_timer(io::Timer& timer) override;
  void run() override;

  void on_h2_head(uint32_t stream, const SimHead& head, bool ended) override;
  void on_h2_data(uint32_t stream, std::string_view bytes) override;
  void on_h2_end(uint32_t stream, const std::string& trailers) override;
  void on_h2_reset(uint32_t stream, uint32_t code) override;
  void on_h2_goaway(uint32_t last, uint32_t code) override;
  void on_h2_broken(const std::string& problem) override;

  void read();
  bool takes(uint32_t id, const SimHead& head);
  void leave_somehow(uint32_t id);
  void plan(Served& served);
  void pump();
  // True if something was said and more may be.
  bool go_on(uint32_t id, Served& served);
  void say_head(uint32_t id, Served& served);
  void say_malformed(uint32_t id);
  void finish(uint32_t id, Served& served);
  void cut(uint32_t id, Served& served);
  void answer_health(uint32_t id, Served& served);
  void set_timer();
  bool write();
  void end_when_due();
  void close(bool reset);
  void announce();
  bool strikes(uint32_t rate);
  uint32_t wire_id() const { return connection_id_; }

  SimTarget& target_;
  Auditor& auditor_;
  const uint32_t id_;
  std::unique_ptr<io::Socket> socket_;
  const uint32_t connection_id_;
  const H2TargetBehaviour behaviour_;
  H2Wire wire_;
  io::Timer timer_;
  io::Timer window_timer_;
  io::Timer change_timer_;
  io::Timer leave_timer_;  // between two GOAWAYs, and until it closes behind the last
  io::Timer idle_timer_;
  std::map<uint32_t, Served> served_;
  uint32_t last_taken_ = UINT32_MAX;   // said by GOAWAY
  uint32_t streams_max_ = UINT32_MAX;  // as said last, heard or not
  const bool stays_;                   // having left, until the other side closes
  bool leaving_ = false;
  bool closing_ = false;
  bool closes_after_writing_ = false;
};

}  // namespace daruma::sim
