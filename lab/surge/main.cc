// SPDX-License-Identifier: Apache-2.0
//
// daruma_surge: requests at a given rate over time, open loop, one line per request in a file. What
// lab/run.py sends at the balancers; see lab/README.md.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "io/epoll_loop.h"
#include "surge.h"

namespace {

using daruma::lab::Arrivals;
using daruma::lab::RateProfile;
using daruma::lab::RecordFile;
using daruma::lab::Surge;
using daruma::lab::SurgeOptions;

struct Arguments {
  SurgeOptions surge;
  std::string ip = "127.0.0.1";
  uint16_t port = 8443;
  std::string profile;
  std::string records;
  double patience_seconds = 10;
  uint64_t seed = 1;
};

int refuse(const std::string& option, const std::string& why) {
  std::cerr << option << ": " << why << "\n";
  return 2;
}

int run(const Arguments& arguments) {
  SurgeOptions options = arguments.surge;
  const auto address = daruma::Address::parse(arguments.ip, arguments.port);
  if (!address) return refuse("--ip", "not an IP address: " + arguments.ip);
  options.address = *address;
  options.patience = std::chrono::duration_cast<daruma::Duration>(
      std::chrono::duration<double>(arguments.patience_seconds));
  const auto profile = RateProfile::parse(arguments.profile);
  if (!profile) return refuse("--profile", profile.error().message);

  daruma::io::EpollLoop loop(arguments.seed);
  auto records = RecordFile::create(arguments.records, loop.wall_now());
  if (!records) return refuse("--records", records.error().message);
  Surge surge(loop, options, *profile, *records);
  while (!surge.done()) loop.turn();
  records->flush();
  return records->failed() ? refuse("--records", "could not be written") : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Sends GET requests at a given rate, whether or not they are answered"};
  Arguments arguments;
  SurgeOptions& surge = arguments.surge;
  app.add_option("--ip", arguments.ip, "address to connect to");
  app.add_option("--port", arguments.port, "port to connect to");
  app.add_flag("--tls", surge.tls, "speak TLS");
  app.add_option("--host", surge.host, "Host field and SNI name");
  app.add_option("--path", surge.path, "path to ask for; ?n=NUMBER&try=ATTEMPT is added");
  app.add_option("--profile", arguments.profile, "requests a second over time: 0:20,5:20,15:100")
      ->required();
  app.add_option("--records", arguments.records, "file for what became of each request")
      ->required();
  app.add_option("--outstanding", surge.outstanding_max, "requests under way at most");
  app.add_option("--patience", arguments.patience_seconds, "seconds that a user waits")
      ->check(CLI::Range(0.001, 3600.0));
  app.add_option("--retries", surge.retries, "how often a user asks again");
  app.add_option("--letters", surge.letters,
                 "what a 2xx answer must hold after n=NUMBER; 0: anything");
  app.add_option("--arrivals", surge.arrivals, "even or poisson")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Arrivals>{
          {"even", Arrivals::even}, {"poisson", Arrivals::poisson}}));
  app.add_option("--seed", arguments.seed, "decides what chance decides");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  return run(arguments);
}
