// SPDX-License-Identifier: Apache-2.0
//
// daruma.yaml → resources. Decodes the file by the shapes of the elbv2 API, reads the certificates
// it names, checks everything (control/validate) and says where each mistake stands. Collects all
// of them; one mistake gives one message.
//
// Paths in the file (certificates, Logs.Directory) are relative to the folder of the file.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"
#include "control/diagnostics.h"
#include "model/resources.h"
#include "telemetry/log_format.h"
#include "tls/context.h"

namespace daruma::control {

// A certificate that can be served.
struct CheckedCertificate {
  std::string fingerprint;
  std::string warning;  // "expired on 2026-01-31"; "" if there is nothing to say
};

// What decoding needs of the world, so that tests and fuzzing can do without.
struct Surroundings {
  // The whole file, or why not ("No such file or directory").
  std::function<Result<std::string>(const std::string& path)> read_file;
  // Or what is wrong with it.
  std::function<Result<CheckedCertificate>(const tls::CertificateText&)> check_certificate;
  // Whether a listener can be served with this policy, or why not.
  std::function<Result<void>(std::string_view name)> check_ssl_policy;

  static Surroundings system(std::function<WallTime()> wall_now);
};

// What the process itself needs of the file; changes take effect at the next start.
struct Settings {
  Address admin;
  std::string logs_directory;
  telemetry::LogFormat logs_format = telemetry::LogFormat::alb;
  bool logs_compressed = false;
  std::vector<model::api::Bucket> buckets{};  // directories as seen from where the process runs
  model::api::Mackerel mackerel{};
  model::api::Alarms alarms{};
  bool operator==(const Settings&) const = default;
};

struct Declared {
  model::api::Resources resources;  // usable unless has_errors(diagnostics)
  Settings settings;
  Diagnostics diagnostics;                   // in the file's order
  std::string text;                          // of the file
  std::map<std::string, std::string> files;  // every other file read: path as written → content
};

// A path in the file, as seen from where the process runs.
std::string resolve_path(const std::string& file, const std::string& written);

Declared parse_declared(std::string text, const std::string& file, const Surroundings& with);
Declared read_declared(const std::string& file, const Surroundings& with);

// What `daruma check FILE` says: errors and warnings; none is good news.
Diagnostics check_file(const std::string& file, const Surroundings& with);

}  // namespace daruma::control
