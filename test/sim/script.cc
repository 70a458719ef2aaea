// SPDX-License-Identifier: Apache-2.0
#include "sim/script.h"

namespace daruma::sim {
namespace {

Duration up_to(Random& random, Duration most) {
  return Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(most.count()) + 1)));
}

size_t draw_body_size(Random& random, bool big) {
  switch (random.below(big ? 6 : 5)) {
    case 0:
      return 0;
    case 1:
      return 1 + random.below(64);
    case 2:
    case 3:
      return random.below(3000);
    case 4:
      return random.below(20'000);
    default:
      return random.below(300'000);
  }
}

void draw_act(Random& random, RequestScript& request) {
  static constexpr ClientAct acts[] = {
      ClientAct::close_while_sending,   ClientAct::reset_while_sending,   ClientAct::stop_sending,
      ClientAct::close_while_receiving, ClientAct::reset_while_receiving, ClientAct::half_close};
  request.act = acts[random.below(std::size(acts))];
  const size_t whole = wire_of(request).bytes.size();
  const bool sending = request.act == ClientAct::close_while_sending ||
                       request.act == ClientAct::reset_while_sending ||
                       request.act == ClientAct::stop_sending;
  request.act_at = random.below(sending ? whole : 3000);
}

}  // namespace

RequestScript draw_request(Random& random, const TrafficPlan& plan, std::string_view path_prefix) {
  static constexpr const char* methods[] = {"GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE"};
  static constexpr Duration thinks[] = {0s, 0s, 1ms, 100ms, 1s, 8s};
  RequestScript r;
  r.token = {random.next()};
  r.method = methods[random.below(std::size(methods))];
  r.path = std::string(path_prefix) + "/" + text_of(r.token) + (random.chance(1, 3) ? "?q=1" : "");
  if (r.method == "POST" || r.method == "PUT") {
    r.body = random.chance(1, 2) ? RequestBody::length : RequestBody::chunked;
    r.body_size = draw_body_size(random, plan.big_bodies);
    r.chunk_size = 1 + random.below(random.chance(1, 4) ? 40 : 5000);
    if (r.body == RequestBody::chunked && random.chance(1, 4))
      r.trailers = trailer_lines(r.token, plan.large_heads ? random.below(7500) : 0);
    r.expect_continue = random.chance(1, 4);
    r.stop_on_early_response = random.chance(1, 2);
  }
  if (plan.http10 && random.chance(1, 4)) {
    r.minor_version = 0;
    if (r.body == RequestBody::chunked) r.body = RequestBody::length;
    r.expect_continue = false;
    r.trailers.clear();
  }
  r.close = random.chance(1, 12);
  r.think = up_to(random, thinks[random.below(std::size(thinks))]);
  if (plan.large_heads && random.chance(1, 4)) r.head_filler = 30'000 + random.below(34'000);
  if (plan.slow_clients && random.chance(1, 4)) {
    const size_t size = r.body_size + r.head_filler + r.trailers.size();
    const bool long_body = size > 2000;
    r.send_piece = long_body ? 500 + size / 100 : 1 + random.below(random.chance(1, 2) ? 3 : 400);
    r.send_pause = up_to(random, long_body ? Duration(5ms) : 20ms);
  }
  if (plan.malformed && random.chance(1, 5)) {
    r.malformation = static_cast<Malformation>(1 + random.below(malformation_count - 1));
    r.expect_continue = false;
    shape(r);
  }
  if (plan.impolite && random.chance(1, 8)) draw_act(random, r);
  const bool may_upgrade = r.method == "GET" && r.minor_version == 1 && !r.close &&
                           r.malformation == Malformation::none && r.act == ClientAct::polite;
  if (plan.upgrades && may_upgrade && random.chance(1, 3)) {
    r.upgrade = true;
    r.tunnel_size = draw_body_size(random, plan.big_bodies);
  }
  return r;
}

ClientScript draw_client(Random& random, const TrafficPlan& plan,
                         const std::vector<std::string>& path_prefixes) {
  ClientScript script;
  const size_t requests = 1 + random.below(random.chance(1, 4) ? 50 : 15);
  for (size_t i = 0; i < requests; ++i) {
    script.requests.push_back(
        draw_request(random, plan, path_prefixes[random.below(path_prefixes.size())]));
  }
  if (plan.pipelining && random.chance(1, 2)) script.pipeline_depth = 2 + random.below(3);
  if (random.chance(1, 3)) script.requests_per_connection_max = 1 + random.below(4);
  if (plan.slow_clients && random.chance(1, 4)) {
    // Some 10 KB/s at the least, also with timers that fire at ticks of 1 ms.
    script.read_piece = 20 + random.below(2000);
    script.read_pause = up_to(random, static_cast<int64_t>(script.read_piece) * 50us);
  }
  script.linger = random.chance(1, 3);
  script.keeps_cookies = random.chance(2, 3);
  return script;
}

TargetBehaviour draw_target(Random& random, bool faulty) {
  const auto sometimes = [&](uint32_t most) {
    return random.chance(1, 3) ? static_cast<uint32_t>(random.below(most)) : 0;
  };
  TargetBehaviour b;
  b.think_most = random.chance(1, 3) ? Duration(1500ms) : 5ms;
  b.body_size_most = random.chance(1, 3) ? 100'000 : 4000;
  b.chunked = static_cast<uint32_t>(random.below(10'000));
  b.until_close = sometimes(4000);
  b.bodiless = sometimes(1500);
  b.interim = sometimes(3000);
  b.early = sometimes(4000);
  b.close = sometimes(2000);
  b.trailers = sometimes(3000);
  b.large = sometimes(4000);
  b.slow = sometimes(2000);
  if (random.chance(1, 2)) {
    // Whole seconds: Keep-Alive: timeout= has no others.
    b.idle_timeout = Duration(1s) * (1 + static_cast<int>(random.below(6)));
    b.announce_timeout = !faulty || random.chance(1, 2);
  }
  if (random.chance(1, 2)) {
    b.requests_max = 1 + static_cast<int>(random.below(8));
    b.announce_max = !faulty || random.chance(1, 2);
  }
  if (!faulty) return b;
  b.silent = sometimes(600);
  b.garbage = sometimes(1000);
  b.oversized_head = sometimes(600);
  b.cut_reset = sometimes(3000);
  b.cut_close = sometimes(3000);
  b.cut_hang = sometimes(600);
  b.extra_bytes = sometimes(1000);
  return b;
}

}  // namespace daruma::sim
