// SPDX-License-Identifier: Apache-2.0
#include "app/logs_command_line.h"

#include <CLI/CLI.hpp>

namespace daruma::app {
namespace {

constexpr const char* logs_footer =
    "Lines are those of the access log, in its format, of all load balancers that write one. They\n"
    "come within a second. All conditions must hold; * and ? stand for any letters and for one.\n\n"
    "  daruma logs --config daruma.yaml --follow --status 5xx\n"
    "  daruma logs --directory logs --follow --reason target_connect_timeout --path '/cart/*'";

}  // namespace

void add_logs(CLI::App& root, LogsCommand& command) {
  CLI::App& app = *root.add_subcommand("logs", "Show lines of the access log, as they come");
  app.group("Commands");
  app.add_flag("--follow,-f", command.follow,
               "From now on, over rotations, until interrupted; else those of the open files");
  CLI::Option* config = app.add_option("--config", command.config_file,
                                       "The configuration, which says where logs are")
                            ->type_name("FILE");
  CLI::Option* directory =
      app.add_option("--directory", command.directory, "Where they are")->type_name("DIRECTORY");
  config->excludes(directory);
  LogQuestion& question = command.question;
  app.add_option("--status", question.status, "The client's status: 502, or 5xx")
      ->type_name("STATUS");
  app.add_option("--reason", question.reason, "Why Daruma answered by itself (docs/logs.md)")
      ->type_name("REASON");
  app.add_option("--host", question.host, "The Host that was asked for")->type_name("PATTERN");
  app.add_option("--path", question.path, "The path, without its query")->type_name("PATTERN");
  app.add_option("--target", question.target, "A target that was tried")->type_name("ADDRESS:PORT");
  app.add_option("--lb", question.load_balancer, "The load balancer's name")->type_name("NAME");
  app.footer(logs_footer);
  app.callback([&command] {
    if (command.config_file.empty() && command.directory.empty())
      throw CLI::RequiredError("--config or --directory");
  });
}

}  // namespace daruma::app
