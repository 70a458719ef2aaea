// SPDX-License-Identifier: Apache-2.0
//
// Whether each exchange was routed by one snapshot and by the health that its worker had been told.
// Knows at which moment each worker read which letter, and so, for every moment, what it went by:
// some one moment of an exchange's life must explain its rule, its group and its target.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/letter.h"
#include "sim/auditor.h"
#include "sim/sticky_knowledge.h"

namespace daruma::sim {

class RoutingAudit {
 public:
  explicit RoutingAudit(Auditor& auditor) : auditor_(auditor) {}

  void add_snapshot(const model::SnapshotRef& snapshot) {
    snapshots_[snapshot->revision] = snapshot;
  }
  // What control was told.
  void on_health_told(const model::HealthLetter& letter) {
    told_[letter.target] = letter.health.state;
  }
  // A worker's mailbox was given a health letter, or a snapshot; and was read.
  void on_health_posted(uint32_t loop, const model::HealthLetter& letter);
  void on_snapshot_posted(uint32_t loop, uint64_t revision);
  void on_mailbox_read(uint32_t loop, Instant now);

  // All letters are known, no exchange is left.
  void check();
  // Targets have been well for longer than any threshold takes.
  void check_health_at_rest();
  size_t checked() const { return checked_; }

 private:
  // Health as last told. A target that a snapshot did not name may have been forgotten, or not.
  struct Told {
    model::HealthState state = model::HealthState::initial;
    bool perhaps_initial = false;
    bool operator==(const Told&) const = default;
  };
  using Health = std::map<model::TargetKey, Told>;
  // What a worker went by from a moment on.
  struct View {
    Instant from;
    uint64_t revision = 0;
    Health health;
    std::set<model::TargetKey> gone;  // since that revision was matched
  };
  struct Posted {
    uint64_t revision = 0;  // 0: a health letter
    model::HealthLetter health;
  };
  struct Reading {
    Instant at;
    std::vector<Posted> letters;
  };
  struct Mailbox {
    std::vector<Posted> waiting;
    std::vector<Reading> readings;
  };

  std::vector<View> views_of(const Mailbox& mailbox) const;
  void apply(const Posted& posted, View& view) const;
  void check_told_alike(const std::map<model::TargetKey, model::HealthState>& worker) const;
  Instant matched_after(const ExchangeRecord& record, const View& next) const;
  void check_exchange(const ExchangeRecord& record, const std::vector<View>& views);
  bool explains(const View& view, const ExchangeRecord& record, std::string& why_not) const;
  bool explains_forward(const View& view, const model::ForwardAction& action,
                        const ExchangeRecord& record, std::string& why_not) const;
  void add_removed(uint64_t older, uint64_t newer, std::set<model::TargetKey>& gone) const;
  bool stays(const View& view, const model::TargetGroup& group, const ExchangeRecord& record,
             const std::string& target) const;
  const std::string* sticky_target(const model::TargetGroup& group,
                                   const ExchangeRecord& record) const;
  bool keeps_unchecked(const View& view, const model::TargetGroup& group,
                       const ExchangeRecord& record, const model::Target& target) const;
  bool surely_serves(const View& view, const model::Target& target) const;
  bool may_be_candidate(const View& view, const model::TargetGroup& group,
                        const Address& target) const;
  // What a zonal shift of the group may come to, of what the worker may have been told.
  struct Shift {
    bool may_hold;
    bool may_be_passed_over;
  };
  Shift shift_of(const View& view, const model::TargetGroup& group) const;
  bool may_serve(const View& view, const model::TargetGroup& group, const Address& target,
                 const std::function<bool(const model::Target&)>& in_reach) const;
  void check_shares(const std::vector<View>& views, uint32_t loop);

  Auditor& auditor_;
  StickyKnowledge sticky_;
  std::map<uint64_t, model::SnapshotRef> snapshots_;
  std::map<model::TargetKey, model::HealthState> told_;
  std::map<uint32_t, Mailbox> mailboxes_;  // by the worker's loop
  size_t checked_ = 0;
};

}  // namespace daruma::sim
