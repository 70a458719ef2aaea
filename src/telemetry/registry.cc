// SPDX-License-Identifier: Apache-2.0
#include "telemetry/registry.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"
#include "telemetry/sums.h"

namespace daruma::telemetry {
namespace {

// All blocks that share one set of labels.
template <class Block>
struct Series {
  std::vector<std::shared_ptr<Block>> living;
  std::shared_ptr<Block> retired;  // made when the first of several lets go
};

template <class Labels, class Block>
using Table = std::map<Labels, Series<Block>>;

// The blocks of one listener's rules. There may be many rules, so those that are let go are only
// put aside, and added up by whoever reads.
struct RuleSeries {
  std::vector<std::shared_ptr<RuleCounters>> living;
  std::vector<std::shared_ptr<RuleCounters>> former;
  std::shared_ptr<RuleTraffic> retired = std::make_shared<RuleTraffic>();  // the readers'

  RuleTraffic sum() const;
};

// REQUIRES: some block is living. The newest has the rules of now.
RuleTraffic RuleSeries::sum() const {
  *retired = retired->under(living.back()->names);
  for (const auto& block : former) retired->add(RuleTraffic::of(*block));
  RuleTraffic sum = *retired;
  for (const auto& block : living) sum.add(RuleTraffic::of(*block));
  return sum;
}

}  // namespace

struct Registry::State {
  std::mutex mutex;
  Table<ListenerLabels, ListenerCounters> listeners;
  Table<TargetGroupLabels, TargetGroupCounters> target_groups;
  Table<TargetLabels, TargetCounters> targets;
  Table<WorkerLabels, WorkerCounters> workers;
  std::map<ListenerLabels, RuleSeries> rules;
  std::mutex rule_readers;  // of RuleSeries::retired; taken before `mutex`
  std::map<LogFileKey, uint32_t> log_files;
  std::vector<LogFileKey> log_file_keys;

  template <class Labels, class Block>
  using TableMember = Table<Labels, Block> State::*;

  template <class Labels, class Block>
  static std::shared_ptr<Block> add(const std::shared_ptr<State>& state,
                                    TableMember<Labels, Block> member, const Labels& labels);
  template <class Labels, class Block>
  void retire(Table<Labels, Block>& table, const Labels& labels,
              const std::shared_ptr<Block>& block);
  template <class Labels, class Block>
  std::vector<std::pair<Labels, std::shared_ptr<const Block>>> pinned(
      const Table<Labels, Block>& table);
  void retire(const ListenerLabels& labels, const std::shared_ptr<RuleCounters>& block);
  std::map<ListenerLabels, RuleSeries> take_rules();
};

template <class Labels, class Block>
std::shared_ptr<Block> Registry::State::add(const std::shared_ptr<State>& state,
                                            TableMember<Labels, Block> member,
                                            const Labels& labels) {
  auto block = std::make_shared<Block>();
  {
    const std::lock_guard lock(state->mutex);
    ((*state).*member)[labels].living.push_back(block);
  }
  // The worker's pointer counts its own copies only, so that its end is the moment to retire.
  auto let_go = [state, member, labels, block](Block*) {
    state->retire((*state).*member, labels, block);
  };
  return std::shared_ptr<Block>(block.get(), std::move(let_go));
}

template <class Labels, class Block>
void Registry::State::retire(Table<Labels, Block>& table, const Labels& labels,
                             const std::shared_ptr<Block>& block) {
  const std::lock_guard lock(mutex);
  const auto found = table.find(labels);
  DARUMA_ASSERT(found != table.end());
  Series<Block>& series = found->second;
  std::erase(series.living, block);
  if (series.living.empty()) {
    table.erase(found);
    return;
  }
  if (!series.retired) series.retired = std::make_shared<Block>();
  add_counters(*series.retired, *block);
}

// The retired block is copied: a block that is let go while the caller reads would else be seen
// twice.
template <class Labels, class Block>
std::vector<std::pair<Labels, std::shared_ptr<const Block>>> Registry::State::pinned(
    const Table<Labels, Block>& table) {
  std::vector<std::pair<Labels, std::shared_ptr<const Block>>> blocks;
  const std::lock_guard lock(mutex);
  for (const auto& [labels, series] : table) {
    for (const auto& block : series.living) blocks.emplace_back(labels, block);
    if (!series.retired) continue;
    auto copy = std::make_shared<Block>();
    add_counters(*copy, *series.retired);
    blocks.emplace_back(labels, std::move(copy));
  }
  return blocks;
}

void Registry::State::retire(const ListenerLabels& labels,
                             const std::shared_ptr<RuleCounters>& block) {
  const std::lock_guard lock(mutex);
  const auto found = rules.find(labels);
  DARUMA_ASSERT(found != rules.end());
  RuleSeries& series = found->second;
  std::erase(series.living, block);
  series.former.push_back(block);
}

// What was put aside is the caller's to add up. A series that has ended is whole in what is
// returned, and freed there.
std::map<ListenerLabels, RuleSeries> Registry::State::take_rules() {
  const std::lock_guard lock(mutex);
  std::map<ListenerLabels, RuleSeries> taken;
  for (auto it = rules.begin(); it != rules.end();) {
    const auto here = it++;
    if (here->second.living.empty()) {
      taken.insert(rules.extract(here));
    } else {
      taken.emplace(here->first,
                    RuleSeries{here->second.living, std::exchange(here->second.former, {}),
                               here->second.retired});
    }
  }
  return taken;
}

Registry::Registry() : state_(std::make_shared<State>()) {}
Registry::~Registry() = default;

std::shared_ptr<ListenerCounters> Registry::add(const ListenerLabels& labels) {
  return State::add(state_, &State::listeners, labels);
}
std::shared_ptr<TargetGroupCounters> Registry::add(const TargetGroupLabels& labels) {
  return State::add(state_, &State::target_groups, labels);
}
std::shared_ptr<TargetCounters> Registry::add(const TargetLabels& labels) {
  return State::add(state_, &State::targets, labels);
}
std::shared_ptr<WorkerCounters> Registry::add(const WorkerLabels& labels) {
  return State::add(state_, &State::workers, labels);
}

std::shared_ptr<RuleCounters> Registry::add(const ListenerLabels& labels,
                                            const std::shared_ptr<const model::RuleNames>& rules) {
  auto block = std::make_shared<RuleCounters>(rules);
  {
    const std::lock_guard lock(state_->mutex);
    RuleSeries& series = state_->rules[labels];
    if (series.living.empty()) series = {};  // another listener's, of before
    series.living.push_back(block);
  }
  auto let_go = [state = state_, labels, block](RuleCounters*) { state->retire(labels, block); };
  return std::shared_ptr<RuleCounters>(block.get(), std::move(let_go));
}

std::map<ListenerLabels, RuleTraffic> Registry::rule_traffic() const {
  const std::lock_guard one_reader(state_->rule_readers);
  std::map<ListenerLabels, RuleTraffic> traffic;
  for (const auto& [labels, series] : state_->take_rules()) {
    if (!series.living.empty()) traffic.emplace(labels, series.sum());
  }
  return traffic;
}

void Registry::note_probe(const TargetLabels& labels, model::ProbeOutcome outcome, Instant now) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->targets.find(labels);
  if (found == state_->targets.end()) return;
  for (const auto& block : found->second.living) block->probes.note(outcome, now);
}

