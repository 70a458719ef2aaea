// SPDX-License-Identifier: Apache-2.0
//
// MaxResults and NextToken of EC2's Describe operations. Pages go by id, so that nothing is shown
// twice or left out because others came or went meanwhile. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/ec2_input.h"
#include "api/ec2_items.h"

namespace daruma::api::ec2 {

struct Page {
  std::optional<size_t> most{};  // nullopt: all
  std::string after{};           // an id; "": from the beginning

  static constexpr int64_t results_max = 1000;

  // MaxResults is `most` at most.
  static Page read(Input& in, int64_t most);
  bool asked_for() const { return most || !after.empty(); }
};

// Leaves what is on the page; the next one's token, "" if there is none.
std::string cut(std::vector<Item>& items, const Page& page);

}  // namespace daruma::api::ec2
