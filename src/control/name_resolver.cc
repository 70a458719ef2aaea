// SPDX-License-Identifier: Apache-2.0
#include "control/name_resolver.h"

#include <algorithm>

#include "model/limits.h"

namespace daruma::control {

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
  for (const std::string& name : names) {
    if (!table_.emplace(name, std::vector<Address>()).second) continue;
    unanswered_.insert(name);
    ask(name);
  }
  schedule();
}

void NameResolver::ask(const std::string& name) {
  // One question at a time: a slow server must not make them pile up.
  if (!asked_.insert(name).second) return;
  lookup_.ask(name, failing_.contains(name) ? NameTurn::last : NameTurn::first, answers_);
}

std::vector<std::string> NameResolver::problems() const {
  std::vector<std::string> problems;
  for (const auto& [name, addresses] : table_) {
    if (!addresses.empty()) continue;
    const auto failing = failing_.find(name);
    const std::string why = failing == failing_.end() ? "no answer yet" : failing->second;
    problems.push_back("target " + name + " has no address: " + why);
  }
  return problems;
}

void NameResolver::schedule() {
  if (table_.empty()) {
    refresh_.clear();
  } else if (!refresh_.is_set()) {
    refresh_.set(loop_.now() + model::limits::name_refresh_interval);
  }
}

void NameResolver::on_timer(io::Timer&) {
  for (const auto& [name, addresses] : table_) ask(name);
  schedule();
}

void NameResolver::on_letter(NameAnswer answer) {
  asked_.erase(answer.name);
  const auto row = table_.find(answer.name);
  if (row == table_.end()) return;  // forgotten since
  unanswered_.erase(answer.name);
  if (!answer.problem.empty()) {
    if (failing_.insert_or_assign(answer.name, answer.problem).second) {
      log_.write(LogLevel::warning, "names", "cannot resolve a target's name",
                 {{"name", answer.name},
                  {"problem", answer.problem},
                  {"addresses_kept", std::to_string(row->second.size())}});
    }
    return observer_.on_name_failed();
  }
  if (failing_.erase(answer.name) > 0) {
    log_.write(LogLevel::info, "names", "a target's name can be resolved again",
               {{"name", answer.name}});
  }
  std::ranges::sort(answer.addresses);
  const auto repeated = std::unique(answer.addresses.begin(), answer.addresses.end());
  answer.addresses.erase(repeated, answer.addresses.end());
  if (answer.addresses == row->second) return;
  row->second = std::move(answer.addresses);
  log_.write(LogLevel::debug, "names", "a target's name has other addresses",
             {{"name", answer.name}, {"addresses", std::to_string(row->second.size())}});
  observer_.on_names_changed();
}

}  // namespace daruma::control
