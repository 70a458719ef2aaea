// SPDX-License-Identifier: Apache-2.0
//
// What targets' servers tell of their workers (model/scoreboard.h), for people and programs: GET
// /targets, /explain and /advice. Pure.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/time.h"
#include "model/scoreboard.h"
#include "model/target.h"

namespace daruma::control {

using ServerStatusOf = std::function<model::ServerStatus(const model::TargetKey&)>;

// "all 20 workers busy: 12 sending, 8 in keep-alive"
std::string text_of(const model::Scoreboard& board);

// A target that is asked for it (daruma.target_status_path), as of now.
struct ServerNote {
  std::string target_group;
  std::string target;  // "127.0.0.2:8443"
  model::ServerStatus status;
  Instant now{};
};
std::string text_of(const ServerNote& note);  // a line

// Without the target's names.
nlohmann::ordered_json json_of(const model::ServerStatus& status, Instant now);

}  // namespace daruma::control
