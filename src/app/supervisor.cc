// SPDX-License-Identifier: Apache-2.0
#include "app/supervisor.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "app/clocks.h"
#include "app/node_address.h"
#include "app/process_limits.h"
#include "app/version.h"
#include "control/arns.h"
#include "control/port_check.h"
#include "control/validate_mackerel.h"
#include "io/tcp.h"
#include "model/limits.h"

namespace daruma::app {
namespace {

constexpr Duration start_poll = 5ms;
// Workers close what is left when the drain's deadline comes; this is for one that does not.
constexpr Duration stuck_after = model::limits::drain_timeout + 5s;
// And this for a thread that cannot even be joined, such as one that waits for a disk.
constexpr Duration forced_end_after = stuck_after + 5s;
constexpr Duration forced_end_after_second = 1s;
// A node that could serve fewer clients at once is hardly meant so.
constexpr size_t client_connections_few = 10'000;

// "127.0.0.1:8080, 127.0.0.1:8443"
std::string listeners_text(const model::api::Resources& resources) {
  std::string text;
  for (const Address& address : control::listening_addresses(resources)) {
    if (!text.empty()) text += ", ";
    text += address.to_string();
  }
  return text;
}

notify::MackerelSettings mackerel_settings(const model::api::Mackerel& mackerel) {
  constexpr auto& range = model::limits::mackerel_interval_seconds;
  return {.api_key = mackerel.api_key.value_or(""),
          .base_url = mackerel.base_url.value_or(std::string(control::mackerel_url)),
          .service = mackerel.service.value_or(""),
          .roles = mackerel.roles,
          .interval = std::chrono::seconds(mackerel.interval_seconds.value_or(range.standard))};
}

}  // namespace

Supervisor::Supervisor(const ServeCommand& command, const Log& log, uint64_t descriptor_limit)
    : command_(command),
      log_(log),
      descriptor_limit_(descriptor_limit),
      loop_(io::EpollLoop::system_seed()),
      surroundings_(control::Surroundings::system(system_wall_now)),
      lookup_(control::make_system_lookup()),
      controller_({loop_, log, *lookup_}, {.config_file = command.config_file,
                                           .data_directory = command.data_directory,
                                           .surroundings = surroundings_}),
      ticket_keys_(loop_),
      cookie_keys_(loop_, log, command.data_directory),
      audit_(log),
      failure_delay_(loop_),
      start_timer_(loop_.timers(), *this),
      drain_timer_(loop_.timers(), *this),
      signals_(loop_, *this) {}

Supervisor::~Supervisor() = default;

int Supervisor::run() {
  // First, so that a stop is heard, and at last enforced, whatever the others wait for.
  const SignalThread signal_thread(signals_, {.after_first_stop = forced_end_after,
                                              .after_second_stop = forced_end_after_second,
                                              .end = [this] { end_now(); }});
  if (!lock_data() || !open_created() || !load_cookie_keys() || !load() || !ports_are_free() ||
      !build_otlp())
    return exit_failed;
  build_threads();
  build_monitoring();
  if (!open_admin()) return exit_failed;
  start_threads();
  open_history();
  start_timer_.set(loop_.now() + start_poll);
  loop_.run();
  stop_threads();
  log_.write(LogLevel::info, "app", exit_code_ == exit_ok ? "stopped" : "stopped early");
  return exit_code_;
}

bool Supervisor::lock_data() {
  if (command_.data_directory.empty()) return true;
  auto lock = control::DataLock::take(command_.data_directory);
  if (!lock) {
    log_.write(LogLevel::error, "app", lock.error().message);
    return false;
  }
  data_lock_ = std::move(*lock);
  return true;
}

// What the API made is there before the file is read: they have to fit together.
bool Supervisor::open_created() {
  if (command_.data_directory.empty()) return true;
  auto created = api::open_created(command_.data_directory);
  if (!created) {
    log_.write(LogLevel::error, "app", created.error().message);
    return false;
  }
  controller_.set_created(std::move(created->resources));
  created_ = std::make_unique<api::Created>(std::move(*created));
  return true;
}

bool Supervisor::load_cookie_keys() {
  const Result<void> loaded = cookie_keys_.load();
  if (!loaded) log_.write(LogLevel::error, "app", loaded.error().message);
  return loaded.has_value();
}

bool Supervisor::load() {
  controller_.restore();
  control::Diagnostics diagnostics = controller_.load();
  control::write_log(diagnostics, log_);
  if (!control::has_errors(diagnostics)) return true;
  // What the API made was acknowledged, and serves until it is deleted: a restart must not end it.
  if (!command_.last_good && !controller_.file_does_not_fit()) return false;
  diagnostics = controller_.load_last_good();
  control::write_log(diagnostics, log_);
  if (control::has_errors(diagnostics)) return false;
  log_.write(
      LogLevel::warning, "config",
      controller_.file_does_not_fit()
          ? "the file does not fit with what the API made; serving the last good "
            "configuration from the data directory"
          : "the file is invalid; serving the last good configuration from the data directory",
      {{"file", command_.config_file}});
  return true;
}

bool Supervisor::ports_are_free() const {
  bool free = true;
  for (const Address& address : control::listening_addresses(controller_.resources())) {
    const std::string problem = control::listening_problem(address);
    if (problem.empty()) continue;
    log_.write(LogLevel::error, "app", problem);
    free = false;
  }
  return free;
}

// As the environment has it.
bool Supervisor::build_otlp() {
  const auto settings = otlp_settings(environment_variable, version_number());
  if (!settings) {
    log_.write(LogLevel::error, "otlp", settings.error().message);
    return false;
  }
  if (!*settings) return true;
  notify::OtlpSettings given = **settings;
  given.resource.try_emplace("service.instance.id",
                             node_address(controller_.resources().node) + ":" +
                                 std::to_string(controller_.settings().admin.port()));
  otlp_every_ = given.metrics_every;
  otlp_traces_ = !given.traces_url.empty();
  otlp_ = std::make_unique<notify::OtlpThread>(std::move(given),
                                               notify::Clocks{system_now, system_wall_now}, log_);
  return true;
}

void Supervisor::build_threads() {
  const ThreadContext context{controller_.mailbox(), registry_, log_};
  const size_t count = command_.workers ? command_.workers : usable_cores().size();
  const size_t client_connections = client_connections_max(count);
  std::vector<control::Publisher::WorkerMailbox*> mailboxes;
  std::vector<telemetry::LogRing*> rings;
  for (size_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<WorkerThread>(
        context, proxy::WorkerOptions{.index = static_cast<uint32_t>(i),
                                      .ipv6 = io::tcp::has_family(Address::Family::v6),
                                      .ticket_keys = ticket_keys_.keys(),
                                      .cookie_keys = cookie_keys_.keys(),
                                      .client_connections_max = client_connections,
                                      .tells_traces = otlp_traces_}));
    mailboxes.push_back(&workers_.back()->mailbox());
    rings.push_back(&workers_.back()->ring());
  }
  health_ = std::make_unique<HealthThread>(context, mailboxes);
  for (const auto& worker : workers_) worker->connect(health_->mailbox());
  rings.push_back(&health_->ring());
  const control::Settings& settings = controller_.settings();
  telemetry::LogWriterOptions log_options{.directory = settings.logs_directory,
                                          .format = settings.logs_format};
  log_options.file.origin = {std::string(control::account_id), std::string(control::region),
                             node_address(controller_.resources().node)};
  if (otlp_traces_) log_options.observer = &otlp_->exporter();
  log_writer_ = std::make_unique<telemetry::LogWriter>(std::move(log_options), registry_,
                                                       std::move(rings), log_);
  ticket_keys_.connect(mailboxes);
  cookie_keys_.connect(mailboxes);
  controller_.connect(std::move(mailboxes), &health_->mailbox());
}

