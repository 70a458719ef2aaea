// SPDX-License-Identifier: Apache-2.0
//
// What an EC2 API (version 2016-11-15) says of networks and machines, by their ids. Ids are asked
// for as filters, so that one that is not there is left out of the answer instead of failing all.
// Calls wait; for a thread that may.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "model/resources.h"
#include "notify/clocks.h"
#include "notify/http.h"

namespace daruma::notify {

enum class Ec2Kind : uint8_t { vpc, subnet, security_group, instance };

// One of them, as far as load balancers are concerned.
struct Ec2Fact {
  std::string vpc{};      // that it lies in; a VPC's own id
  std::string zone{};     // of a subnet, an instance
  std::string address{};  // of an instance: private, IPv4
  std::string state{};    // of an instance: "running"
  bool operator==(const Ec2Fact&) const = default;
};
using Ec2Facts = std::map<std::string, Ec2Fact>;  // by id

struct Ec2Question {
  model::api::Ec2Endpoint endpoint;
  Ec2Kind kind;
  std::set<std::string> ids;
};

inline constexpr size_t ec2_reply_bytes_max = 16 * 1024 * 1024;
inline constexpr size_t ec2_ids_at_once_max = 200;  // EC2's limit for a filter's values
inline constexpr size_t ec2_pages_max = 50;         // of one request

using Ec2Answer = tl::expected<Ec2Facts, ServiceProblem>;

// Those of the ids that are there. The problem names the endpoint.
Ec2Answer ask_ec2(const Ec2Question& question, const Deadline& deadline, HttpSender& sender);

}  // namespace daruma::notify
