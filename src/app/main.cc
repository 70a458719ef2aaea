// SPDX-License-Identifier: Apache-2.0
//
// The `daruma` program. One command of its command line is one file:
//
//   serve        serve.cc        starts, supervises and stops the threads of a load balancer
//   check        commands.cc     validates a configuration file
//   reload       commands.cc     asks a running daruma to apply its changed file
//   explain      explain.cc      asks a running daruma why a request ended as it did
//   advise       explain.cc      and what should be changed at its targets
//   alarms       alarms.cc       what a running daruma is alarmed about, and whether that arrives
//   mackerel-plugin, check-alb  mackerel.cc  what Mackerel's agent asks a running daruma
//   logs         logs.cc         lines of the access log, as they come
//   target       target.cc       a sample origin
//   certificate  certificate.cc  a self-signed certificate
//   export       export.cc       prints all that is configured as one file
//   backup       backup.cc       copies what the API made
//   restore      backup.cc       and puts it back
//   version      commands.cc
#include <variant>

#include "app/command_line.h"
#include "app/commands.h"

int main(int argc, char** argv) {
  const daruma::app::Command command = daruma::app::parse_command_line(argc, argv);
  return std::visit([](const auto& c) { return daruma::app::run(c); }, command);
}
