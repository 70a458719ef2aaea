// SPDX-License-Identifier: Apache-2.0
//
// Builds the parts of a load balancer, starts their threads, takes signals, and stops everything in
// order. Lives on the control thread, which is the process's main thread.
//
//   control  this one: configuration, admin server, signals
//   workers  one a core, pinned: the data plane
//   health   all probes
//   log      log rings to files
//   shipper  complete log files to their buckets
//   otlp     metrics and spans to a collector, where that is wanted
//   mackerel pushes figures there, where that is configured
//   archive  points of metrics to their file (inside metrics::Archivist)
//   names    up to eight for look-ups of host names (inside control::make_system_lookup)
#pragma once

#include <memory>
#include <vector>

#include "api/audit_trail.h"
#include "api/failure_delay.h"
#include "api/service.h"
#include "app/alarm_audience.h"
#include "app/alarm_page.h"
#include "app/command_line.h"
#include "app/otlp.h"
#include "app/signals.h"
#include "app/threads.h"
#include "base/log.h"
#include "console/console.h"
#include "control/admin_pages.h"
#include "control/admin_server.h"
#include "control/controller.h"
#include "control/controller_backend.h"
#include "control/cookie_keys.h"
#include "control/data_lock.h"
#include "control/mackerel_desk.h"
#include "control/metrics_keeper.h"
#include "control/name_resolver.h"
#include "control/ticket_keys.h"
#include "io/epoll_loop.h"
#include "io/mailbox.h"
#include "metrics/time_series.h"
#include "notify/alarm_desk.h"
#include "notify/curl.h"
#include "notify/log_shipper_thread.h"
#include "notify/mackerel_thread.h"
#include "notify/outbox.h"
#include "telemetry/log_thread.h"
#include "telemetry/log_writer.h"
#include "telemetry/registry.h"

namespace daruma::app {

class Supervisor final : private io::Mailbox<ProcessSignal>::Reader,
                         private control::StopObserver,
                         private io::TimerHandler {
 public:
  // `descriptor_limit`: open files that this process may have.
  Supervisor(const ServeCommand& command, const Log& log, uint64_t descriptor_limit);
  ~Supervisor();

  // Serves until a signal stops it. Returns the exit code.
  int run();

 private:
  bool lock_data();
  bool open_created();
  bool load_cookie_keys();
  bool load();
  bool ports_are_free() const;
  bool build_otlp();
  void build_threads();
  size_t client_connections_max(size_t workers) const;
  void build_monitoring();
  void build_log_shipper();
  void build_alarms();
  bool open_admin();
  void start_threads();
  void open_history();
  void stop_threads();
  void announce();
  void drain();
  void stop_now();
  [[noreturn]] void end_now() const;

  void on_letter(ProcessSignal signal) override;
  void on_all_stopped() override;
  void on_timer(io::Timer& timer) override;

  const ServeCommand& command_;
  const Log& log_;
  const uint64_t descriptor_limit_;
  const notify::CurlLibrary curl_;
  io::EpollLoop loop_;
  telemetry::Registry registry_;
  metrics::TimeSeries series_;
  std::unique_ptr<control::DataLock> data_lock_;  // null without a data directory
  std::unique_ptr<api::Created> created_;         // the same; its resources are the controller's
  const control::Surroundings surroundings_;
  const std::unique_ptr<control::NameLookup> lookup_;
  control::Controller controller_;
  control::TicketKeyKeeper ticket_keys_;
  control::CookieKeyKeeper cookie_keys_;
  std::unique_ptr<HealthThread> health_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;  // whose last words are to the prober
  std::unique_ptr<notify::OtlpThread> otlp_;            // null: nothing is exported
  Duration otlp_every_{};
  bool otlp_traces_ = false;
  std::unique_ptr<telemetry::LogWriter> log_writer_;
  std::unique_ptr<telemetry::LogThread> log_thread_;
  std::unique_ptr<notify::LogShipperThread> log_shipper_;  // null: nothing to do
  std::unique_ptr<control::ControllerBackend> backend_;
  std::unique_ptr<OtlpDesk> otlp_desk_;
  std::unique_ptr<control::MetricsKeeper> metrics_keeper_;
  std::unique_ptr<notify::MackerelThread> mackerel_;  // null: nothing is pushed there
  std::unique_ptr<control::MackerelDesk> mackerel_desk_;
  std::unique_ptr<notify::Outbox> alarms_kept_;
  std::unique_ptr<Audience> audience_;
  std::unique_ptr<notify::AlarmDesk> alarms_;
  std::unique_ptr<AlarmPage> alarm_page_;
  api::AuditTrail audit_;
  api::FailureDelay failure_delay_;
  std::unique_ptr<control::AdminPages> admin_pages_;
  std::unique_ptr<api::Service> api_;
  std::unique_ptr<console::Console> console_;
  std::unique_ptr<control::AdminServer> admin_;
  io::Timer start_timer_;  // until all workers serve
  io::Timer drain_timer_;
  io::Mailbox<ProcessSignal> signals_;
  bool draining_ = false;
  int exit_code_ = exit_ok;
};

}  // namespace daruma::app
