// SPDX-License-Identifier: Apache-2.0
//
// The control thread's centre: owns the current configuration and its snapshot, applies a changed
// file, tells workers and health, hears what they did. Everything but mailbox().post() belongs to
// the control thread (before the threads start: to whoever builds the parts).
//
// Order of use: construct → load() or load_last_good() → build workers and health with mailbox() →
// connect() → run the loop → drain() → on_all_stopped(). A configuration that every worker serves
// without a problem is kept in the data directory; an invalid one changes nothing, neither there
// nor in what serves.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "control/declared.h"
#include "control/diagnostics.h"
#include "control/health_history.h"
#include "control/inquiries.h"
#include "control/issues.h"
#include "control/last_good.h"
#include "control/name_resolver.h"
#include "control/port_check.h"
#include "control/publisher.h"
#include "control/zonal_shift_desk.h"
#include "io/loop.h"
#include "io/mailbox.h"
#include "model/letter.h"
#include "model/resources.h"
#include "model/snapshot.h"

namespace daruma::control {

// What the controller uses; all of it outlives the controller.
struct ControllerContext {
  io::Loop& loop;  // the control thread's
  const Log& log;
  NameLookup& lookup;
};

struct ControllerOptions {
  std::string config_file;
  std::string data_directory;  // "": the last good configuration is not kept
  Surroundings surroundings;
  // control/port_check
  std::function<std::string(const Address&)> listening_problem = control::listening_problem;
};

// The answer to one reload.
struct ReloadResult {
  bool applied = false;               // false: refused, nothing changed
  uint64_t revision = 0;              // what serves (or is being adopted) now
  Diagnostics diagnostics;            // errors, or warnings of a valid file
  std::vector<std::string> problems;  // what could not be done all the same, e.g. a port in use
  size_t workers = 0;
  size_t workers_adopted = 0;  // fewer than `workers`: some had not answered within 2 s

  bool everywhere() const { return applied && workers_adopted == workers; }
  bool complete() const { return everywhere() && problems.empty(); }
  std::string to_text() const;  // for people: a few lines
};

class ReloadObserver {
 public:
  // May ask for another one.
  virtual void on_reloaded(const ReloadResult& result) = 0;

 protected:
  ~ReloadObserver() = default;
};

class StopObserver {
 public:
  virtual void on_all_stopped() = 0;

