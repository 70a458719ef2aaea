// SPDX-License-Identifier: Apache-2.0
//
// Users who come when they come, whether or not those before them have been served: an open loop.
// Each sends one GET on an idle kept-alive connection, or a new one, and waits so long as its
// patience lasts, counted from the moment it meant to send. Runs on io::Loop, one thread.
#pragma once

#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "base/buffer.h"
#include "io/loop.h"
#include "profile.h"
#include "record_file.h"
#include "surge_client.h"
#include "surge_options.h"
#include "tls/context.h"
#include "transport/secure_socket.h"

namespace daruma::lab {

class Surge final : private io::TimerHandler, private SurgeClient::Owner {
 public:
  // Begins at once.
  Surge(io::Loop& loop, SurgeOptions options, RateProfile profile, RecordFile& records);
  ~Surge();
  Surge(const Surge&) = delete;
  Surge& operator=(const Surge&) = delete;

  // All have come, and each has been answered or has given up.
  bool done() const { return !next_ && again_.empty() && outstanding_ == 0; }

 private:
  struct Later {
    bool operator()(const SurgeRequest& a, const SurgeRequest& b) const {
      return a.intended > b.intended;
    }
  };

  void on_timer(io::Timer& timer) override;
  void on_end(SurgeClient& client, const Record& record) override;
  void on_idle_closed(SurgeClient& client) override;

  void send_due();
  void send(const SurgeRequest& request);
  SurgeClient& take_client();
  void finish(const Record& record);
  void schedule_next();
  double random_fraction();

  io::Loop& loop_;
  const SurgeOptions options_;
  const RateProfile profile_;
  RecordFile& records_;
  const Instant start_;
  SlabPool slabs_{1024};
  transport::SecureTransport secure_{slabs_};
  const std::unique_ptr<tls::ClientContext> tls_;
  tls::SessionCache sessions_;
  const SurgeClient::Way way_;
  io::Timer due_timer_;
  io::Timer flush_timer_;
  double count_ = 0;  // how many will have come when the next has
  std::optional<SurgeRequest> next_;
  std::priority_queue<SurgeRequest, std::vector<SurgeRequest>, Later> again_;
  size_t outstanding_ = 0;
  std::vector<std::unique_ptr<SurgeClient>> clients_;
  IntrusiveList<SurgeClient> unused_;  // without a connection
  IntrusiveList<SurgeClient> idle_;    // with one; the most recently used is last
};

}  // namespace daruma::lab
