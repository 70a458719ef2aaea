// SPDX-License-Identifier: Apache-2.0
//
// What requests name that lies outside of the configuration: networks and machines. The inventory
// knows them, or an EC2 endpoint does (Admin.Ec2). An operation asks as if everything was known;
// what is not becomes a question, and the operation is run again when it is answered
// (docs/adr/0017). Lives as long as one run. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/service_error.h"
#include "base/time.h"
#include "model/resources.h"
#include "notify/ec2_client.h"

namespace daruma::api {

// What an EC2 endpoint has lately said to be there, so that a script's next call need not ask
// again. Control thread.
class Ec2Cache {
 public:
  static constexpr Duration good_for = 30s;
  static constexpr size_t facts_max = 10'000;

  // Forgets everything if it was another endpoint's.
  void use(const std::optional<model::api::Ec2Endpoint>& endpoint);
  void keep(notify::Ec2Kind kind, const notify::Ec2Facts& facts, Instant now);
  const notify::Ec2Fact* find(notify::Ec2Kind kind, const std::string& id, Instant now) const;

 private:
  struct Entry {
    notify::Ec2Fact fact;
    Instant until;
  };
  std::optional<model::api::Ec2Endpoint> endpoint_;
  std::map<std::pair<notify::Ec2Kind, std::string>, Entry> facts_;
};

// What one request's questions were answered; nullopt: that is not there.
using Ec2Answers =
    std::map<std::pair<notify::Ec2Kind, std::string>, std::optional<notify::Ec2Fact>>;

class Outside {
 public:
  // All outlive it.
  struct Context {
    const model::api::Inventory& inventory;
    const model::api::Node& node;
    const std::optional<model::api::Ec2Endpoint>& ec2;
    const Ec2Cache& cache;
    const Ec2Answers& answers;
    Instant now;
  };
  explicit Outside(const Context& context) : context_(context) {}
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

  // Those of the ids that are there. Fails if some have to be asked for; nobody is told that error.
  Expected<notify::Ec2Facts> find(notify::Ec2Kind kind, const std::vector<std::string>& ids);
  // Whom it has to ask; "" if the inventory knows.
  std::string endpoint() const { return context_.ec2 ? context_.ec2->endpoint.value_or("") : ""; }
  // What has to be asked before the operation can be run.
  const std::vector<notify::Ec2Question>& questions() const { return questions_; }

 private:
  std::optional<notify::Ec2Fact> known(notify::Ec2Kind kind, const std::string& id) const;

  const Context context_;
  std::vector<notify::Ec2Question> questions_;
};

}  // namespace daruma::api
