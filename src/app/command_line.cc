// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <optional>
#include <sstream>

#include "base/bytes.h"
#include "model/limits.h"

namespace daruma::app {
namespace {

constexpr const char* description =
    "Daruma is an application load balancer: it takes HTTP and HTTPS requests, finds the rule "
    "that\n"
    "matches, picks a healthy target and forwards over a pooled connection. It speaks the\n"
    "vocabulary of AWS's Application Load Balancer.\n\n"
    "  daruma target --listen 127.0.0.2:8080          a server to put behind it\n"
    "  daruma check FILE                              what is wrong with a configuration\n"
    "  daruma serve --config FILE --data DIRECTORY    serves it\n";
constexpr const char* footer =
    "Exit codes: 0 done, 1 failed or invalid, 2 the command line is wrong.\n"
    "`daruma COMMAND --help` explains each command; README.md begins with a five-minute start.";

constexpr const char* serve_footer =
    "Signals: SIGHUP applies the changed FILE (no connection is dropped; an invalid file changes\n"
    "nothing); SIGTERM and SIGINT drain, finish what is under way and exit 0; a second one stops\n"
    "at once.\n\n"
    "Example:\n  daruma serve --config examples/quickstart.yaml --data data";

constexpr const char* explain_footer =
    "TRACE_ID is what the access log and the target have in X-Amzn-Trace-Id: all of it, or the id\n"
    "after Root=.\n\n"
    "  daruma explain 1-69266d1c-7f3a5e0b9c8d4e6f01234567\n"
    "  daruma explain --last-errors 3\n"
    "  daruma explain --target 127.0.0.2:8443 --json";

constexpr const char* zonal_shift_footer =
    "The load balancer needs zonal_shift.config.enabled: true. A shift outlives a restart where\n"
    "`daruma serve` has --data. docs/zones.md tells what becomes of the traffic.\n\n"
    "  daruma zonal-shift start --load-balancer web --zone zone-a --expires 2h\n"
    "  daruma zonal-shift extend --load-balancer web --expires 90m\n"
    "  daruma zonal-shift cancel --load-balancer web";

constexpr const char* mackerel_plugin_footer =
    "In mackerel-agent.conf, with the load balancer's DNS name, so that its figures are its own\n"
    "host's (docs/mackerel.md):\n\n"
    "  [plugin.metrics.alb]\n"
    "  command = [\"daruma\", \"mackerel-plugin\", \"--lb\", \"web\"]\n"
    "  custom_identifier = \"web.daruma.internal\"";

constexpr const char* check_alb_footer =
    "Exit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, also where no daruma answers.\n\n"
    "  [plugin.checks.alb]\n"
    "  command = [\"daruma\", \"check-alb\", \"--unhealthy-critical\", \"100\"]";

constexpr const char* target_footer =
    "Paths: /health, /status/N, /slow/MS, /bytes/N, /chunked/N, /until-close/N, /truncated/N,\n"
    "/close and /reset do what they say; every other path shows the request as it arrived.\n"
    "HTTP/1.1 and HTTP/2: by ALPN with --tls, by prior knowledge without.\n"
    "Asked to switch by \"Upgrade: echo\", it gives every byte back that follows.\n"
    "Every answer names the target, connection and request number, and the SHA-256 of the\n"
    "request's body (X-Target, X-Connection, X-Request, X-Body-Sha256).\n\n"
    "A prefork server with 20 processes, 5 requests per connection, pages of 50 to 200 ms:\n"
    "  daruma target --listen 127.0.0.2:8443 --tls --workers 20 --keepalive-requests 5 \\\n"
    "                --keepalive-timeout 5 --backlog 64 --delay 50-200";

// An option that takes an ADDRESS:PORT.
CLI::Option* add_address(CLI::App& app, const std::string& name, Address& into,
                         const std::string& help) {
  const auto store = [&into](const std::string& text) {
    const auto address = Address::parse_with_port(text);
    if (address) into = *address;
    return address.has_value();
  };
  return app
      .add_option_function<std::string>(
          name,
          [name, store](const std::string& text) {
            if (!store(text)) {
              throw CLI::ValidationError(name, "'" + text +
                                                   "' is no address and port such as "
                                                   "127.0.0.1:9090 or [::1]:9090");
            }
          },
          help)
      ->type_name("ADDRESS:PORT");
}

// "50" or "50-200", in milliseconds.
bool parse_delay(const std::string& text, OriginOptions& options) {
  const size_t dash = text.find('-');
  const auto least = parse_decimal(text.substr(0, dash));
  const auto most = dash == std::string::npos ? least : parse_decimal(text.substr(dash + 1));
  if (!least || !most || *least > *most) return false;
  if (*most > OriginOptions::delay_milliseconds_max) return false;
  options.delay_min = std::chrono::milliseconds(*least);
  options.delay_max = std::chrono::milliseconds(*most);
  return true;
}

std::optional<LogLevel> parse_log_level(const std::string& text) {
  if (text == "debug") return LogLevel::debug;
  if (text == "info") return LogLevel::info;
  if (text == "warning") return LogLevel::warning;
  if (text == "error") return LogLevel::error;
  return std::nullopt;
}

void add_seconds(CLI::App& app, const std::string& name, Duration& into, const std::string& help) {
  app.add_option_function<uint32_t>(
         name, [&into](uint32_t seconds) { into = std::chrono::seconds(seconds); }, help)
      ->check(CLI::Range(1, 86'400))
      ->type_name("SECONDS");
}

CLI::App& add_command(CLI::App& root, const std::string& name, const std::string& help) {
  return *root.add_subcommand(name, help)->group("Commands");
}

void add_serve(CLI::App& root, ServeCommand& command) {
  CLI::App& app = add_command(root, "serve", "Serve what a configuration file describes");
  app.add_option("--config", command.config_file, "The configuration, YAML")
      ->required()
      ->type_name("FILE");
  CLI::Option* data = app.add_option("--data", command.data_directory,
                                     "Where the last good configuration is kept, with its "
                                     "certificates and keys (default: nowhere)")
                          ->type_name("DIRECTORY");
  app.add_option("--workers", command.workers,
                 "Worker threads, each with a core of its own (default: one per core)")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  app.add_flag("--last-good", command.last_good,
               "If FILE is invalid, start from the last good configuration in --data")
      ->needs(data);
  app.add_option_function<std::string>(
         "--log-level",
         [&command](const std::string& text) {
           const auto level = parse_log_level(text);
           if (!level) {
             throw CLI::ValidationError("--log-level",
                                        "'" + text + "' is none of debug, info, warning, error");
           }
           command.log_level = *level;
         },
         "debug, info, warning or error (default: info)")
      ->type_name("LEVEL");
  app.footer(serve_footer);
}

void add_check(CLI::App& root, CheckCommand& command) {
  CLI::App& app = add_command(
      root, "check",
      "Say what is wrong with a configuration file: line, column, and what would be right");
  app.add_option("FILE", command.config_file, "The configuration")->required();
}

void add_admin(CLI::App& app, Address& admin) {
  admin = Address::v4({127, 0, 0, 1}, 9090);
  add_address(app, "--admin", admin,
              "The running daruma's Admin address (default: 127.0.0.1:9090)");
}

void add_reload(CLI::App& root, ReloadCommand& command) {
  CLI::App& app = add_command(
      root, "reload", "Ask a running daruma to apply its changed file, and wait until it serves");
  add_admin(app, command.admin);
}

void add_explain(CLI::App& root, ExplainCommand& command) {
  constexpr auto& range = model::limits::stories_asked_for;
  CLI::App& app =
      add_command(root, "explain", "Ask a running daruma why a request ended as it did");
  CLI::Option_group& subject = *app.add_option_group("subject");
  subject.add_option("TRACE_ID", command.trace_id, "The request with this trace id");
  subject.add_option("--target", command.target, "The last requests sent to a target")
      ->type_name("ADDRESS:PORT");
  subject
      .add_option_function<std::string>(
          "--last-errors",
          [&command](const std::string& text) {
            const auto number = text.empty() ? range.standard : parse_decimal(text).value_or(0);
            if (number < uint64_t(range.least) || number > uint64_t(range.most)) {
              throw CLI::ValidationError("--last-errors", "'" + text + "' is not between " +
                                                              std::to_string(range.least) +
                                                              " and " + std::to_string(range.most));
            }
            command.last_errors = static_cast<uint32_t>(number);
          },
          "The last N requests that failed (default: 10)")
      ->expected(0, 1)
      ->type_name("[N]");
  subject.require_option(1);
  app.add_flag("--json", command.json, "For programs; docs/explain.md names the members");
  add_admin(app, command.admin);
  app.footer(explain_footer);
}

void add_advise(CLI::App& root, AdviseCommand& command) {
  CLI::App& app =
      add_command(root, "advise",
                  "Ask a running daruma what should be changed at the targets, in their servers' "
                  "own directives, and on what evidence");
  app.add_flag("--json", command.json, "For programs");
  add_admin(app, command.admin);
}

void add_zonal_shift(CLI::App& root, ZonalShiftCommand& command) {
  using What = ZonalShiftCommand::What;
  CLI::App& app = add_command(root, "zonal-shift",
                              "Ask a running daruma to send a load balancer's traffic away from a "
                              "zone, for a while");
  app.require_subcommand(1);
  const auto add = [&](const char* name, const char* help, What what) -> CLI::App& {
    CLI::App& sub = *app.add_subcommand(name, help);
    sub.callback([&command, what] { command.what = what; });
    add_admin(sub, command.admin);
    if (what != What::list) {
      sub.add_option("--load-balancer", command.load_balancer, "Its name")
          ->required()
          ->type_name("NAME");
    }
    return sub;
  };
  const auto add_expires = [&command](CLI::App& sub) {
    sub.add_option("--expires", command.expires, "When it comes back by itself: 1m to 3d from now")
        ->required()
        ->type_name("TIME");
  };
  CLI::App& start = add("start", "Send it away", What::start);
  start.add_option("--zone", command.zone, "Away from this one")->required()->type_name("ZONE");
  add_expires(start);
  start.add_option("--comment", command.comment, "Why")->type_name("TEXT");
  add_expires(add("extend", "Keep it away for so long from now", What::extend));
  add("cancel", "Let it come back", What::cancel);
  add("list", "What is shifted, as JSON", What::list);
  app.footer(zonal_shift_footer);
}

void add_alarms(CLI::App& root, AlarmsCommand& command) {
  using What = AlarmsCommand::What;
  CLI::App& app = add_command(root, "alarms",
                              "Ask a running daruma what it is alarmed about, or to try whether "
                              "people hear of it");
  app.require_subcommand(1);
  CLI::App& list = *app.add_subcommand("list", "Every alarm and how it stands, the worst first");
  list.callback([&command] { command.what = What::list; });
  list.add_flag("--json", command.json, "For programs");
  add_admin(list, command.admin);
  CLI::App& test =
      *app.add_subcommand("test", "Tell everybody now, as it stands, that it is tried");
  test.callback([&command] { command.what = What::test; });
  test.add_option("NAME", command.name, "The alarm's")->required();
  add_admin(test, command.admin);
}

void add_top(CLI::App& root, TopCommand& command) {
  CLI::App& app = add_command(root, "top",
                              "Watch a running daruma: traffic, targets, what is the matter; q "
                              "leaves");
  app.add_flag("--once", command.once, "Print one frame and end, as without a terminal");
  add_admin(app, command.admin);
}

void add_mackerel_plugin(CLI::App& root, MackerelPluginCommand& command) {
  CLI::App& app = add_command(root, "mackerel-plugin",
                              "Print a load balancer's figures of the last minute for "
                              "mackerel-agent, by the names of its ALB integration");
  app.add_option("--lb", command.load_balancer, "Which one (default: the only one there is)")
      ->type_name("NAME");
  app.add_option("--metric-key-prefix", command.prefix, "What names begin with (default: alb)")
      ->type_name("PREFIX");
  add_admin(app, command.admin);
  app.footer(mackerel_plugin_footer);
}

void add_check_alb(CLI::App& root, CheckAlbCommand& command) {
  CLI::App& app = add_command(root, "check-alb",
                              "Check a running daruma as monitoring agents do: unhealthy targets, "
                              "5xx of the balancer's own, certificates, configuration");
  AlbBounds& bounds = command.bounds;
  app.add_option("--lb", command.load_balancer, "Which load balancer (default: all)")
      ->type_name("NAME");
  const auto add_percent = [&app](const char* name, double& into, const char* help) {
    app.add_option(name, into, help)->check(CLI::Range(0.0, 100.0))->type_name("PERCENT");
  };
  const auto add_days = [&app](const char* name, uint32_t& into, const char* help) {
    app.add_option(name, into, help)->check(CLI::Range(0, 3650))->type_name("DAYS");
  };
  add_percent("--unhealthy-warning", bounds.unhealthy_percent_warning,
              "Of a target group's targets, from so many on; 0: from one on (default: 0)");
  add_percent("--unhealthy-critical", bounds.unhealthy_percent_critical, "(default: 50)");
  add_percent("--5xx-warning", bounds.server_errors_percent_warning,
              "Of all answers, those that are 5xx of the balancer's own (default: 1)");
  add_percent("--5xx-critical", bounds.server_errors_percent_critical, "(default: 5)");
  add_days("--certificate-warning", bounds.certificate_days_warning,
           "A certificate ends in fewer days (default: 21)");
  add_days("--certificate-critical", bounds.certificate_days_critical, "(default: 7)");
  add_admin(app, command.admin);
  app.footer(check_alb_footer);
}

void add_target_connections(CLI::App& app, OriginOptions& origin) {
  app.add_option("--workers", origin.workers,
                 "Serve N connections at once; others wait in the listen queue (default: no limit)")
      ->check(CLI::Range(1, 100'000))
      ->type_name("N");
  app.add_option("--keepalive-requests", origin.keepalive_requests,
                 "Close each connection after N requests (default: no limit)")
      ->check(CLI::Range(1, 1'000'000'000))
      ->type_name("N");
  add_seconds(app, "--keepalive-timeout", origin.keepalive_timeout,
              "Close a connection idle for so long (default: 75)");
  app.add_option("--backlog", origin.backlog, "Length of the listen queue (default: 511)")
      ->check(CLI::Range(1, 65'535))
      ->type_name("N");
}

void add_target_answers(CLI::App& app, OriginOptions& origin) {
  app.add_option_function<std::string>(
         "--delay",
         [&origin](const std::string& text) {
           if (!parse_delay(text, origin)) {
             throw CLI::ValidationError("--delay", "'" + text +
                                                       "' is neither milliseconds nor a range "
                                                       "such as 50-200");
           }
         },
         "Think for so long before each answer (default: 0)")
      ->type_name("MS[-MS]");
  app.add_option("--status", origin.status, "Status of answers (default: 200)")
      ->check(CLI::Range(200, 599))
      ->type_name("CODE");
  app.add_option("--body-bytes", origin.body_bytes,
                 "Answer N letters instead of showing the request")
      ->check(CLI::Range(uint64_t{0}, OriginOptions::body_bytes_max))
      ->type_name("N");
  app.add_option_function<uint32_t>(
         "--health-delay",
         [&origin](uint32_t ms) { origin.health_delay = std::chrono::milliseconds(ms); },
         "Think for so long before answering /health (default: 5)")
      ->check(CLI::Range(uint32_t{0}, OriginOptions::delay_milliseconds_max))
      ->type_name("MS");
  app.add_option("--health-status", origin.health_status, "Status of /health (default: 200)")
      ->check(CLI::Range(200, 599))
      ->type_name("CODE");
}

void add_target(CLI::App& root, TargetCommand& command) {
  CLI::App& app = add_command(root, "target",
                              "A sample origin to put behind a load balancer: try, break, "
                              "test");
  add_address(app, "--listen", command.origin.listen, "Where to listen")->required();
  CLI::Option* tls = app.add_flag("--tls", command.origin.tls,
                                  "Speak HTTPS, with a certificate made at start unless given");
  CLI::Option* certificate =
      app.add_option("--certificate", command.certificate_file, "Certificate chain, PEM")
          ->type_name("FILE")
          ->needs(tls);
  CLI::Option* key =
      app.add_option("--key", command.key_file, "Its private key, PEM")->type_name("FILE");
  certificate->needs(key);
  key->needs(certificate);
  add_target_connections(app, command.origin);
  add_target_answers(app, command.origin);
  app.footer(target_footer);
}

void add_certificate(CLI::App& root, CertificateCommand& command) {
  CLI::App& app =
      add_command(root, "certificate",
                  "Make a self-signed certificate for trying things out (never overwrites)");
  app.add_option("--name", command.names,
                 "DNS name, wildcard or IP address; repeat for more (default: localhost)")
      ->type_name("NAME");
  app.add_option("--certificate", command.certificate_file, "Where the certificate goes, PEM")
      ->required()
      ->type_name("FILE");
  app.add_option("--key", command.key_file, "Where its key goes, PEM, readable by you alone")
      ->required()
      ->type_name("FILE");
}

constexpr const char* backup_footer =
    "FILE holds what the API made. Private keys in it are sealed with DIRECTORY/secrets.key, "
    "which\n"
    "is not in it: keep a copy of that apart from FILE.";

void add_data(CLI::App& app, std::string& directory) {
  app.add_option("--data", directory, "The data directory of `daruma serve`")
      ->required()
      ->type_name("DIRECTORY");
}

constexpr const char* export_footer =
    "Prints one file that declares what FILE declares and what the API made. Secrets that stand "
    "in\n"
    "FILE itself are left out.\n\n"
    "  daruma export --config daruma.yaml --data data --certificates certificates > all.yaml\n"
    "  daruma export --config daruma.yaml --data data --certificates certificates --as aws > "
    "all.sh";

void add_export(CLI::App& root, ExportCommand& command) {
  CLI::App& app = add_command(root, "export", "Print all that is configured as one daruma.yaml");
  app.add_option("--config", command.config_file, "The configuration, YAML")
      ->required()
      ->type_name("FILE");
  app.add_option("--data", command.data_directory, "Where what the API made is kept")
      ->type_name("DIRECTORY");
  app.add_option("--certificates", command.certificates_directory,
                 "Write the certificates that were imported, their keys, and trust stores, into "
                 "this folder")
      ->type_name("DIRECTORY");
  app.add_option_function<std::string>(
         "--as", [&command](const std::string& text) { command.as_commands = text == "aws"; },
         "A daruma.yaml, or a script of `aws` commands that make the same (default: yaml)")
      ->check(CLI::IsMember({"yaml", "aws"}))
      ->type_name("yaml|aws");
  app.footer(export_footer);
}

constexpr const char* keys_footer =
    "Keys count at once, whether or not a daruma is running, beside those of its file. Secrets "
    "are\n"
    "kept sealed with DIRECTORY/secrets.key.\n\n"
    "  eval \"$(daruma keys create --data data)\"\n\n"
    "Passwords are for the console: Admin: {Users: [{Name: ada, PasswordHash: '…'}]}.";

void add_keys(CLI::App& root, KeysCommand& command) {
  using What = KeysCommand::What;
  CLI::App& app = add_command(root, "keys",
                              "Make access keys for the API, list or delete them; hash passwords");
  app.require_subcommand(1);
  const auto add = [&](const char* name, const char* help, What what) -> CLI::App& {
    CLI::App& sub = *app.add_subcommand(name, help);
    sub.callback([&command, what] { command.what = what; });
    add_data(sub, command.data_directory);
    return sub;
  };
  add("create", "Make one, and show it once, as a shell reads it", What::create)
      .add_option("--role", command.role, "What it may do (default: admin)")
      ->check(CLI::IsMember({"admin", "read-only"}))
      ->type_name("admin|read-only");
  add("list", "Ids, roles and when they were made", What::list);
  add("delete", "From now on it is not known", What::remove)
      .add_option("ID", command.id, "The key's")
      ->required();
  app.add_subcommand("password",
                     "Read a password, twice from a terminal, and print its hash for Admin.Users")
      ->callback([&command] { command.what = What::password; });
  app.footer(keys_footer);
}

constexpr const char* import_footer =
    "DIRECTORY holds what `aws elbv2 describe-…` printed, as examples/describe-aws.sh collects "
    "it.\n"
    "What cannot be said here is noted on standard error. docs/migrate-from-aws.md has the way.\n\n"
    "  examples/describe-aws.sh aws; daruma import aws > daruma.yaml";

void add_import(CLI::App& root, ImportCommand& command) {
  CLI::App& app = add_command(root, "import",
                              "Print load balancers that are described by AWS as a daruma.yaml");
  app.add_option("DIRECTORY", command.directory, "With the descriptions, JSON")->required();
  app.footer(import_footer);
}

void add_backup(CLI::App& root, BackupCommand& command) {
  CLI::App& app = add_command(
      root, "backup", "Copy what the API made to a file, whether or not a daruma is running");
  add_data(app, command.data_directory);
  app.add_option("FILE", command.file, "Where it goes; must not exist")->required();
  app.footer(backup_footer);
}

void add_restore(CLI::App& root, RestoreCommand& command) {
  CLI::App& app = add_command(
      root, "restore", "Put a backup in place of what the API made; no daruma may be running");
  add_data(app, command.data_directory);
  app.add_option("FILE", command.file, "What `daruma backup` made")->required();
}

Usage explain(const CLI::App& root, const CLI::ParseError& problem, const std::string& first) {
  // CLI11 only says that a subcommand is missing.
  if (first.empty()) return {root.help(), exit_usage};
  if (root.get_subcommands().empty() && !first.starts_with('-')) {
    return {"There is no command '" + first + "'; see daruma --help\n", exit_usage};
  }
  std::ostringstream out;
  std::ostringstream error;
  const bool asked = root.exit(problem, out, error) == 0;
  // 2 would tell a monitoring agent that something is critical.
  constexpr int unknown = static_cast<int>(AlbVerdict::Status::unknown);
  const int wrong = first == "check-alb" ? unknown : exit_usage;
  return {out.str() + error.str(), asked ? exit_ok : wrong};
}

}  // namespace

// tidy-allow(function-length): three lines for each command.
Command parse_command_line(int argc, const char* const* argv) {
  CLI::App root(description, "daruma");
  root.require_subcommand(1);
  root.footer(footer);
  root.get_formatter()->column_width(36);
  root.get_formatter()->label("SUBCOMMAND", "COMMAND");
  root.get_formatter()->label("REQUIRED", "(required)");
  root.get_formatter()->label("TEXT", "");
  bool version_flag = false;
  root.add_flag("--version", version_flag, "Same as `daruma version`");

  ServeCommand serve;
  CheckCommand check;
  ReloadCommand reload;
  ExplainCommand explanation;
  AdviseCommand advice;
  ZonalShiftCommand zonal_shift;
  AlarmsCommand alarms;
  TopCommand top;
  MackerelPluginCommand mackerel_plugin;
  CheckAlbCommand check_alb;
  TargetCommand target;
  CertificateCommand certificate;
  ExportCommand exported;
  ImportCommand imported;
  KeysCommand keys;
  BackupCommand backup;
  RestoreCommand restore;
  LogsCommand logs;
  add_serve(root, serve);
  add_check(root, check);
  add_reload(root, reload);
  add_explain(root, explanation);
  add_advise(root, advice);
  add_zonal_shift(root, zonal_shift);
  add_alarms(root, alarms);
  add_top(root, top);
  add_mackerel_plugin(root, mackerel_plugin);
  add_check_alb(root, check_alb);
  add_target(root, target);
  add_certificate(root, certificate);
  add_export(root, exported);
  add_import(root, imported);
  add_keys(root, keys);
  add_backup(root, backup);
  add_restore(root, restore);
  add_logs(root, logs);
  add_command(root, "version", "Which daruma this is, and what it was built with");

  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    if (version_flag) return VersionCommand{};
    return explain(root, problem, argc > 1 ? argv[1] : "");
  }
  const std::string name = root.get_subcommands().front()->get_name();
  if (name == "serve") return serve;
  if (name == "check") return check;
  if (name == "reload") return reload;
  if (name == "top") return top;
  if (name == "explain") return explanation;
  if (name == "advise") return advice;
  if (name == "zonal-shift") return zonal_shift;
  if (name == "alarms") return alarms;
  if (name == "mackerel-plugin") return mackerel_plugin;
  if (name == "check-alb") return check_alb;
  if (name == "target") return target;
  if (name == "certificate") {
    if (certificate.names.empty()) certificate.names = {"localhost"};
    return certificate;
  }
  if (name == "export") return exported;
  if (name == "import") return imported;
  if (name == "keys") return keys;
  if (name == "backup") return backup;
  if (name == "restore") return restore;
  if (name == "logs") return logs;
  return VersionCommand{};
}

}  // namespace daruma::app
