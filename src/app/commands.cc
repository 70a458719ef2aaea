// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"

#include <cstdio>

#include "app/clocks.h"
#include "app/http_client.h"
#include "app/version.h"
#include "control/declared.h"

namespace daruma::app {
namespace {

// The server itself answers after 2 s if some worker has not adopted the change by then.
constexpr Duration reload_timeout = 30s;

}  // namespace

int run(const Usage& usage) {
  std::fputs(usage.text.c_str(), usage.exit_code == exit_ok ? stdout : stderr);
  return usage.exit_code;
}

int run(const CheckCommand& command) {
  const control::Diagnostics diagnostics =
      control::check_file(command.config_file, control::Surroundings::system(system_wall_now));
  std::fputs(control::to_text(diagnostics).c_str(), stderr);
  if (control::has_errors(diagnostics)) return exit_failed;
  std::printf("%s: valid\n", command.config_file.c_str());
  return exit_ok;
}

int run(const ReloadCommand& command) {
  const auto answer = post(command.admin, "/reload", reload_timeout);
  if (!answer) {
    std::fprintf(stderr, "daruma reload: %s; is a daruma running, with this Admin address?\n",
                 answer.error().message.c_str());
    return exit_failed;
  }
  const bool applied = answer->status == 200;
  std::fputs(answer->body.c_str(), applied ? stdout : stderr);
  return applied ? exit_ok : exit_failed;
}

int run(const VersionCommand&) {
  std::printf("%s\n", version_text().c_str());
  return exit_ok;
}

}  // namespace daruma::app
