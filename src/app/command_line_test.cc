// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <gtest/gtest.h>

namespace daruma::app {
namespace {

Command parse(std::vector<const char*> words) {
  words.insert(words.begin(), "daruma");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

template <class T>
T parse_as(const std::vector<const char*>& words) {
  const Command command = parse(words);
  if (const auto* usage = std::get_if<Usage>(&command)) ADD_FAILURE() << usage->text;
  return std::get<T>(command);
}

TEST(CommandLine, serve_takes_its_options) {
  const auto serve = parse_as<ServeCommand>(
      {"serve", "--config", "a.yaml", "--data", "d", "--workers", "3", "--log-level", "warning"});
  EXPECT_EQ(serve.config_file, "a.yaml");
  EXPECT_EQ(serve.data_directory, "d");
  EXPECT_EQ(serve.workers, 3u);
  EXPECT_EQ(serve.log_level, LogLevel::warning);
  EXPECT_FALSE(serve.last_good);
}

TEST(CommandLine, keys_are_made_listed_and_deleted) {
  using What = KeysCommand::What;
  const auto made = parse_as<KeysCommand>({"keys", "create", "--data", "d", "--role", "read-only"});
  EXPECT_EQ(made.what, What::create);
  EXPECT_EQ(made.data_directory, "d");
  EXPECT_EQ(made.role, "read-only");
  EXPECT_EQ(parse_as<KeysCommand>({"keys", "create", "--data", "d"}).role, "admin");
  EXPECT_EQ(parse_as<KeysCommand>({"keys", "list", "--data", "d"}).what, What::list);
  EXPECT_EQ(parse_as<KeysCommand>({"keys", "delete", "ID", "--data", "d"}).id, "ID");
  EXPECT_EQ(parse_as<KeysCommand>({"keys", "password"}).what, What::password);
  for (const auto& wrong : {std::vector<const char*>{"keys"},
                            {"keys", "create"},
                            {"keys", "create", "--data", "d", "--role", "root"},
                            {"keys", "delete", "--data", "d"}}) {
    EXPECT_EQ(std::get<Usage>(parse(wrong)).exit_code, exit_usage);
  }
}

TEST(CommandLine, target_takes_its_options) {
  const auto target = parse_as<TargetCommand>(
      {"target", "--listen", "[::1]:8443", "--tls", "--delay", "50-200", "--workers", "20",
       "--keepalive-requests", "5", "--keepalive-timeout", "7", "--body-bytes", "0"});
  EXPECT_EQ(target.origin.listen.to_string(), "[::1]:8443");
  EXPECT_TRUE(target.origin.tls);
  EXPECT_EQ(target.origin.delay_min, 50ms);
  EXPECT_EQ(target.origin.delay_max, 200ms);
  EXPECT_EQ(target.origin.workers, 20u);
  EXPECT_EQ(target.origin.keepalive_requests, 5u);
  EXPECT_EQ(target.origin.keepalive_timeout, 7s);
  EXPECT_EQ(target.origin.body_bytes, 0u);
}

TEST(CommandLine, one_delay_is_a_range_of_one) {
  const auto target =
      parse_as<TargetCommand>({"target", "--listen", "127.0.0.1:80", "--delay", "30"});
  EXPECT_EQ(target.origin.delay_min, 30ms);
  EXPECT_EQ(target.origin.delay_max, 30ms);
}

TEST(CommandLine, reload_asks_the_usual_admin_address_unless_told) {
  EXPECT_EQ(parse_as<ReloadCommand>({"reload"}).admin.to_string(), "127.0.0.1:9090");
  EXPECT_EQ(parse_as<ReloadCommand>({"reload", "--admin", "127.0.0.9:99"}).admin.to_string(),
            "127.0.0.9:99");
}

TEST(CommandLine, backup_and_restore_need_a_directory_and_a_file) {
  const auto backup = parse_as<BackupCommand>({"backup", "--data", "d", "f.db"});
  EXPECT_EQ(backup.data_directory + backup.file, "df.db");
  const auto restore = parse_as<RestoreCommand>({"restore", "f.db", "--data", "d"});
  EXPECT_EQ(restore.data_directory + restore.file, "df.db");
  for (const char* command : {"backup", "restore"}) {
    EXPECT_EQ(std::get<Usage>(parse({command, "--data", "d"})).exit_code, exit_usage);
    EXPECT_EQ(std::get<Usage>(parse({command, "f.db"})).exit_code, exit_usage);
  }
}

TEST(CommandLine, export_needs_a_configuration) {
  const auto exported = parse_as<ExportCommand>({"export", "--config", "a", "--data", "d"});
  EXPECT_EQ(exported.config_file + exported.data_directory, "ad");
  EXPECT_EQ(exported.certificates_directory, "");
  EXPECT_EQ(std::get<Usage>(parse({"export", "--data", "d"})).exit_code, exit_usage);
}

TEST(CommandLine, certificate_is_for_localhost_unless_told) {
  const auto certificate =
      parse_as<CertificateCommand>({"certificate", "--certificate", "c", "--key", "k"});
  EXPECT_EQ(certificate.names, std::vector<std::string>{"localhost"});
}

TEST(CommandLine, explain_asks_for_one_thing) {
  EXPECT_EQ(parse_as<ExplainCommand>({"explain", "1-2-3"}).trace_id, "1-2-3");
  EXPECT_EQ(parse_as<ExplainCommand>({"explain", "--last-errors"}).last_errors, 10u);
  EXPECT_EQ(parse_as<ExplainCommand>({"explain", "--last-errors", "3", "--json"}).last_errors, 3u);
  EXPECT_EQ(parse_as<ExplainCommand>({"explain", "--last-errors", "--json"}).last_errors, 10u);
  const auto of_target =
      parse_as<ExplainCommand>({"explain", "--target", "h:80", "--admin", "127.0.0.1:9"});
  EXPECT_EQ(of_target.target, "h:80");
  EXPECT_EQ(of_target.admin.port(), 9);
}

TEST(CommandLine, advise_asks_a_running_daruma) {
  EXPECT_EQ(parse_as<AdviseCommand>({"advise"}).admin.port(), 9090);
  EXPECT_FALSE(parse_as<TopCommand>({"top"}).once);
  EXPECT_TRUE(parse_as<TopCommand>({"top", "--once", "--admin", "[::1]:9"}).once);
  EXPECT_TRUE(parse_as<AdviseCommand>({"advise", "--json", "--admin", "[::1]:9"}).json);
}

TEST(CommandLine, zonal_shift_says_what_and_for_how_long) {
  using What = ZonalShiftCommand::What;
  const auto start =
      parse_as<ZonalShiftCommand>({"zonal-shift", "start", "--load-balancer", "web", "--zone", "a",
                                   "--expires", "2h", "--comment", "why"});
  EXPECT_EQ(start.what, What::start);
  EXPECT_EQ(start.load_balancer + start.zone + start.expires + start.comment, "weba2hwhy");
  EXPECT_EQ(start.admin.port(), 9090);
  EXPECT_EQ(parse_as<ZonalShiftCommand>(
                {"zonal-shift", "extend", "--load-balancer", "web", "--expires", "1h"})
                .what,
            What::extend);
  EXPECT_EQ(parse_as<ZonalShiftCommand>({"zonal-shift", "cancel", "--load-balancer", "web"}).what,
            What::cancel);
  EXPECT_EQ(parse_as<ZonalShiftCommand>({"zonal-shift", "list", "--admin", "[::1]:9"}).admin.port(),
            9);
}

TEST(CommandLine, version_may_be_asked_in_two_ways) {
  parse_as<VersionCommand>({"version"});
  parse_as<VersionCommand>({"--version"});
}

TEST(CommandLine, help_is_no_failure) {
  for (const auto& words : {std::vector<const char*>{"--help"}, {"serve", "--help"}}) {
    const auto usage = std::get<Usage>(parse(words));
    EXPECT_EQ(usage.exit_code, exit_ok);
    EXPECT_NE(usage.text.find("Usage: daruma"), std::string::npos);
  }
}

TEST(CommandLine, mistakes_are_named) {
  struct Case {
    std::vector<const char*> words;
    std::string mentions;
  };
  const Case cases[] = {
      {{}, "certificate"},
      {{"bogus"}, "bogus"},
      {{"serve"}, "--config"},
      {{"serve", "--config", "x", "--workers", "0"}, "--workers"},
      {{"serve", "--config", "x", "--log-level", "loud"}, "loud"},
      {{"serve", "--config", "x", "--nonsense"}, "--nonsense"},
      {{"serve", "--config", "x", "--last-good"}, "--data"},
      {{"check"}, "FILE"},
      {{"reload", "--admin", "localhost"}, "localhost"},
      {{"reload", "--admin", "127.0.0.1:99999"}, "99999"},
      {{"explain"}, "TRACE_ID"},
      {{"explain", "--last-errors", "0"}, "between 1 and 100"},
      {{"explain", "1-2-3", "--target", "h:80"}, "--target"},
      {{"zonal-shift"}, "subcommand"},
      {{"zonal-shift", "start", "--load-balancer", "web", "--zone", "a"}, "--expires"},
      {{"zonal-shift", "cancel"}, "--load-balancer"},
      {{"target"}, "--listen"},
      {{"target", "--listen", "127.0.0.1:80", "--delay", "9-5"}, "9-5"},
      {{"target", "--listen", "127.0.0.1:80", "--status", "99"}, "--status"},
      {{"target", "--listen", "127.0.0.1:80", "--body-bytes", "-1"}, "--body-bytes"},
      {{"target", "--listen", "127.0.0.1:80", "--certificate", "x", "--key", "y"}, "--tls"},
      {{"target", "--listen", "127.0.0.1:80", "--tls", "--certificate", "x"}, "--key"},
      {{"certificate", "--key", "k"}, "--certificate"},
  };
  for (const Case& c : cases) {
    const Command command = parse(c.words);
    const auto* usage = std::get_if<Usage>(&command);
    ASSERT_NE(usage, nullptr) << c.mentions;
    EXPECT_EQ(usage->exit_code, exit_usage) << c.mentions;
    EXPECT_NE(usage->text.find(c.mentions), std::string::npos) << usage->text;
  }
}

}  // namespace
}  // namespace daruma::app
