// SPDX-License-Identifier: Apache-2.0
//
// GET /console/live: how everything stands, once a second, to every browser that watches, as
// server-sent events (WHATWG HTML 9.2); and GET /live, the same once, for `daruma top`. While
// nobody watches, nothing is looked at. Control thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "console/figures.h"
#include "console/gate.h"
#include "console/live_json.h"
#include "control/controller_backend.h"
#include "io/loop.h"
#include "io/timer_wheel.h"
#include "metrics/topology.h"
#include "notify/alarm_desk.h"
#include "telemetry/registry.h"

namespace daruma::console {

class Live final : public control::AdminHandler, private io::TimerHandler {
 public:
  static constexpr size_t streams_max = 8;  // the admin server has 64 connections in all
  static constexpr size_t waiting_max = 8;  // for the first look
  static constexpr Duration every = 1s;
  static constexpr size_t targets_a_look = 5'000;  // so many more, and a look is a second later
  static constexpr Duration first_after = 250ms;
  static constexpr Duration advice_every = 5s;
  // Who asks /live again within it is answered at once.
  static constexpr Duration watched_for = 5s;

  // All of it outlives this.
  struct Context {
    io::Loop& loop;
    control::Controller& controller;
    control::ControllerBackend& backend;
    const telemetry::Registry& registry;
    const notify::AlarmDesk& alarms;
    Sessions& sessions;
    std::string version;
  };
  explicit Live(const Context& context);
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  void add_page(Gate& gate);
  // {"config": …, "state": …}
  void handle(const control::AdminRequest& request, control::AdminResponder responder) override;

  size_t streams() const { return streams_.size(); }

 private:
  struct Stream {
    SessionId session;
    uint64_t revision;  // of the configuration that it was told
    control::AdminStream out;
  };
  void watch(const Visit& visit, control::AdminResponder responder);
  void wake();
  bool is_watched() const;
  void on_timer(io::Timer& timer) override;
  void look();
  void know_configuration();
  void tell(Stream& stream);
  control::AdminResponse whole() const;

  const Context context_;
  const WallTime started_;
  FigureMeter meter_;
  metrics::Topology topology_;
  GroupsOf groups_;
  std::vector<control::Advice> advice_;
  Instant advised_{};
  Instant asked_{};    // by /live
  std::string state_;  // "": there was no look yet
  std::string config_;
  uint64_t config_revision_ = 0;  // what config_, topology_ and groups_ are of
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<control::AdminResponder> waiting_;  // for the first look
  io::Timer timer_;
};

}  // namespace daruma::console