uint32_t Registry::log_file(const LogFileKey& key) {
  const std::lock_guard lock(state_->mutex);
  const auto next = static_cast<uint32_t>(state_->log_file_keys.size());
  const auto [entry, is_new] = state_->log_files.try_emplace(key, next);
  if (is_new) state_->log_file_keys.push_back(key);
  return entry->second;
}

LogFileKey Registry::log_file_key(uint32_t file) const {
  const std::lock_guard lock(state_->mutex);
  DARUMA_ASSERT(file < state_->log_file_keys.size());
  return state_->log_file_keys[file];
}

void Registry::for_each(
    const std::function<void(const ListenerLabels&, const ListenerCounters&)>& f) const {
  for (const auto& [labels, block] : state_->pinned(state_->listeners)) f(labels, *block);
}
void Registry::for_each(
    const std::function<void(const TargetGroupLabels&, const TargetGroupCounters&)>& f) const {
  for (const auto& [labels, block] : state_->pinned(state_->target_groups)) f(labels, *block);
}
void Registry::for_each(
    const std::function<void(const TargetLabels&, const TargetCounters&)>& f) const {
  for (const auto& [labels, block] : state_->pinned(state_->targets)) f(labels, *block);
}
void Registry::for_each(
    const std::function<void(const WorkerLabels&, const WorkerCounters&)>& f) const {
  for (const auto& [labels, block] : state_->pinned(state_->workers)) f(labels, *block);
}

void Registry::for_each_of(const TargetLabels& labels,
                           const std::function<void(const TargetCounters&)>& f) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->targets.find(labels);
  if (found == state_->targets.end()) return;
  for (const auto& block : found->second.living) f(*block);
  if (found->second.retired) f(*found->second.retired);
}

std::array<uint64_t, 5> Registry::responses_of(const TargetLabels& labels) const {
  std::array<uint64_t, 5> sums{};
  for_each_of(labels, [&sums](const TargetCounters& block) {
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += block.responses[i].value();
  });
  return sums;
}

}  // namespace daruma::telemetry