// Of each worker.
size_t Supervisor::client_connections_max(size_t workers) const {
  const size_t most = client_connections_per_worker(descriptor_limit_, workers);
  if (most * workers < client_connections_few) {
    log_.write(LogLevel::warning, "app", "few open files are allowed; raise ulimit -n",
               {{"open_files", std::to_string(descriptor_limit_)},
                {"client_connections_at_most", std::to_string(most * workers)}});
  }
  return most;
}

void Supervisor::build_monitoring() {
  build_log_shipper();
  backend_ = std::make_unique<control::ControllerBackend>(control::ControllerBackendContext{
      loop_, controller_, registry_, &log_writer_->totals(), version_number(),
      log_shipper_ ? &log_shipper_->totals() : nullptr});
  if (otlp_)
    otlp_desk_ = std::make_unique<OtlpDesk>(loop_, *backend_, otlp_->exporter(), otlp_every_);
  metrics_keeper_ = std::make_unique<control::MetricsKeeper>(
      control::MetricsKeeperContext{loop_, controller_, *backend_, registry_, series_});
  const model::api::Mackerel& mackerel = controller_.settings().mackerel;
  const notify::MackerelSettings settings = mackerel_settings(mackerel);
  if (mackerel.api_key) {
    const std::string& data = command_.data_directory;
    mackerel_ = std::make_unique<notify::MackerelThread>(
        settings, data.empty() ? "" : data + "/mackerel.db",
        notify::Clocks{system_now, system_wall_now}, log_);
  }
  mackerel_desk_ = std::make_unique<control::MackerelDesk>(loop_, controller_, registry_, *backend_,
                                                           settings.interval, mackerel_.get());
  build_alarms();
}

