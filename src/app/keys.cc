// SPDX-License-Identifier: Apache-2.0
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "api/access_keys.h"
#include "app/clocks.h"
#include "app/commands.h"
#include "base/time_text.h"
#include "control/password_hash.h"

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

// Nobody sees what is typed while it lives.
class HiddenInput {
 public:
  HiddenInput() : hidden_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!hidden_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~HiddenInput() {
    if (hidden_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;

 private:
  termios before_{};
  const bool hidden_;
};

// Up to the end of the line, and no more than is ever of use.
std::string read_line() {
  std::string line;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) {
    if (line.size() <= control::password_bytes_max) line += static_cast<char>(c);
  }
  return line;
}

Result<void> hash_password() {
  const bool typed = ::isatty(STDIN_FILENO) == 1;
  const HiddenInput hidden;
  const auto ask = [typed](const char* what) {
    if (typed) std::fputs(what, stderr);
    std::string line = read_line();
    if (typed) std::fputc('\n', stderr);
    return line;
  };
  const std::string password = ask("Password: ");
  using control::password_bytes_max;
  using control::password_bytes_min;
  if (password.size() < password_bytes_min || password.size() > password_bytes_max) {
    return fail("a password has " + std::to_string(password_bytes_min) + " to " +
                std::to_string(password_bytes_max) + " bytes");
  }
  if (typed && ask("Again: ") != password) return fail("these were two different passwords");
  const Result<std::string> hash = control::hash_of_password(password);
  if (!hash) return fail(hash.error().message);
  std::printf("%s\n", hash->c_str());
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
    case KeysCommand::What::password:
      return hash_password();
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
