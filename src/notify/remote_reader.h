// SPDX-License-Identifier: Apache-2.0
//
// Questions of the API to others' services, asked on a thread of its own, one after another, so
// that neither the control thread nor a worker waits for a network. The queue is short, and each
// question has a deadline.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <tl/expected.hpp>
#include <utility>
#include <variant>

#include "io/loop.h"
#include "io/mailbox.h"
#include "model/resources.h"
#include "notify/clocks.h"
#include "notify/curl.h"
#include "notify/ec2_client.h"

namespace daruma::notify {

// An object in a bucket of a service.
struct ObjectQuestion {
  model::api::Bucket bucket;
  std::string key;
  std::string version;  // "": the newest
  size_t bytes_max;
};
using ObjectAnswer = tl::expected<std::string, ServiceProblem>;

using RemoteQuestion = std::variant<Ec2Question, ObjectQuestion>;
using RemoteAnswer = std::variant<Ec2Answer, ObjectAnswer>;  // of the same place

class RemoteReader final : private io::Mailbox<std::pair<uint64_t, RemoteAnswer>>::Reader {
 public:
  using Done = std::function<void(RemoteAnswer)>;
  static constexpr size_t waiting_max = 16;

  // Control thread, whose loop it is; so is everything else here. `now` is any thread's.
  RemoteReader(io::Loop& loop, std::function<Instant()> now);
  ~RemoteReader();  // who still waits is not answered
  RemoteReader(const RemoteReader&) = delete;
  RemoteReader& operator=(const RemoteReader&) = delete;

  // `done` is called later. False: too many are waiting, and `done` is not called.
  bool ask(RemoteQuestion question, Instant deadline, Done done);

 private:
  struct Asked {
    uint64_t number;
    RemoteQuestion question;
    Instant deadline;
  };
  void run();
  void on_letter(std::pair<uint64_t, RemoteAnswer> answer) override;

  const std::function<Instant()> now_;
  uint64_t last_number_ = 0;
  std::map<uint64_t, Done> waiting_;  // by the question's number
  io::Mailbox<std::pair<uint64_t, RemoteAnswer>> answers_;
  CurlTransfers transfers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Asked> questions_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace daruma::notify
