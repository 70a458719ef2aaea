// SPDX-License-Identifier: Apache-2.0
#include "control/name_resolver.h"

#include <algorithm>
#include <iterator>

#include "model/limits.h"

namespace daruma::control {

namespace limits = model::limits;

NameResolver::NameResolver(io::Loop& loop, NameLookup& lookup, const Log& log, Observer& observer)
    : loop_(loop),
      lookup_(lookup),
      log_(log),
      observer_(observer),
      answers_(loop, *this),
      refresh_(loop.timers(), *this) {}

void NameResolver::watch(const std::set<std::string>& names) {
  std::erase_if(table_, [&](const auto& row) { return !names.contains(row.first); });
  std::erase_if(failing_, [&](const auto& row) { return !names.contains(row.first); });
  std::erase_if(unanswered_, [&](const auto& name) { return !names.contains(name); });
  std::erase_if(due_, [&](const auto& each) { return !names.contains(each.second); });
  for (const std::string& name : names) {
    if (!table_.emplace(name, std::vector<Address>()).second) continue;
    unanswered_.insert(name);
    ask(name);
  }
  schedule();
}

// One question at a time: a slow server must not make them pile up.
void NameResolver::ask(const std::string& name) {
  if (!asked_.insert(name).second) return;
  lookup_.ask(name, failing_.contains(name) ? NameTurn::last : NameTurn::first, answers_);
}

void NameResolver::ask_again_in(Duration pause, const std::string& name) {
  due_.emplace(loop_.now() + pause, name);
  schedule();
}

std::vector<std::string> NameResolver::problems() const {
  std::vector<std::string> problems;
  for (const auto& [name, addresses] : table_) {
    if (!addresses.empty()) continue;
    const auto failing = failing_.find(name);
    const std::string why = failing == failing_.end() ? "no answer yet" : failing->second.problem;
    problems.push_back("target " + name + " has no address: " + why);
  }
  return problems;
}

void NameResolver::schedule() {
  if (due_.empty()) {
    refresh_.clear();
  } else {
    refresh_.set(due_.begin()->first);
  }
}

void NameResolver::on_timer(io::Timer&) {
  while (!due_.empty() && due_.begin()->first <= loop_.now()) {
    ask(due_.extract(due_.begin()).value().second);
  }
  schedule();
}

void NameResolver::on_letter(NameAnswer answer) {
  asked_.erase(answer.name);
  const auto row = table_.find(answer.name);
  if (row == table_.end()) return;  // forgotten since
  unanswered_.erase(answer.name);
  std::vector<Address>& known = row->second;
  if (!answer.problem.empty()) {
    note_failure(answer, known.size());
    return observer_.on_name_failed();
  }
  if (failing_.erase(answer.name) > 0) {
    log_.write(LogLevel::info, "names", "a target's name can be resolved again",
               {{"name", answer.name}});
  }
  const Duration ttl = answer.ttl.value_or(limits::name_refresh_interval);
  ask_again_in(std::clamp(ttl, limits::name_ttl_least, limits::name_ttl_most), answer.name);
  std::ranges::copy_if(known, std::back_inserter(answer.addresses), [&](const Address& address) {
    return answer.unanswered == address.family();
  });
  std::ranges::sort(answer.addresses);
  const auto repeated = std::unique(answer.addresses.begin(), answer.addresses.end());
  answer.addresses.erase(repeated, answer.addresses.end());
  if (answer.addresses == known) return;
  known = std::move(answer.addresses);
  log_.write(LogLevel::debug, "names", "a target's name has other addresses",
             {{"name", answer.name}, {"addresses", std::to_string(known.size())}});
  observer_.on_names_changed();
}

void NameResolver::note_failure(const NameAnswer& answer, size_t addresses_kept) {
  const auto [failing, is_new] =
      failing_.try_emplace(answer.name, Failure{answer.problem, limits::name_retry_first});
  Failure& failure = failing->second;
  failure.problem = answer.problem;
  ask_again_in(failure.retry_after, answer.name);
  failure.retry_after = std::min(2 * failure.retry_after, limits::name_retry_most);
  if (!is_new) return;
  log_.write(LogLevel::warning, "names", "cannot resolve a target's name",
             {{"name", answer.name},
              {"problem", answer.problem},
              {"addresses_kept", std::to_string(addresses_kept)}});
}

}  // namespace daruma::control
