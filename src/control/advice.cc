// SPDX-License-Identifier: Apache-2.0
#include "control/advice.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "control/server_status.h"

namespace daruma::control {
namespace {

using model::ServerKind;

// A limit from here on costs next to nothing.
constexpr uint64_t requests_per_connection_enough = 100;
constexpr double handshake_share_noticed = 0.05;

std::string_view server_text(ServerKind server) {
  switch (server) {
    case ServerKind::apache:
      return "Apache";
    case ServerKind::nginx:
      return "nginx";
    case ServerKind::unknown:
    case ServerKind::other:
      break;
  }
  return "The server";
}

std::string requests_directive(ServerKind server, uint64_t requests) {
  const bool once = requests == 1;
  switch (server) {
    case ServerKind::apache:
      // It does not count a connection's first request.
      return once ? "KeepAlive Off" : fmt::format("MaxKeepAliveRequests {}", requests - 1);
    case ServerKind::nginx:
      return once ? "keepalive_timeout 0, or keepalive_requests 1"
                  : fmt::format("keepalive_requests {}", requests);
    case ServerKind::unknown:
    case ServerKind::other:
      break;
  }
  return once ? "no keep-alive" : fmt::format("its requests per connection: {}", requests);
}

std::string timeout_directive(ServerKind server, double seconds) {
  switch (server) {
    case ServerKind::apache:
      return fmt::format("KeepAliveTimeout {:.0f}", seconds);
    case ServerKind::nginx:
      return fmt::format("keepalive_timeout {:.0f}s", seconds);
    case ServerKind::unknown:
    case ServerKind::other:
      break;
  }
  return fmt::format("its keep-alive timeout: {:.0f} s", seconds);
}

// A scoreboard is Apache's.
ServerKind server_of(const TargetEvidence& evidence) {
  return evidence.status.known() ? ServerKind::apache : evidence.server;
}

// As the server tells it, or as far as this node has learned.
uint32_t workers_of(const TargetEvidence& evidence) {
  const uint32_t told = evidence.status.workers_most;
  return told > 0 ? told : evidence.learned_limit;
}

std::string workers_directive(const TargetEvidence& evidence) {
  const uint32_t workers = workers_of(evidence);
  if (evidence.status.workers_most > 0)
    return fmt::format("MaxRequestWorkers {}, as its scoreboard shows", workers);
  switch (server_of(evidence)) {
    case ServerKind::apache:
      return fmt::format("MaxRequestWorkers {}?", workers);
    case ServerKind::nginx:
      return "worker_connections, or what is behind it?";
    case ServerKind::unknown:
    case ServerKind::other:
      break;
  }
  return "its number of workers?";
}

double handshake_share(const TargetEvidence& evidence) {
  if (evidence.connection_time <= Duration{}) return 0;
  return seconds_of(evidence.handshake_time) / seconds_of(evidence.connection_time);
}

std::string about_requests(const TargetEvidence& evidence) {
  const uint64_t most = evidence.requests_per_connection;
  std::string text =
      fmt::format("{} at {} closes each connection after {} {} ({})", server_text(evidence.server),
                  evidence.target, most, most == 1 ? "request" : "requests",
                  requests_directive(evidence.server, most));
  if (evidence.handshakes > 0) {
    text += fmt::format(
        ": {:.0f} % of its connections' life is TLS negotiation, one handshake for {:.1f} requests",
        handshake_share(evidence) * 100,
        static_cast<double>(evidence.requests) / static_cast<double>(evidence.handshakes));
  }
  if (most == 1) return text + "; turn keep-alive on.";
  return text + (most < 1000 ? "; raise it to 1000 or more." : "; raise it.");
}

std::string about_timeout(const TargetEvidence& evidence) {
  const double theirs = seconds_of(evidence.idle_limit);
  const double ours = seconds_of(evidence.idle_timeout);
  return fmt::format(
      "{} at {} closes connections that were idle for {:.1f} s ({}), below the load balancer's "
      "idle timeout of {:.0f} s: connections are opened anew, and a request may meet the closing; "
      "raise it above that, to {:.0f} s.",
      server_text(evidence.server), evidence.target, theirs,
      timeout_directive(evidence.server, theirs), ours, ours + 5);
}

// Little's law: at the same time per request, so many more workers as there are more requests.
std::string about_workers(const TargetEvidence& evidence) {
  const uint32_t workers = workers_of(evidence);
  const double served = evidence.offered_per_second - evidence.turned_away_per_second;
  std::string text = fmt::format(
      "{} at {} serves at most {} connections at once ({}): at the worst time of the last hour "
      "{:.0f} of {:.0f} requests/s to target group {} were turned away",
      server_text(server_of(evidence)), evidence.target, workers, workers_directive(evidence),
      evidence.turned_away_per_second, evidence.offered_per_second, evidence.target_group);
  if (served > 0) {
    text += fmt::format("; about {:.0f} would have carried them",
                        std::ceil(workers * evidence.offered_per_second / served));
  }
  if (evidence.status.fullest.full())
    text += fmt::format(". When it told of itself: {}", text_of(evidence.status.fullest));
  return text + ".";
}

}  // namespace

std::string_view name_of(AdviceKind kind) {
  switch (kind) {
    case AdviceKind::raise_requests_per_connection:
      return "raise_requests_per_connection";
    case AdviceKind::raise_keep_alive_timeout:
      return "raise_keep_alive_timeout";
    case AdviceKind::raise_workers:
      return "raise_workers";
  }
  return "";
}

std::vector<Advice> advice_from(const TargetEvidence& evidence) {
  std::vector<Advice> advice;
  const auto add = [&](AdviceKind kind, std::string text) {
    advice.push_back({evidence.target_group, evidence.target, kind, std::move(text)});
  };
  const uint64_t requests = evidence.requests_per_connection;
  if (requests > 0 && (requests < requests_per_connection_enough ||
                       handshake_share(evidence) >= handshake_share_noticed))
    add(AdviceKind::raise_requests_per_connection, about_requests(evidence));
  if (evidence.idle_limit > Duration{} && evidence.idle_limit <= evidence.idle_timeout)
    add(AdviceKind::raise_keep_alive_timeout, about_timeout(evidence));
  if (workers_of(evidence) > 0 && evidence.turned_away_per_second > 0)
    add(AdviceKind::raise_workers, about_workers(evidence));
  return advice;
}

std::string text_of(const std::vector<Advice>& advice) {
  if (advice.empty()) return "Nothing to advise: no target shows what would have to be changed.\n";
  std::string text;
  for (const Advice& each : advice) text += fmt::format("{}: {}\n", each.target_group, each.text);
  return text;
}

std::string json_of(const std::vector<Advice>& advice) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Advice& each : advice) {
    list.push_back({{"target_group", each.target_group},
                    {"target", each.target},
                    {"advice", name_of(each.kind)},
                    {"text", each.text}});
  }
  return nlohmann::ordered_json{{"advice", std::move(list)}}.dump(
             2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace daruma::control
