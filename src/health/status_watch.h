// SPDX-License-Identifier: Apache-2.0
//
// What the scoreboards of one target's server tell (daruma.target_status_path): when to ask for the
// next, and what follows from those so far. Pure.
#pragma once

#include <string>

#include "base/time.h"
#include "health/probe_result.h"
#include "model/scoreboard.h"

namespace daruma::health {

class StatusWatch {
 public:
  // Where to ask; "": nowhere. What another path told is forgotten.
  void set_path(const std::string& path);
  const std::string& path() const { return path_; }

  // From when on a probe may ask: not all do, some come ten a second.
  Instant due() const;
  void asks(Instant now) { asked_ = now; }

  // What a probe that asked, and passed, has brought. True: status() is not what it was. That an
  // answer is of no use is told for the first in a row, whatever is wrong with the next.
  // `door_shut`: its connections show that it is full (governor). Without that a full scoreboard
  // may be the question's own doing: it takes the last place of a server that soon starts more.
  bool take(const StatusPage& page, Instant now, bool door_shut);

  const model::ServerStatus& status() const { return status_; }

 private:
  void learn(const model::Scoreboard& board, Instant now, bool door_shut);
  uint32_t workers_most(const model::Scoreboard& board, bool door_shut) const;

  std::string path_;
  model::ServerStatus status_;
  bool door_was_shut_ = false;  // at the latest scoreboard
  Instant asked_{};             // the zero instant: never
};

}  // namespace daruma::health
