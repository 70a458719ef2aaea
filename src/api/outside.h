// SPDX-License-Identifier: Apache-2.0
//
// What requests name that lies outside of the configuration: networks and machines, which the
// inventory knows, or an EC2 endpoint does (Admin.Ec2); objects in Buckets, directories or
// services. An operation asks as if everything was known; what is not becomes a question, and the
// operation is run again when it is answered (docs/adr/0017). Lives as long as one run.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/service_error.h"
#include "base/result.h"
#include "base/time.h"
#include "model/resources.h"
#include "notify/ec2_client.h"
#include "notify/remote_reader.h"

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

struct ObjectPlace {
  std::string bucket;
  std::string key;
  std::string version{};  // "": the newest
  auto operator<=>(const ObjectPlace&) const = default;
};

// What one request's questions were answered.
struct OutsideAnswers {
  // Of this endpoint. nullopt: that is not there.
  std::optional<model::api::Ec2Endpoint> ec2_endpoint;
  std::map<std::pair<notify::Ec2Kind, std::string>, std::optional<notify::Ec2Fact>> ec2;
  std::map<ObjectPlace, notify::ObjectAnswer> objects;
};
// Of all objects that requests name while they wait, together.
inline constexpr size_t outside_bytes_max = 256 * 1024 * 1024;

class Outside {
 public:
  // All outlive it.
  struct Context {
    const model::api::Inventory& inventory;
    const model::api::Node& node;
    const std::optional<model::api::Ec2Endpoint>& ec2;
    const Ec2Cache& cache;
    const std::vector<model::api::Bucket>& buckets;
    const std::string& config_file;  // that errors name
    const OutsideAnswers& answers;
    Instant now;
  };
  explicit Outside(const Context& context) : context_(context) {}
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

  // Those of the ids that are there. Fails if some have to be asked for; nobody is told that error.
  Expected<notify::Ec2Facts> find(notify::Ec2Kind kind, const std::vector<std::string>& ids);
  // As AWS reads an object of S3. Or why not; nobody is told that it has to be asked for.
  Result<std::string> read_object(const ObjectPlace& place, size_t bytes_max);
  // Whom it has to ask; "" if the inventory knows.
  std::string endpoint() const { return context_.ec2 ? context_.ec2->endpoint.value_or("") : ""; }
  // What has to be asked before the operation can be run.
  const std::vector<notify::RemoteQuestion>& questions() const { return questions_; }

 private:
  std::optional<notify::Ec2Fact> known(notify::Ec2Kind kind, const std::string& id) const;

  const Context context_;
  std::vector<notify::RemoteQuestion> questions_;
};

}  // namespace daruma::api
