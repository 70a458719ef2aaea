// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "app/alb_checks.h"
#include "app/commands.h"
#include "app/http_client.h"
#include "telemetry/mackerel_graphs.h"

namespace daruma::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration timeout = 10s;

// What a running daruma says at /mackerel.
Result<Json> ask(const Address& admin) {
  const auto answer = get(admin, "/mackerel", timeout);
  if (!answer) {
    return fail(answer.error().message + "; is a daruma running, with this Admin address?");
  }
  Json json = Json::parse(answer->body, nullptr, false);
  if (answer->status != 200 || !json.is_object() || !json.contains("LoadBalancers"))
    return fail(admin.to_string() + ": its answer is not that of this release");
  return json;
}

// Of several load balancers each is a host of its own at Mackerel, and so a plugin of its own.
Result<Json> balancer_in(const Json& page, const std::string& name) {
  const Json& balancers = page["LoadBalancers"];
  if (name.empty() && balancers.size() == 1) return balancers[0];
  std::string names;
  for (const Json& balancer : balancers) {
    if (!name.empty() && balancer["Name"] == name) return balancer;
    names += (names.empty() ? "" : ", ") + balancer["Name"].get<std::string>();
  }
  if (names.empty()) return fail("no figures yet: the first minute has not ended");
  if (name.empty()) return fail("choose one with --lb: " + names);
  return fail("there is no load balancer '" + name + "', but " + names);
}

int fail_with(const char* command, const std::string& problem) {
  std::fprintf(stderr, "daruma %s: %s\n", command, problem.c_str());
  return exit_failed;
}

}  // namespace

int run(const MackerelPluginCommand& command) {
  const char* meta = std::getenv("MACKEREL_AGENT_PLUGIN_META");
  if (meta != nullptr && std::string_view(meta) == "1") {
    std::fputs(telemetry::mackerel_plugin_meta(command.prefix).c_str(), stdout);
    return exit_ok;
  }
  const Result<Json> page = ask(command.admin);
  if (!page) return fail_with("mackerel-plugin", page.error().message);
  const Result<Json> balancer = balancer_in(*page, command.load_balancer);
  if (!balancer) return fail_with("mackerel-plugin", balancer.error().message);
  for (const auto& [name, value] : (*balancer)["Metrics"].items()) {
    const std::string rest = name.substr(telemetry::mackerel_prefix.size());
    std::printf("%s%s\t%.10g\t%lld\n", command.prefix.c_str(), rest.c_str(), value.get<double>(),
                (*page)["Time"].get<long long>());
  }
  return exit_ok;
}

int run(const CheckAlbCommand& command) {
  const Result<Json> page = ask(command.admin);
  const AlbVerdict verdict = page ? check_alb(*page, command.load_balancer, command.bounds)
                                  : AlbVerdict{AlbVerdict::Status::unknown, page.error().message};
  std::printf("ALB %s: %s\n", name_of(verdict.status).data(), verdict.text.c_str());
  return static_cast<int>(verdict.status);
}

}  // namespace daruma::app
