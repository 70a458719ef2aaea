// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "api/access_keys.h"
#include "app/clocks.h"
#include "app/commands.h"
#include "base/time_text.h"

namespace daruma::app {
namespace {

Result<void> create(const KeysCommand& command) {
  const auto made =
      api::make_access_key(command.data_directory, command.role, date_and_time(system_wall_now()));
  if (!made) return fail(made.error().message);
  std::printf("export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s\n", made->key.id.c_str(),
              made->key.secret->c_str());
  std::fprintf(stderr, "The secret is not shown again.\n");
  return {};
}

Result<void> list(const KeysCommand& command) {
  const auto keys = api::access_keys(command.data_directory);
  if (!keys) return fail(keys.error().message);
  for (const api::MadeKey& made : *keys) {
    std::printf("%s %-9s %s\n", made.key.id.c_str(), made.key.role->c_str(), made.created.c_str());
  }
  return {};
}

Result<void> run_it(const KeysCommand& command) {
  switch (command.what) {
    case KeysCommand::What::create:
      return create(command);
    case KeysCommand::What::list:
      return list(command);
    case KeysCommand::What::remove:
      return api::delete_access_key(command.data_directory, command.id);
  }
  return {};
}

}  // namespace

int run(const KeysCommand& command) {
  const auto done = run_it(command);
  if (done) return exit_ok;
  std::fprintf(stderr, "daruma keys: %s\n", done.error().message.c_str());
  return exit_failed;
}

}  // namespace daruma::app
