// SPDX-License-Identifier: Apache-2.0
//
// Each subcommand of `daruma`, run to its end. Returns the exit code.
#pragma once

#include "app/command_line.h"

namespace daruma::app {

int run(const Usage& usage);
int run(const ServeCommand& command);           // serve.cc
int run(const TargetCommand& command);          // target.cc
int run(const CertificateCommand& command);     // certificate.cc
int run(const ExplainCommand& command);         // explain.cc
int run(const AdviseCommand& command);          // explain.cc
int run(const ZonalShiftCommand& command);      // explain.cc
int run(const MackerelPluginCommand& command);  // mackerel.cc
int run(const CheckAlbCommand& command);        // mackerel.cc
int run(const AlarmsCommand& command);          // alarms.cc
int run(const TopCommand& command);             // top.cc
int run(const CheckCommand& command);
int run(const ReloadCommand& command);
int run(const ExportCommand& command);   // export.cc
int run(const ImportCommand& command);   // import.cc
int run(const KeysCommand& command);     // keys.cc
int run(const BackupCommand& command);   // backup.cc
int run(const RestoreCommand& command);  // backup.cc
int run(const LogsCommand& command);     // logs.cc
int run(const VersionCommand& command);

}  // namespace daruma::app
