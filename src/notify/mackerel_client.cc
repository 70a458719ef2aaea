// SPDX-License-Identifier: Apache-2.0
#include "notify/mackerel_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "http/percent_encoding.h"
#include "notify/text.h"
#include "telemetry/mackerel_graphs.h"

namespace daruma::notify {
namespace {

using Json = nlohmann::ordered_json;

// Kinds of the outbox.
constexpr const char* hosts_kind = "host";              // DNS name → {id, body}
constexpr const char* minutes_kind = "minute";          // time → [[DNS name, [[name, value]]]]
constexpr const char* reports_kind = "report";          // number → CheckReport
constexpr const char* annotations_kind = "annotation";  // number → body

// Mackerel's limits.
constexpr size_t title_characters_max = 250;
constexpr size_t description_characters_max = 1024;
constexpr size_t message_characters_max = 1023;
constexpr size_t memo_characters_max = 250;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Of an answer or of a row, either of which may be anything.
Json parse(const std::string& text) {
  return Json::parse(text, nullptr, false);
}
std::string member(const Json& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

// The id of the host that was asked for; "" if it is retired or there is none.
std::string living_host(const Json& answer) {
  const auto host = answer.is_object() ? answer.find("host") : answer.end();
  if (host == answer.end() || !host->is_object()) return "";
  return host->value("isRetired", Json()) == Json(true) ? "" : member(*host, "id");
}

// Keys are in the order of time, as numbers of 12 digits.
std::string key_of(int64_t epoch) {
  return fmt::format("{:012}", std::max<int64_t>(epoch, 0));
}

}  // namespace

struct MackerelClient::Batch {
  std::vector<std::string> keys;
  Json points = Json::array();
};

struct MackerelClient::Reports {
  std::vector<std::string> keys;
  Json reports = Json::array();
};

MackerelClient::MackerelClient(const MackerelSettings& settings, HttpSender& sender, Outbox& outbox,
                               const Log& log)
    : settings_(settings),
      sender_(sender),
      outbox_(outbox),
      log_(log),
      retry_(std::min<Duration>(settings.interval, 10s), 5 * settings.interval) {}

// ---- what is to be sent ----

void MackerelClient::add(const telemetry::MackerelMinute& minute) {
  wanted_.clear();
  seen_ = true;
  Json rows = Json::array();
  for (const telemetry::MackerelSample& sample : minute.load_balancers) {
    wanted_.emplace(sample.dns_name, sample.load_balancer);
    Json points = Json::array();
    for (const auto& point : sample.points) points.push_back({point.name, point.value});
    rows.push_back({sample.dns_name, std::move(points)});
  }
  if (!rows.empty()) outbox_.put(minutes_kind, key_of(unix_seconds(minute.at)), text_of(rows));
  keep_within_bounds();
  commit();
}

void MackerelClient::add(const telemetry::ConfigurationChange& change) {
  if (settings_.service.empty()) return;
  const int64_t at = unix_seconds(change.at);
  const Json body{{"title", shortened(fmt::format("Daruma: configuration {}", change.revision),
                                      title_characters_max)},
                  {"description", shortened(change.text, description_characters_max)},
                  {"from", at},
                  {"to", at},
                  {"service", settings_.service},
                  {"roles", settings_.roles}};
  outbox_.put(annotations_kind, next_key(change.at), text_of(body));
  keep_within_bounds();
  commit();
}

void MackerelClient::add(const CheckReport& report) {
  const Json row{{"dns_name", report.dns_name},
                 {"name", report.name},
                 {"status", report.status},
                 {"message", shortened(report.message, message_characters_max)},
                 {"at", unix_seconds(report.at)}};
  outbox_.put(reports_kind, next_key(report.at), text_of(row));
  keep_within_bounds();
  commit();
}

void MackerelClient::set_checks(std::vector<Check> checks) {
  checks_ = std::move(checks);
}

std::string MackerelClient::next_key(WallTime at) {
  return fmt::format("{}-{:06}", key_of(unix_seconds(at)), keys_++ % 1'000'000);
}

void MackerelClient::keep_within_bounds() {
  const uint64_t lost = outbox_.shorten(minutes_kind, points_bytes_max) +
                        outbox_.shorten(reports_kind, others_bytes_max) +
                        outbox_.shorten(annotations_kind, others_bytes_max);
  if (lost == 0) return;
  log_.write(LogLevel::error, "mackerel", "too much is waiting for Mackerel; the oldest is lost",
             {{"lost", std::to_string(lost)}});
}

void MackerelClient::drop_what_is_too_old(WallTime wall_now) {
  const std::string oldest = key_of(unix_seconds(wall_now - points_age_max));
  uint64_t lost = 0;
  while (!outbox_.of(minutes_kind).empty() && outbox_.of(minutes_kind).begin()->first < oldest) {
    outbox_.erase(minutes_kind, std::string(outbox_.of(minutes_kind).begin()->first));
    ++lost;
  }
  if (lost == 0) return;
  log_.write(LogLevel::error, "mackerel",
             "figures that Mackerel did not take for a day are lost: it would drop them",
             {{"minutes", std::to_string(lost)}});
}

void MackerelClient::commit() {
  const Result<void> kept = outbox_.commit();
  if (!kept && !disk_failing_) {
    log_.write(LogLevel::error, "mackerel",
               "what waits for Mackerel is kept in memory only: " + kept.error().message);
  }
  disk_failing_ = !kept;
}

// ---- sending ----

Instant MackerelClient::turn(Instant now, WallTime wall_now) {
  drop_what_is_too_old(wall_now);
  if (!retry_.due(now)) return retry_.at();
  asked_for_ = {};
  const bool taken = sync_hosts() == Taken::yes && define_graphs() == Taken::yes &&
                     post_minutes(now) == Taken::yes && post_reports(wall_now) == Taken::yes &&
                     post_annotations() == Taken::yes && retire_hosts() == Taken::yes;
  commit();
  if (taken) {
    retry_.succeeded();
  } else {
    retry_.failed(now, asked_for_);
  }
  tell(taken);
  if (!taken) return retry_.at();
  return !seen_ || outbox_.of(minutes_kind).empty() ? never : next_post_;
}

void MackerelClient::tell(bool taken) {
  if (taken == !away_) return;
  away_ = !taken;
  const std::string waiting = std::to_string(outbox_.of(minutes_kind).size());
  if (away_) {
    log_.write(LogLevel::warning, "mackerel", "Mackerel takes nothing; figures are kept for a day",
               {{"problem", problem_}, {"batches", waiting}});
  } else {
    log_.write(LogLevel::info, "mackerel", "Mackerel takes figures again", {{"batches", waiting}});
  }
}

std::optional<HttpReply> MackerelClient::ask(const std::string& method, const std::string& path,
                                             const std::string& body) {
  HttpRequest request{method, settings_.base_url + path, {{"X-Api-Key", settings_.api_key}}, body};
  if (!body.empty()) request.fields.emplace_back("Content-Type", "application/json");
  const Result<HttpReply> reply = sender_.send(request);
  if (!reply) {
    problem_ = reply.error().message;
    return std::nullopt;
  }
  // A key that is not known today may be tomorrow.
  const bool not_let_in = reply->status == 401 || reply->status == 403;
  if (!reply->may_pass() && !not_let_in) return *reply;
  problem_ =
      fmt::format("{} {} was answered {}{}", method, path, reply->status,
                  not_let_in ? "; see to Mackerel.ApiKey, which must be allowed to write" : "");
  asked_for_ = reply->retry_after;
  return std::nullopt;
}

// ---- hosts ----

std::vector<std::string> MackerelClient::role_names() const {
  std::vector<std::string> names;
  for (const std::string& role : settings_.roles) names.push_back(settings_.service + ":" + role);
  return names;
}

std::string MackerelClient::host_body(const std::string& dns_name, const std::string& name) const {
  Json checks = Json::array();
  for (const Check& check : checks_) {
    if ((check.dns_name.empty() ? first_host() : check.dns_name) != dns_name) continue;
    checks.push_back({{"name", check.name}, {"memo", shortened(check.memo, memo_characters_max)}});
  }
  return text_of({{"name", name},
                  {"displayName", name},
                  {"customIdentifier", dns_name},
                  {"meta", Json::object()},
                  {"interfaces", Json::array()},
                  {"roleFullnames", role_names()},
                  {"checks", std::move(checks)}});
}

// Where what is of no load balancer is told.
std::string MackerelClient::first_host() const {
  return wanted_.empty() ? "" : wanted_.begin()->first;
}

std::string MackerelClient::host_id(const std::string& dns_name) const {
  const auto& hosts = outbox_.of(hosts_kind);
  const auto found = hosts.find(dns_name);
  return found == hosts.end() ? "" : member(parse(found->second), "id");
}

MackerelClient::Taken MackerelClient::sync_hosts() {
  for (const auto& [dns_name, name] : wanted_) {
    const std::string body = host_body(dns_name, name);
    const auto& hosts = outbox_.of(hosts_kind);
    const auto found = hosts.find(dns_name);
    if (found != hosts.end() && member(parse(found->second), "body") == body) continue;
    if (sync_host(dns_name, body) == Taken::later) return Taken::later;
  }
  return Taken::yes;
}

// Somebody may have made it already: this daruma, before it lost its data directory.
MackerelClient::Taken MackerelClient::sync_host(const std::string& dns_name,
                                                const std::string& body) {
  const auto known =
      ask("GET", "/api/v0/hosts-by-custom-identifier/" + http::percent_encoded(dns_name));
  if (!known) return Taken::later;
  const Json answer = known->ok() ? parse(known->body) : Json();
  const std::string id = living_host(answer);
  if (id.empty()) return make_host(dns_name, body);
  const auto changed = ask("PUT", "/api/v0/hosts/" + id, body);
  if (!changed) return Taken::later;
  if (!changed->ok()) {
    problem_ = fmt::format("host {} could not be changed ({})", dns_name, changed->status);
    return Taken::later;
  }
  outbox_.put(hosts_kind, dns_name, text_of({{"id", id}, {"body", body}}));
  return Taken::yes;
}

MackerelClient::Taken MackerelClient::make_host(const std::string& dns_name,
                                                const std::string& body) {
  const auto made = ask("POST", "/api/v0/hosts", body);
  if (!made) return Taken::later;
  const std::string id = made->ok() ? member(parse(made->body), "id") : "";
  if (id.empty()) {
    problem_ =
        fmt::format("host {} could not be made ({}); are Mackerel.Service and Roles known there?",
                    dns_name, made->status);
    return Taken::later;
  }
  outbox_.put(hosts_kind, dns_name, text_of({{"id", id}, {"body", body}}));
  return Taken::yes;
}

// Once its last figures are there.
MackerelClient::Taken MackerelClient::retire_hosts() {
  if (!seen_ || !outbox_.of(minutes_kind).empty()) return Taken::yes;
  std::vector<std::string> gone;
  for (const auto& [dns_name, row] : outbox_.of(hosts_kind)) {
    const auto is_it = [&name = dns_name](const auto& wanted) { return wanted.first == name; };
    if (std::ranges::none_of(wanted_, is_it)) gone.push_back(dns_name);
  }
  for (const std::string& dns_name : gone) {
    const auto retired = ask("POST", "/api/v0/hosts/" + host_id(dns_name) + "/retire", "{}");
    if (!retired) return Taken::later;
    outbox_.erase(hosts_kind, dns_name);  // refused: it is not there any more
  }
  return Taken::yes;
}

MackerelClient::Taken MackerelClient::forget_missing_hosts(bool& any) {
  const Outbox::Values hosts = outbox_.of(hosts_kind);
  for (const auto& [dns_name, row] : hosts) {
    const auto found = ask("GET", "/api/v0/hosts/" + host_id(dns_name));
    if (!found) return Taken::later;
    if (found->ok() && !living_host(parse(found->body)).empty()) continue;
    outbox_.erase(hosts_kind, dns_name);
    any = true;
  }
  return Taken::yes;
}

// ---- figures ----

// A graph without a definition is drawn all the same, so a refusal costs nothing else.
MackerelClient::Taken MackerelClient::define_graphs() {
  if (graphs_defined_) return Taken::yes;
  const auto defined =
      ask("POST", "/api/v0/graph-defs/create", telemetry::mackerel_graph_definitions());
  if (!defined) return Taken::later;
  graphs_defined_ = true;
  if (defined->ok()) return Taken::yes;
  log_.write(LogLevel::warning, "mackerel", "graphs could not be defined",
             {{"status", std::to_string(defined->status)}, {"answer", defined->body}});
  return Taken::yes;
}

// The oldest minutes, as many as one request takes. Figures of a host that is not known any more
// are left out.
MackerelClient::Batch MackerelClient::next_batch() const {
  Batch batch;
  for (const auto& [key, text] : outbox_.of(minutes_kind)) {
    if (!batch.keys.empty() && one_at_a_time_) break;
    Json points = Json::array();
    const Json rows = parse(text);
    for (const Json& row : rows.is_array() ? rows : Json::array()) {
      const std::string id = host_id(row.at(0).get<std::string>());
      if (id.empty()) continue;
      for (const Json& point : row.at(1)) {
        points.push_back({{"hostId", id},
                          {"name", "custom." + point.at(0).get<std::string>()},
                          {"time", parse_decimal(key).value_or(0)},
                          {"value", point.at(1)}});
      }
    }
    if (!batch.keys.empty() && batch.points.size() + points.size() > points_per_post_max) break;
    batch.keys.push_back(key);
    for (Json& point : points) batch.points.push_back(std::move(point));
  }
  return batch;
}

MackerelClient::Taken MackerelClient::post_minutes(Instant now) {
  if (!seen_ || outbox_.of(minutes_kind).empty() || now < next_post_) return Taken::yes;
  const Batch batch = next_batch();
  if (!batch.points.empty()) {
    // A little less, since minutes do not come to the millisecond.
    next_post_ = now + settings_.interval - settings_.interval / 20;
    const auto reply = ask("POST", "/api/v0/tsdb", text_of(batch.points));
    if (!reply) return Taken::later;
    if (!reply->ok()) return on_minutes_refused(batch, *reply);
  }
  one_at_a_time_ = false;
  for (const std::string& key : batch.keys) outbox_.erase(minutes_kind, key);
  return Taken::yes;
}

// Somebody may have retired a host; if nobody did, one minute is not what Mackerel reads, and must
// not hold up the others.
MackerelClient::Taken MackerelClient::on_minutes_refused(const Batch& batch,
                                                         const HttpReply& reply) {
  problem_ = fmt::format("figures were refused ({}): {}", reply.status, shortened(reply.body, 200));
  bool missing = false;
  if (forget_missing_hosts(missing) == Taken::later || missing) return Taken::later;
  if (batch.keys.size() > 1) {
    one_at_a_time_ = true;
    return Taken::later;
  }
  log_.write(LogLevel::error, "mackerel", "a minute's figures are lost", {{"problem", problem_}});
  for (const std::string& key : batch.keys) outbox_.erase(minutes_kind, key);
  return Taken::yes;
}

// ---- reports and annotations ----

// The oldest that one request takes. Of those that Mackerel would find too old, the last of each
// name is told as of now: how things stand; the others are history.
MackerelClient::Reports MackerelClient::next_reports(WallTime wall_now) const {
  const int64_t oldest = unix_seconds(wall_now - reports_age_max + 10min);
  std::map<std::pair<std::string, std::string>, std::string> newest;
  for (const auto& [key, text] : outbox_.of(reports_kind)) {
    const Json row = parse(text);
    newest[{member(row, "dns_name"), member(row, "name")}] = key;
  }
  Reports next;
  for (const auto& [key, text] : outbox_.of(reports_kind)) {
    if (next.keys.size() == reports_per_post_max) break;
    next.keys.push_back(key);
    const Json row = parse(text);
    const std::string dns_name = member(row, "dns_name");
    const std::string id = host_id(dns_name.empty() ? first_host() : dns_name);
    if (id.empty()) continue;
    const int64_t at = row.value("at", int64_t{0});
    if (at < oldest && newest[{dns_name, member(row, "name")}] != key) continue;
    next.reports.push_back({{"source", {{"type", "host"}, {"hostId", id}}},
                            {"name", member(row, "name")},
                            {"status", member(row, "status")},
                            {"message", member(row, "message")},
                            {"occurredAt", at < oldest ? unix_seconds(wall_now) : at}});
  }
  return next;
}

MackerelClient::Taken MackerelClient::post_reports(WallTime wall_now) {
  while (seen_ && !outbox_.of(reports_kind).empty()) {
    const Reports next = next_reports(wall_now);
    if (!next.reports.empty()) {
      const auto reply =
          ask("POST", "/api/v0/monitoring/checks/report", text_of({{"reports", next.reports}}));
      if (!reply) return Taken::later;
      if (!reply->ok()) {
        log_.write(LogLevel::error, "mackerel", "check reports were refused and are lost",
                   {{"status", std::to_string(reply->status)}, {"answer", reply->body}});
      }
    }
    for (const std::string& key : next.keys) outbox_.erase(reports_kind, key);
  }
  return Taken::yes;
}

MackerelClient::Taken MackerelClient::post_annotations() {
  while (!outbox_.of(annotations_kind).empty()) {
    const auto first = *outbox_.of(annotations_kind).begin();
    const auto reply = ask("POST", "/api/v0/graph-annotations", first.second);
    if (!reply) return Taken::later;
    if (!reply->ok()) {
      log_.write(LogLevel::error, "mackerel",
                 "an annotation was refused and is lost; is Mackerel.Service known there?",
                 {{"status", std::to_string(reply->status)}, {"answer", reply->body}});
    }
    outbox_.erase(annotations_kind, first.first);
  }
  return Taken::yes;
}

}  // namespace daruma::notify