// Only where there is, or may be, something for it to do: it looks every second.
void Supervisor::build_log_shipper() {
  const control::Settings& settings = controller_.settings();
  const std::filesystem::path directory = settings.logs_directory;
  std::error_code ignored;
  const bool left = std::filesystem::exists(directory / telemetry::bucket_folder, ignored);
  if (settings.buckets.empty() && !settings.logs_compressed && !left) return;
  log_shipper_ = std::make_unique<notify::LogShipperThread>(
      notify::LogShipperOptions{.directory = directory, .compress = settings.logs_compressed},
      settings.buckets, notify::Clocks{system_now, system_wall_now}, log_);
}

void Supervisor::build_alarms() {
  const std::string& data = command_.data_directory;
  alarms_kept_ = notify::Outbox::open_or_forget(data.empty() ? "" : data + "/alarms.db", log_);
  audience_ = std::make_unique<Audience>(
      Audience::Context{controller_, *backend_, mackerel_.get(), log_, data});
  const bool defaults = controller_.settings().alarms.defaults.value_or(true);
  alarms_ = std::make_unique<notify::AlarmDesk>(
      loop_, series_, *alarms_kept_, *audience_,
      defaults ? notify::BuiltIns::on : notify::BuiltIns::off, log_);
  alarm_page_ = std::make_unique<AlarmPage>(*alarms_);
}

bool Supervisor::open_admin() {
  admin_pages_ = std::make_unique<control::AdminPages>(*backend_);
  admin_pages_->add_page(http::Method::get, "/mackerel",
                         "the last minute's figures, as Mackerel is given them, as JSON",
                         *mackerel_desk_);
  admin_pages_->add_page(http::Method::get, "/alarms", "every alarm and how it stands, as JSON",
                         *alarm_page_);
  admin_pages_->add_page(http::Method::post, "/alarms/test",
                         "tell everybody that this is a test: ?name=", *alarm_page_);
  const auto is_index = [](const control::AdminRoute& route) {
    return route.method == http::Method::get && route.path == "/";
  };
  const auto pages = admin_pages_->routes();
  api_ = std::make_unique<api::Service>(api::ServiceContext{
      loop_, controller_, created_.get(), surroundings_, log_, command_.config_file,
      command_.data_directory, series_, *alarms_, *std::ranges::find_if(pages, is_index)->handler,
      audit_, failure_delay_, system_now});
  console_ = std::make_unique<console::Console>(console::ConsoleContext{
      loop_, controller_, *backend_, registry_, *alarms_, *api_, created_.get(),
      command_.data_directory, audit_, failure_delay_, version_number()});
  admin_pages_->add_page(http::Method::get, "/live", "what happens now, as JSON; `daruma top` asks",
                         console_->live());
  auto routes = admin_pages_->routes();
  std::ranges::find_if(routes, is_index)->handler = api_.get();
  routes.push_back({http::Method::post, "/", api_.get()});
  routes.push_back({http::Method::get, std::string(api::ContentLinks::path), api_.get()});
  routes.push_back({http::Method::post, std::string(api::cloudwatch::cbor_path) + "*", api_.get()});
  for (control::AdminRoute& route : console_->routes()) routes.push_back(std::move(route));
  auto admin = control::AdminServer::open(loop_, controller_.settings().admin, std::move(routes));
  if (!admin) {
    log_.write(LogLevel::error, "app", "the admin server cannot start: " + admin.error().message);
    return false;
  }
  admin_ = std::move(*admin);
  return true;
}

