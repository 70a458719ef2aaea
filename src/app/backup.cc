// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <string>

#include "api/created.h"
#include "app/commands.h"
#include "control/data_lock.h"
#include "store/store.h"

namespace daruma::app {
namespace {

namespace fs = std::filesystem;

// Whether a daruma could start with it: how many things it has.
Result<size_t> check_store(const std::string& file, const std::string& directory) {
  const auto created = api::open_created(directory, file);
  if (!created) return fail(created.error().message);
  const auto& resources = created->resources;
  return resources.load_balancers.size() + resources.target_groups.size() +
         resources.certificates.size();
}

Result<size_t> restore(const RestoreCommand& command) {
  const auto lock = control::DataLock::take(command.data_directory);
  if (!lock) return fail(lock.error().message);
  const std::string file = api::store_file(command.data_directory);
  const std::string fresh = file + ".restored";
  std::error_code ignored;
  fs::remove(fresh, ignored);
  if (const auto copied = store::Store::copy(command.file, fresh); !copied) {
    return fail(copied.error().message);
  }
  const Result<size_t> rows = check_store(fresh, command.data_directory);
  const Result<void> done = rows ? store::Store::replace(fresh, file) : fail(rows.error().message);
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(fresh + suffix, ignored);
  if (!done) return fail(done.error().message);
  return rows;
}

}  // namespace

int run(const BackupCommand& command) {
  const auto copied = store::Store::copy(api::store_file(command.data_directory), command.file);
  if (copied) return exit_ok;
  std::fprintf(stderr, "daruma backup: %s\n", copied.error().message.c_str());
  return exit_failed;
}

int run(const RestoreCommand& command) {
  const Result<size_t> rows = restore(command);
  if (rows) {
    std::printf("restored %zu load balancers, target groups and certificates\n", *rows);
    return exit_ok;
  }
  std::fprintf(stderr, "daruma restore: %s\n", rows.error().message.c_str());
  return exit_failed;
}

}  // namespace daruma::app
