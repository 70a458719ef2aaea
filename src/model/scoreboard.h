// SPDX-License-Identifier: Apache-2.0
//
// What the workers of a target's server do, as the server itself tells: the scoreboard of Apache's
// mod_status, in its machine-readable form (?auto). Further evidence for explanations and advice:
// daruma.target_status_path, docs/saturation.md. Values; pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace daruma::model {

// Questions for it, to one target: at least so long apart (of health checks each 5 s every second
// one asks), answered within a second.
inline constexpr Duration scoreboard_gap = 9s;
inline constexpr Duration scoreboard_timeout = 1s;
// A slot is a byte, and Apache has at most 20,000 (prefork's ServerLimit).
inline constexpr size_t scoreboard_page_bytes_max = 64 * 1024;

// A slot of the scoreboard (mod_status, "Scoreboard Key").
enum class WorkerState : uint8_t {
  idle,        // _
  starting,    // S
  reading,     // R
  sending,     // W
  keep_alive,  // K
  lookup,      // D: of a name
  closing,     // C
  logging,     // L
  finishing,   // G: gracefully
  cleanup,     // I: of an idle worker
  no_process,  // .
};
inline constexpr size_t worker_state_count = 11;
std::string_view name_of(WorkerState state);  // "keep_alive"

struct Scoreboard {
  uint32_t busy_workers = 0;  // as the server counts them
  uint32_t idle_workers = 0;
  std::array<uint32_t, worker_state_count> slots{};  // by state

  uint32_t in(WorkerState state) const { return slots[static_cast<size_t>(state)]; }
  uint32_t slots_all() const;
  uint32_t workers() const { return slots_all() - in(WorkerState::no_process); }
  // Nobody is free for one request more.
  bool full() const { return idle_workers == 0 && workers() > 0; }
  // None comes or goes.
  bool settled() const;
  bool operator==(const Scoreboard&) const = default;
};

// Of the body of such an answer; or what is wrong with it, as the end of the sentence "its status
// page …".
Result<Scoreboard> parse_scoreboard(std::string_view text);

// What is known of a target's server by its scoreboards. The zero instant: never.
struct ServerStatus {
  Scoreboard latest;
  Instant at{};
  Scoreboard fullest;  // the last one with nobody free
  Instant full_at{};
  uint32_t workers_most = 0;  // MaxRequestWorkers; 0: not known
  std::string problem;        // why the last answer told nothing; "": it did, or there was none

  bool known() const { return at != Instant{}; }
  bool operator==(const ServerStatus&) const = default;
};

}  // namespace daruma::model
