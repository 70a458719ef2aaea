// SPDX-License-Identifier: Apache-2.0
#include "sim/sticky_knowledge.h"

#include "base/bytes.h"

#include <algorithm>

namespace daruma::sim {
namespace {

constexpr const char* target_cookie = "AWSALB";
constexpr const char* group_cookie = "AWSALBTG";

// "" if the response sets none.
std::string set_by(const SimHead& head, const std::string& name) {
  for (const auto& [field, value] : head.fields) {
    if (ascii_iequals(field, "Set-Cookie") && value.starts_with(name + "="))
      return value.substr(name.size() + 1, value.find(';') - name.size() - 1);
  }
  return "";
}

std::string brought(const ExchangeRecord& record, const std::string& name) {
  const auto found = record.client.cookies.find(name);
  return found == record.client.cookies.end() ? "" : found->second;
}

}  // namespace

void StickyKnowledge::learn(const std::map<Token, ExchangeRecord>& exchanges) {
  for (const auto& [token, record] : exchanges) {
    const LogSeen& log = record.log;
    if (log.lines == 0) continue;
    if (log.reason.starts_with("target_") && log.reason != "target_group_saturated")
      failed_.insert(log.target);
    size_t begin = 0;
    for (size_t end = log.targets.find(' '); end != std::string::npos;
         begin = end + 1, end = log.targets.find(' ', begin)) {
      failed_.insert(log.targets.substr(begin, end - begin));
    }
    for (const char* name : {target_cookie, group_cookie}) {
      const std::string cookie = set_by(record.response.head, name);
      if (cookie.empty()) continue;
      const auto [place, fresh] = issued_.try_emplace(cookie, &record);
      if (!fresh && record.client.begun < place->second->client.begun) place->second = &record;
    }
  }
  for (const auto& [token, record] : exchanges) {
    targets_in(brought(record, target_cookie));
    groups_in(brought(record, group_cookie));
  }
}

const StickyKnowledge::Targets& StickyKnowledge::targets_in(const std::string& cookie) {
  const auto [place, fresh] = targets_.try_emplace(cookie);
  const auto from = issued_.find(cookie);
  if (!fresh || from == issued_.end()) return place->second;
  Targets targets = targets_in(brought(*from->second, target_cookie));
  targets[from->second->log.target_group] = from->second->log.target;
  return targets_[cookie] = targets;
}

const std::vector<std::string>& StickyKnowledge::groups_in(const std::string& cookie) {
  const auto [place, fresh] = groups_.try_emplace(cookie);
  const auto from = issued_.find(cookie);
  if (!fresh || from == issued_.end()) return place->second;
  std::vector<std::string> groups = groups_in(brought(*from->second, group_cookie));
  std::erase(groups, from->second->log.target_group);
  groups.push_back(from->second->log.target_group);
  return groups_[cookie] = groups;
}

const std::string* StickyKnowledge::target_of(const Cookies& cookies,
                                              const std::string& group_arn) const {
  const auto cookie = cookies.find(target_cookie);
  if (cookie == cookies.end()) return nullptr;
  const Targets& targets = targets_.at(cookie->second);
  const auto found = targets.find(group_arn);
  return found == targets.end() ? nullptr : &found->second;
}

const std::string* StickyKnowledge::group_of(const Cookies& cookies,
                                             const std::vector<std::string>& group_arns) const {
  const auto cookie = cookies.find(group_cookie);
  if (cookie == cookies.end()) return nullptr;
  const std::vector<std::string>& groups = groups_.at(cookie->second);
  const auto named = [&](const std::string& arn) {
    return std::ranges::find(group_arns, arn) != group_arns.end();
  };
  const auto last = std::find_if(groups.rbegin(), groups.rend(), named);
  return last == groups.rend() ? nullptr : &*last;
}

}  // namespace daruma::sim
