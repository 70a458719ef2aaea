// SPDX-License-Identifier: Apache-2.0
#include "sim/deregistration_audit.h"

#include <utility>

namespace daruma::sim {
namespace {

// A timer fires up to a tick late, and in a run's time nothing takes longer than a turn.
constexpr Duration slack = 3ms;

// With the longest delay of the groups that name the address.
std::map<Address, Duration> delays_of(const model::SnapshotRef& snapshot) {
  std::map<Address, Duration> delays;
  if (!snapshot) return delays;
  for (const model::TargetGroup& group : snapshot->target_groups) {
    for (const model::Target& target : group.targets) {
      for (const Address& address : target.addresses) {
        Duration& delay = delays[address];
        delay = std::max(delay, group.deregistration_delay);
      }
    }
  }
  return delays;
}

}  // namespace

void DeregistrationAudit::on_mailbox_read(uint32_t loop) {
  const auto found = workers_.find(loop);
  if (found == workers_.end() || !found->second.posted) return;
  Worker& worker = found->second;
  const auto before = delays_of(worker.adopted);
  worker.adopted = std::exchange(worker.posted, nullptr);
  const auto after = delays_of(worker.adopted);
  for (const auto& [address, delay] : after) worker.due.erase(address);
  for (const auto& [address, delay] : before) {
    if (!after.contains(address)) worker.due.emplace(address, network_.now() + delay + slack);
  }
}

void DeregistrationAudit::after_turn(uint32_t loop) {
  const auto found = workers_.find(loop);
  if (found == workers_.end()) return;
  std::erase_if(found->second.due, [&](const auto& entry) {
    const auto& [address, due] = entry;
    if (network_.now() < due) return false;
    const size_t open = network_.open_connections(loop, address);
    if (open > 0)
      auditor_.violation(std::to_string(open) + " connections to " + address.to_string() +
                         " outlive its deregistration delay");
    return true;
  });
}

}  // namespace daruma::sim
