// SPDX-License-Identifier: Apache-2.0
//
// What the admin pages show of this node: the controller's view and the registry's counters.
// Control thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/admin_pages.h"
#include "control/adviser.h"
#include "control/controller.h"
#include "control/mackerel_desk.h"
#include "io/loop.h"
#include "telemetry/log_file.h"
#include "telemetry/node_status.h"
#include "telemetry/registry.h"

namespace daruma::control {

// All of it outlives the backend.
struct ControllerBackendContext {
  io::Loop& loop;
  Controller& controller;
  const telemetry::Registry& registry;
  const telemetry::LogTotals* log_totals = nullptr;  // LogWriter::totals(); may be null
  std::string version;                               // "0.1.0"
  const telemetry::LogShipperTotals* log_shipper_totals = nullptr;  // may be null
};

class ControllerBackend final : public AdminBackend, public NodeChecks {
 public:
  // The node's start time is the moment of construction.
  explicit ControllerBackend(ControllerBackendContext context);
  ~ControllerBackend();  // reloads under way are not answered any more
  ControllerBackend(const ControllerBackend&) = delete;
  ControllerBackend& operator=(const ControllerBackend&) = delete;

  std::string metrics() override;
  Health health() override;
  std::string targets_json() override;
  std::string authorities_pem() override;
  std::string config_json() override;
  void reload(std::function<void(ReloadAnswer)> done) override;
  void explain(model::StoryQuery query, Inquiries::Done done) override;
  std::vector<Advice> advice() override;
  std::string zonal_shifts_json() override;
  void shift(Controller::ShiftRequest what, const ZonalShiftDesk::Request& request,
             std::function<void(ShiftAnswer)> done) override;

  telemetry::NodeStatus status();
  std::vector<telemetry::CertificateStatus> certificates() override;
  std::vector<std::string> configuration_problems() override;

 private:
  class Reload;

  telemetry::LoadStatus load_status() const;
  std::vector<telemetry::TargetStatus> target_statuses() const;
  std::vector<telemetry::GroupStatus> group_statuses() const;
  std::vector<telemetry::LoadBalancerStatus> load_balancer_statuses() const;

  const ControllerBackendContext context_;
  Adviser adviser_;
  const WallTime started_;
  std::vector<std::unique_ptr<Reload>> reloads_;
  std::map<std::string, WallTime> certificate_ends_;  // by fingerprint: reading one takes a while
};

}  // namespace daruma::control