 protected:
  ~StopObserver() = default;
};

// The last attempt to apply the file, for metrics. A start from the last good configuration leaves
// it at the refusal that made it necessary, but for `applied_at`.
struct ReloadStatus {
  bool success = false;
  WallTime at{};          // of the last attempt
  WallTime applied_at{};  // of the last one that succeeded
  uint64_t attempts = 0;
  uint64_t failures = 0;
};

// A target that was deregistered: shown until its deregistration delay has ended, whether or not
// requests are still under way, as AWS does.
struct DrainingTarget {
  model::Target target;
  Instant until;
};

class Controller final : private io::Mailbox<model::ControlLetter>::Reader,
                         private NameResolver::Observer,
                         private ZonalShiftDesk::Owner,
                         private io::TimerHandler,
                         private io::Task {
 public:
  using TargetHealthTable = std::map<model::TargetKey, model::TargetHealth>;
  using DrainingTable = std::map<model::TargetKey, DrainingTarget>;
  static constexpr Duration reload_timeout = 2s;

  Controller(const ControllerContext& context, ControllerOptions options);
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // The first configuration. If it has no errors, snapshot() is there.
  Diagnostics load();
  // Whether the file is valid by itself, and load() failed because of what the API made.
  bool file_does_not_fit() const { return file_does_not_fit_; }
  // The same from the data directory, whatever the configuration file says now.
  Diagnostics load_last_good();

  // What the API made lives beside what the file declares, in one tree. A file that does not fit
  // with it is refused. REQUIRES: before load().
  void set_created(model::api::Resources created) { created_ = std::move(created); }
  const model::api::Resources& created() const { return created_; }
  const model::api::Resources& declared() const { return declared_; }
  // Whether new ports are opened to see if they can be; not those that were served a moment ago.
  enum class Ports : uint8_t { tried, trusted };
  // The whole if these were what the API made, and what would be wrong with it.
  struct Proposal {
    model::api::Resources whole;
    Issues issues;
  };
  Proposal propose(const model::api::Resources& created, Ports ports) const;
  // What the API had made until now. The observer (may be null) hears as after a reload. REQUIRES:
  // propose(created) found no error, and nothing was changed since; not draining.
  model::api::Resources apply_created(model::api::Resources created, Proposal proposal,
                                      ReloadObserver* observer);
  bool draining() const { return draining_; }

  // What of the data directory is not configuration. REQUIRES: before load().
  void restore() { zonal_shifts_.restore(); }
  const ZonalShifts& zonal_shifts() const { return zonal_shifts_.shifts(); }
  enum class ShiftRequest : uint8_t { start, extend, cancel };
  // Where it is granted, the observer (may be null) hears when every worker goes by it, or after
  // 2 s; names that are still looked up do not keep it waiting.
  ZonalShiftDesk::Answer<ZonalShift> shift(ShiftRequest what,
                                           const ZonalShiftDesk::Request& request,
                                           ReloadObserver* observer);
  // Traffic is shifted away from the target's zone, and so it gets none (AdministrativeOverride).
  bool shifted_away(const model::TargetKey& target) const;

  // Workers and health get the current snapshot and every later one. REQUIRES: called once.
  void connect(std::vector<Publisher::WorkerMailbox*> workers, Publisher::HealthMailbox* health);
  io::Mailbox<model::ControlLetter>& mailbox() { return mailbox_; }

  // Reads the configuration file again, once for all that ask in one turn: so whoever asks while a
  // file is being read and compiled shares the next reading with everybody else who does. The
  // observer (may be null) hears the result once, later: when all workers acknowledged and new
  // names of targets were looked up, or after reload_timeout.
  void reload(ReloadObserver* observer);
  // The observer is going away: it hears nothing more. REQUIRES: no observer is being told.
  void forget(ReloadObserver& observer);

  // Workers and health stop taking work; the observer hears when all of them have stopped.
  void drain(Duration deadline, StopObserver& observer);

  // REQUIRES for these three: a load succeeded. resources() has those of the file first.
  const model::SnapshotRef& snapshot() const { return snapshot_; }
  const model::api::Resources& resources() const { return resources_; }
  const Settings& settings() const { return settings_; }  // as of the first load

  // What DescribeTargetHealth would say of every registered target.
  const TargetHealthTable& target_health() const { return health_; }
  // Never one that is registered, nor one of a group that is gone.
  const DrainingTable& draining_targets() const { return draining_targets_; }
  // How each of both has changed, since the node started.
  const HealthHistory& health_history() const { return health_history_; }
  static model::TargetHealth draining_health();
  // Of a registered target: what of its requests was found (AnomalyDetection).
  model::AnomalyLetter anomaly(const model::TargetKey& target) const;
  // The same: what its server tells of its workers.
  model::ServerStatus server_status(const model::TargetKey& target) const;
  const ReloadStatus& reload_status() const { return status_; }
  const Publisher& publisher() const { return publisher_; }
  Inquiries& inquiries() { return inquiries_; }
  // What could not be done of the configuration that serves.
  std::vector<std::string> problems() const;
  // Every worker serves some snapshot and none was asked to stop.
  bool ready() const;

 private:
  using Observers = std::vector<ReloadObserver*>;
  struct Pending {
    Observers observers;
    ReloadResult result;
    Instant deadline;
    bool awaits_names = true;
  };
  // A configuration that has yet to prove itself.
  struct Candidate {
    uint64_t revision;
    LastGood text;
  };

  Declared read_last_good() const;
  void check_ports(Declared& declared) const;
  bool check_with_created(Declared& declared) const;  // false: it found errors
  void read_again();
  void apply(Declared& declared);
  void take(Declared& declared);
  void compile_and_publish();
  void compile_and_tell(ReloadObserver* observer, bool awaits_names);
  void on_zonal_shift_expired() override;
  void publish_names();
  void keep_what_serves();
  void refresh_health_table();
  void forget_server_statuses();
  void refresh_draining_targets(const model::Snapshot& before);
  void forget_drained_targets();
  void note_health();
  void settle();
  bool settled(const Pending& pending) const;
  void tell(Pending pending);
  void on_letter(model::ControlLetter letter) override;
  void on(const model::AdoptedLetter& letter);
  void on(const model::HealthLetter& letter);
  void on(const model::AnomalyLetter& letter);
  void on(const model::ServerStatusLetter& letter);
  void on(const model::StoppedLetter& letter);
  void on(const model::RetiredLetter& letter);
  void on(const model::AnswerLetter& letter) { inquiries_.on_answer(letter); }
  void on_names_changed() override;
  void on_name_failed() override;
  void on_timer(io::Timer& timer) override;
  void run() override;
  void keep_trust_stores();

  io::Loop& loop_;
  const Log& log_;
  ControllerOptions options_;
  model::api::Resources declared_;
  model::api::Resources created_;
  model::api::Resources resources_;  // both together
  Settings settings_;
  model::SnapshotRef snapshot_;
  // Of all snapshots that serve, and of sessions that outlive theirs.
  std::vector<std::shared_ptr<const tls::TrustStore>> trust_stores_;
  bool file_does_not_fit_ = false;
  uint64_t revision_ = 0;
  TargetHealthTable health_;
  DrainingTable draining_targets_;
  HealthHistory health_history_;
  mutable std::optional<std::set<model::TargetKey>> shifted_away_;   // as last found
  std::map<model::TargetKey, model::AnomalyLetter> anomalies_;       // of registered targets
  std::map<model::TargetKey, model::ServerStatus> server_statuses_;  // of those that are asked
  ReloadStatus status_;
  Observers asked_;  // for the next reading
  std::vector<Pending> pending_;
  std::optional<Candidate> to_keep_;
  std::string keep_problem_;  // why the last good configuration could not be kept
  bool names_changed_ = false;
  bool draining_ = false;
  StopObserver* stop_observer_ = nullptr;  // until it was told
  Publisher publisher_;
  Inquiries inquiries_;
  NameLookup& lookup_;
  NameResolver resolver_;
  ZonalShiftDesk zonal_shifts_;
  io::Timer reload_timer_;
  io::Timer drained_timer_;  // the next draining target's
  io::Mailbox<model::ControlLetter> mailbox_;
};

}  // namespace daruma::control
