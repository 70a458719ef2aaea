// SPDX-License-Identifier: Apache-2.0
#include "health/status_watch.h"

#include <string>
#include <utility>

namespace daruma::health {
namespace {

std::string problem_of(const StatusPage& page) {
  switch (page.end) {
    case StatusPage::End::not_asked:
      return "its status page is asked for over the connection of a health check, and it closes "
             "that after the answer; turn keep-alive on there";
    case StatusPage::End::no_answer:
      return "its status page was not answered in time";
    case StatusPage::End::too_long:
      return "its status page is longer than a scoreboard can be";
    case StatusPage::End::whole:
      break;
  }
  if (page.code != 200)
    return "its status page was answered " + std::to_string(page.code) +
           "; mod_status has to let this node ask";
  return "";
}

}  // namespace

void StatusWatch::set_path(const std::string& path) {
  if (path_ == path) return;
  path_ = path;
  status_ = {};
  asked_ = {};
}

Instant StatusWatch::due() const {
  if (path_.empty()) return Instant::max();
  return asked_ == Instant{} ? asked_ : asked_ + model::scoreboard_gap;
}

bool StatusWatch::take(const StatusPage& page, Instant now, bool door_shut) {
  std::string problem = problem_of(page);
  if (problem.empty()) {
    const auto board = model::parse_scoreboard(page.text);
    if (board) {
      learn(*board, now, door_shut);
    } else {
      problem = "its status page " + board.error().message;
    }
  }
  const bool told = !problem.empty() && !status_.problem.empty();
  if (!told) status_.problem = std::move(problem);
  return !told;
}

void StatusWatch::learn(const model::Scoreboard& board, Instant now, bool door_shut) {
  status_.workers_most = workers_most(board, door_shut);
  door_was_shut_ = door_shut;
  status_.latest = board;
  status_.at = now;
  if (!board.full()) return;
  status_.fullest = board;
  status_.full_at = now;
}

// Apache starts more workers each second while none is free, until it has MaxRequestWorkers, and
// ServerLimit is not below that. So as many as it had twice in a row with none free, and the door
// shut, are all; and so are as many as there are slots.
uint32_t StatusWatch::workers_most(const model::Scoreboard& board, bool door_shut) const {
  const uint32_t known = status_.workers_most;
  if (board.workers() > known && known > 0) return 0;  // it was told otherwise meanwhile
  if (!board.full() || !board.settled()) return known;
  const bool no_slot_left = board.in(model::WorkerState::no_process) == 0;
  const bool none_came = door_shut && door_was_shut_ && status_.known() && status_.latest.full() &&
                         status_.latest.settled() && status_.latest.workers() == board.workers();
  return no_slot_left || none_came ? board.workers() : known;
}

}  // namespace daruma::health
