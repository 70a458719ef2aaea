// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <thread>

#include "app/clocks.h"
#include "app/commands.h"
#include "app/log_follower.h"
#include "control/declared.h"

namespace daruma::app {
namespace {

constexpr auto look_every = 200ms;

// Where the file says that logs are; "" if it is wrong, which is said.
std::string directory_of(const LogsCommand& command) {
  if (!command.directory.empty()) return command.directory;
  const auto with = control::Surroundings::system(system_wall_now);
  const control::Declared declared = control::read_declared(command.config_file, with);
  if (!control::has_errors(declared.diagnostics)) return declared.settings.logs_directory;
  std::fputs(control::to_text(declared.diagnostics).c_str(), stderr);
  return "";
}

}  // namespace

int run(const LogsCommand& command) {
  if (const std::string problem = problem_of(command.question); !problem.empty()) {
    std::fprintf(stderr, "daruma logs: %s\n", problem.c_str());
    return exit_usage;
  }
  const std::string directory = directory_of(command);
  if (directory.empty()) return exit_failed;
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    std::fprintf(stderr, "daruma logs: there is no directory %s; is access_logs.s3.enabled true?\n",
                 directory.c_str());
    return exit_failed;
  }
  LogFilter filter(command.question);
  LogFollower follower(directory, telemetry::LogKind::access);
  const auto show = [&filter](std::string_view line) {
    if (filter.wants(line)) std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
  };
  using From = LogFollower::From;
  follower.begin(command.follow ? From::end : From::beginning);
  for (;;) {
    follower.read(show);
    // Nobody reads any more: `daruma logs --follow | head`.
    if (std::fflush(stdout) != 0) return exit_failed;
    if (!command.follow) return exit_ok;
    std::this_thread::sleep_for(look_every);
  }
}

}  // namespace daruma::app