// Workers serve meanwhile. Without it the node serves as well, and remembers less.
void Supervisor::open_history() {
  if (command_.data_directory.empty()) return;
  const std::string file = command_.data_directory + "/metrics.db";
  auto reader = store::Archive::open(file);
  auto archive = reader ? store::Archive::open(file) : Result<std::unique_ptr<store::Archive>>();
  std::string problem = reader ? "" : reader.error().message;
  if (reader && !archive) problem = archive.error().message;
  if (problem.empty()) {
    auto writer = std::make_unique<metrics::Archivist>(
        std::move(*archive), [this](const std::string& failure) {
          log_.write(failure.empty() ? LogLevel::info : LogLevel::error, "metrics",
                     failure.empty() ? "points of metrics are kept again" : failure);
        });
    const auto attached = series_.attach(std::move(*reader), std::move(writer));
    if (!attached) problem = attached.error().message;
  }
  if (problem.empty()) return;
  log_.write(LogLevel::error, "metrics",
             problem +
                 "; points of metrics are kept in memory only: move the file away, and start "
                 "again",
             {{"file", file}});
}

void Supervisor::start_threads() {
  log_thread_ = std::make_unique<telemetry::LogThread>(*log_writer_, system_wall_now);
  health_->start();
  const std::vector<int> cores = usable_cores();
  for (size_t i = 0; i < workers_.size(); ++i) {
    // More workers than cores, as in tests: the system places them.
    workers_[i]->start(workers_.size() <= cores.size() ? cores[i] : -1);
  }
}

// The order matters: nobody may push log lines once the log thread takes its last turn.
void Supervisor::stop_threads() {
  metrics_keeper_->collect();
  for (const auto& worker : workers_) worker->stop();
  health_->stop();
  log_thread_->stop();
  if (log_shipper_) log_shipper_->stop();
  if (otlp_) otlp_->stop();
  if (mackerel_) mackerel_->stop();
  audience_->stop();
  admin_.reset();
  series_.finish(loop_.wall_now());
}

void Supervisor::announce() {
  for (const std::string& problem : controller_.publisher().problems()) {
    log_.write(LogLevel::error, "app", problem);
  }
  log_.write(LogLevel::info, "app", "serving",
             {{"version", version_number()},
              {"revision", std::to_string(controller_.snapshot()->revision)},
              {"workers", std::to_string(workers_.size())},
              {"listeners", listeners_text(controller_.resources())},
              {"admin", admin_->local().to_string()}});
}

void Supervisor::on_letter(ProcessSignal signal) {
  switch (signal) {
    case ProcessSignal::reload:
      controller_.reload(nullptr);
      break;
    case ProcessSignal::stop:
      if (draining_) {
        stop_now();
      } else {
        drain();
      }
      break;
  }
}

void Supervisor::drain() {
  draining_ = true;
  log_.write(LogLevel::info, "app", "draining; a second signal stops at once",
             {{"at_most_seconds", std::to_string(model::limits::drain_timeout / 1s)}});
  drain_timer_.set(loop_.now() + stuck_after);
  controller_.drain(model::limits::drain_timeout, *this);
}

void Supervisor::stop_now() {
  exit_code_ = exit_failed;
  loop_.stop();
}

// The operational log has no buffer of its own to flush.
void Supervisor::end_now() const {
  ::alarm(1);  // it may be standard error that a thread is stuck on
  log_.write(LogLevel::error, "app", "some thread does not stop; ended without it");
  _exit(exit_failed);
}

void Supervisor::on_all_stopped() {
  loop_.stop();
}

void Supervisor::on_timer(io::Timer& timer) {
  if (&timer == &drain_timer_) {
    log_.write(LogLevel::error, "app", "some thread does not drain");
    stop_now();
    return;
  }
  if (!controller_.ready()) {
    start_timer_.set(loop_.now() + start_poll);
    return;
  }
  announce();
}

}  // namespace daruma::app
