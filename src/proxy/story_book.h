// SPDX-License-Identifier: Apache-2.0
//
// The stories of one worker's requests, the newest of each kind: in bounded memory, and for a plain
// request without allocating. Pure: told the time.
#pragma once

#include <string_view>

#include "base/address.h"
#include "base/time.h"
#include "model/limits.h"
#include "model/story.h"
#include "proxy/beginning.h"
#include "proxy/ring.h"

namespace daruma::proxy {

// A request that a target answered at the first attempt and without a wait, or a rule's own action:
// what costs next to nothing to keep.
struct BriefStory {
  BriefStory() {}  // not even zeros in its texts
  Instant ended;
  Instant began;
  Instant sent_at{};      // Instant{}: never
  Instant response_at{};  // likewise
  Instant opened_at{};    // the connection to the target
  Address client;
  uint16_t listener = 0;
  bool fail_open = false;
  int rule_priority = -1;
  int status = 0;
  int target_status = 0;
  uint64_t requests = 0;  // that the connection to the target carried; 0: there was none
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  Beginning<32> load_balancer;
  TargetName target;
  Beginning<48> host;
  Beginning<96> trace_id;
  Beginning<112> request;  // "GET /path?query"

  model::Story story(WallTime time) const;
};

class StoryBook {
 public:
  // To be filled in, every member of it.
  BriefStory& brief() { return others_.next(); }
  // One that failed, waited or was sent twice.
  void keep(model::Story story);

  // Both clocks now: a brief story is dated by the difference.
  std::vector<model::Story> find(const model::StoryQuery& query, Instant now,
                                 WallTime wall_now) const;
  model::StoriesKept kept(Instant now, WallTime wall_now) const;

 private:
  Ring<model::Story> errors_{model::limits::stories_of_errors_max};
  Ring<model::Story> detours_{model::limits::stories_of_detours_max};
  Ring<BriefStory> others_{model::limits::stories_of_others_max};
};

}  // namespace daruma::proxy
