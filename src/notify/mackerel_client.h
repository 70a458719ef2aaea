// SPDX-License-Identifier: Apache-2.0
//
// Pushes figures, check reports and graph annotations to Mackerel (mackerel.io/api-docs), without
// an agent of its: each load balancer is a host there, whose custom identifier is its DNS name, as
// for an ALB. What Mackerel does not take is kept, oldest first to go, and sent when it does.
// Mackerel forgets points that are older than a day and reports that are older than six hours:
// neither is sent then.
//
// One thread, which waits for answers; two at once on one outbox are not allowed.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "notify/http.h"
#include "notify/outbox.h"
#include "notify/retry.h"
#include "telemetry/mackerel_sample.h"

namespace daruma::notify {

struct MackerelSettings {
  std::string api_key;
  std::string base_url;            // "https://api.mackerelio.com"
  std::string service;             // "": hosts have no role, and there are no annotations
  std::vector<std::string> roles;  // of the service
  Duration interval = 60s;         // no more than one batch of figures in that time
};

// How an alarm stands, as a check of a host (POST /api/v0/monitoring/checks/report).
struct CheckReport {
  std::string dns_name;  // of the load balancer; "": of none, which the first one's host tells
  std::string name;
  std::string status;  // OK, WARNING, CRITICAL, UNKNOWN
  std::string message;
  WallTime at{};
};

class MackerelClient {
 public:
  static constexpr std::chrono::hours points_age_max{24};
  static constexpr std::chrono::hours reports_age_max{6};
  static constexpr size_t points_per_post_max = 20'000;
  static constexpr size_t reports_per_post_max = 100;
  static constexpr size_t points_bytes_max = 64 * 1024 * 1024;  // that are kept
  static constexpr size_t others_bytes_max = 1024 * 1024;       // of reports, of annotations

  // All of it outlives the client.
  MackerelClient(const MackerelSettings& settings, HttpSender& sender, Outbox& outbox,
                 const Log& log);

  // These are kept, and sent by turns to come.
  void add(const telemetry::MackerelMinute& minute);
  void add(const telemetry::ConfigurationChange& change);
  void add(const CheckReport& report);
  // A host knows what checks there are: the others' reports are nobody's.
  struct Check {
    std::string dns_name;  // as CheckReport's
    std::string name;
    std::string memo;
  };
  void set_checks(std::vector<Check> checks);

  // Sends what can be sent now. Returns when there is something to do next; never: when something
  // is added.
  Instant turn(Instant now, WallTime wall_now);

 private:
  struct Batch;
  struct Reports;
  enum class Taken : uint8_t { yes, later };

  std::string next_key(WallTime at);
  Taken sync_hosts();
  Taken sync_host(const std::string& dns_name, const std::string& body);
  Taken make_host(const std::string& dns_name, const std::string& body);
  Taken retire_hosts();
  Taken define_graphs();
  Taken post_minutes(Instant now);
  Taken on_minutes_refused(const Batch& batch, const HttpReply& reply);
  Taken forget_missing_hosts(bool& any);
  Taken post_reports(WallTime wall_now);
  Taken post_annotations();
  void drop_what_is_too_old(WallTime wall_now);
  void keep_within_bounds();
  std::string host_id(const std::string& dns_name) const;
  std::string host_body(const std::string& dns_name, const std::string& name) const;
  std::vector<std::string> role_names() const;
  Batch next_batch() const;
  Reports next_reports(WallTime wall_now) const;
  std::string first_host() const;
  // Nullopt where it may do later: then the problem is known.
  std::optional<HttpReply> ask(const std::string& method, const std::string& path,
                               const std::string& body = {});
  void commit();
  void tell(bool taken);

  const MackerelSettings settings_;
  HttpSender& sender_;
  Outbox& outbox_;
  const Log& log_;
  Retry retry_;
  Duration asked_for_{};  // by Retry-After
  std::string problem_;   // of the last request that failed
  bool away_ = false;     // and was told so
  bool disk_failing_ = false;
  bool seen_ = false;  // some minute since the start: `wanted_` is known
  bool one_at_a_time_ = false;
  bool graphs_defined_ = false;
  std::set<std::pair<std::string, std::string>> wanted_;  // DNS name, name
  std::vector<Check> checks_;
  Instant next_post_{};
  uint64_t keys_ = 0;
};

}  // namespace daruma::notify
