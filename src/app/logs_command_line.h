// SPDX-License-Identifier: Apache-2.0
//
// What the user typed after `daruma logs`.
#pragma once

#include <string>

#include "app/log_filter.h"

namespace CLI {
class App;
}

namespace daruma::app {

struct LogsCommand {
  bool follow = false;
  std::string config_file;  // that says where logs are
  std::string directory;    // where they are; "": as the file says
  LogQuestion question;
};

void add_logs(CLI::App& root, LogsCommand& command);

}  // namespace daruma::app
