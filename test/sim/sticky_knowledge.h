// SPDX-License-Identifier: Apache-2.0
//
// What cookies of stickiness must hold, learned without opening any: from which request brought
// which cookie, where it went, and which cookie came back.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/exchange_record.h"

namespace daruma::sim {

class StickyKnowledge {
 public:
  using Cookies = std::map<std::string, std::string>;

  void learn(const std::map<Token, ExchangeRecord>& exchanges);

  // The target ("10.2.0.1:80") of this group that these cookies name; nullptr if they name none.
  const std::string* target_of(const Cookies& cookies, const std::string& group_arn) const;
  // Which of these groups they name; of several the one that was added last.
  const std::string* group_of(const Cookies& cookies,
                              const std::vector<std::string>& group_arns) const;
  // Whether some request has failed at this target.
  bool has_failed(const std::string& target) const { return failed_.contains(target); }

 private:
  using Targets = std::map<std::string, std::string>;  // group → target
  const Targets& targets_in(const std::string& cookie);
  const std::vector<std::string>& groups_in(const std::string& cookie);

  // Who began first did not bring it, nor one that was made of it.
  std::map<std::string, const ExchangeRecord*> issued_;     // cookie → the first that got it
  std::map<std::string, Targets> targets_;                  // by AWSALB
  std::map<std::string, std::vector<std::string>> groups_;  // by AWSALBTG, as they were added
  std::set<std::string> failed_;
};

}  // namespace daruma::sim
