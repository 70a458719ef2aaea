// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"

#include <cstdio>

#include "app/version.h"
#include "control/declared.h"

namespace daruma::app {

int run(const Usage& usage) {
  std::fputs(usage.text.c_str(), usage.exit_code == exit_ok ? stdout : stderr);
  return usage.exit_code;
}

int run(const CheckCommand& command) {
  const control::Diagnostics diagnostics = control::check_file(command.config_file);
  std::fputs(control::to_text(diagnostics).c_str(), stderr);
  if (control::has_errors(diagnostics)) return exit_failed;
  std::printf("%s: valid\n", command.config_file.c_str());
  return exit_ok;
}

int run(const VersionCommand&) {
  std::printf("%s\n", version_text().c_str());
  return exit_ok;
}

}  // namespace daruma::app
