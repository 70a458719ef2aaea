// SPDX-License-Identifier: Apache-2.0
//
// The operations of AWS Certificate Manager (JSON 1.1, "CertificateManager.X") that load balancers'
// scripts need: certificates with their keys in, facts about them out, never a key. The
// certificates of daruma.yaml are seen too, and are the file's to change.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "control/declared.h"
#include "tls/context.h"

namespace daruma::api::acm {

using Json = nlohmann::json;

// What certificates say, read once: to parse a certificate and its key takes a while.
class FactsCache {
 public:
  const tls::CertificateFacts& of(const shapes::Certificate& certificate);

 private:
  std::map<std::string, tls::CertificateFacts> known_;  // by fingerprint
};

struct JsonCall {
  Catalog& catalog;
  const NodeState& node;
  const control::Surroundings& surroundings;  // check_certificate
  FactsCache& facts;
  const Json& in;  // an object
  Json out = Json::object();
};

// A certificate with its key, as it is kept: only what is a certificate of what was given. Or what
// is wrong with it.
Expected<void> check_given(const control::Surroundings& surroundings, const std::string& leaf,
                           const std::string& chain, const std::string& key,
                           shapes::Certificate& fresh);
// ARNs of the load balancers that have the certificate of this name.
std::vector<std::string> users_of(const Catalog& catalog, const std::string& name);

using JsonOperation = Expected<void> (*)(JsonCall& call);
struct JsonOperationRow {
  std::string_view name;
  Effect effect;
  JsonOperation run;
};

// What operations take is 3 deep; a value is copied and destroyed with one frame for each level.
inline constexpr int json_depth_max = 16;
// An object, or SerializationException.
Expected<Json> parse_body(std::string_view body);

inline constexpr std::string_view target_prefix = "CertificateManager.";

// Null if this release does not have it.
const JsonOperationRow* find_operation(std::string_view name);

}  // namespace daruma::api::acm
