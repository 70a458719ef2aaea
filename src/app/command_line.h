// SPDX-License-Identifier: Apache-2.0
//
// What the user typed after `daruma`, as values. Pure but for help and error texts, which come back
// in Usage.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "app/alb_checks.h"
#include "app/logs_command_line.h"
#include "app/origin_answer.h"
#include "base/address.h"
#include "base/log.h"

namespace daruma::app {

// Exit codes, as `daruma --help` promises them.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

struct ServeCommand {
  std::string config_file;
  std::string data_directory;  // "": nothing is kept
  uint32_t workers = 0;        // 0: one per core that this process may use
  bool last_good = false;      // start from the data directory if the file is invalid
  LogLevel log_level = LogLevel::info;
};

struct CheckCommand {
  std::string config_file;
};

struct ReloadCommand {
  Address admin;
};

// Exactly one of the three is asked for.
struct ExplainCommand {
  std::string trace_id;
  std::string target;        // "127.0.0.2:8443"
  uint32_t last_errors = 0;  // how many
  bool json = false;
  Address admin;
};

struct AdviseCommand {
  bool json = false;
  Address admin;
};

// As mackerel-agent starts it.
struct MackerelPluginCommand {
  std::string load_balancer;  // "": the only one
  std::string prefix = "alb";
  Address admin;
};

// Exit codes are those of AlbVerdict; a wrong command line is unknown too.
struct CheckAlbCommand {
  std::string load_balancer;  // "": all
  AlbBounds bounds;
  Address admin;
};

struct AlarmsCommand {
  enum class What : uint8_t { list, test };
  What what = What::list;
  std::string name;  // of the one to test
  bool json = false;
  Address admin;
};

struct TopCommand {
  bool once = false;  // one frame, as it is without a terminal
  Address admin;
};

struct ZonalShiftCommand {
  enum class What : uint8_t { list, start, extend, cancel };
  What what = What::list;
  std::string load_balancer;
  std::string zone;
  std::string expires;
  std::string comment;
  Address admin;
};

struct TargetCommand {
  OriginOptions origin;  // but for the certificate's text
  std::string certificate_file;
  std::string key_file;
};

struct CertificateCommand {
  std::vector<std::string> names;
  std::string certificate_file;
  std::string key_file;
};

struct ExportCommand {
  std::string config_file;
  std::string data_directory;          // "": only what the file declares
  std::string certificates_directory;  // "": imported certificates are not written
  bool as_commands = false;            // of `aws`, instead of a daruma.yaml
};

struct ImportCommand {
  std::string directory;  // with what `aws … describe-…` printed
};

struct KeysCommand {
  enum class What : uint8_t { create, list, remove, password };
  What what = What::list;
  std::string data_directory;  // of all but `password`
  std::string role = "admin";
  std::string id;
};

struct BackupCommand {
  std::string data_directory;
  std::string file;
};

struct RestoreCommand {
  std::string data_directory;
  std::string file;
};

struct VersionCommand {};

// Nothing to run: what was asked for is this text, or what was typed is wrong.
struct Usage {
  std::string text;
  int exit_code = exit_ok;
};

using Command =
    std::variant<Usage, ServeCommand, CheckCommand, ReloadCommand, ExplainCommand, AdviseCommand,
                 ZonalShiftCommand, AlarmsCommand, TopCommand, MackerelPluginCommand,
                 CheckAlbCommand, TargetCommand, CertificateCommand, ExportCommand, ImportCommand,
                 KeysCommand, BackupCommand, RestoreCommand, LogsCommand, VersionCommand>;

Command parse_command_line(int argc, const char* const* argv);

}  // namespace daruma::app
