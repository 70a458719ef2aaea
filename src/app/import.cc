// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "api/aws_import.h"
#include "api/export.h"
#include "app/clocks.h"
#include "app/commands.h"
#include "control/declared.h"
#include "io/read_file.h"
#include "model/limits.h"
#include "tls/authority.h"

namespace daruma::app {
namespace {

namespace fs = std::filesystem;

Result<std::vector<api::DescribedFile>> read_all(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code problem;
  for (fs::recursive_directory_iterator each(directory, problem), end; !problem && each != end;
       each.increment(problem)) {
    if (each->path().extension() == ".json") paths.push_back(each->path().string());
  }
  if (problem) return fail("cannot read " + directory + ": " + problem.message());
  if (paths.empty()) return fail("there are no .json files in " + directory);
  std::ranges::sort(paths);
  std::vector<api::DescribedFile> files;
  for (const std::string& path : paths) {
    const auto text = io::read_file(path, model::limits::file_bytes_max);
    if (!text) return fail("cannot read " + path + ": " + text.error().message);
    api::Json json = api::Json::parse(*text, nullptr, false);
    if (json.is_discarded()) return fail(path + " is no JSON: print with --output json");
    files.push_back({fs::path(path).filename().string(), std::move(json)});
  }
  return files;
}

// Certificates are not there yet: only what refers to them is checked. Some authority stands for
// bundles.
control::Diagnostics check(const std::string& text) {
  control::Surroundings with = control::Surroundings::system(system_wall_now);
  const WallTime now = system_wall_now();
  const std::string bundle = tls::make_authority("not there yet", {now, now + 24h}).chain_pem;
  with.read_file = [&bundle](const std::string& path) -> Result<std::string> {
    return path.ends_with(".ca.pem") ? bundle : "";
  };
  with.check_certificate =
      [](const tls::CertificateText& certificate) -> Result<control::CheckedCertificate> {
    return control::CheckedCertificate{certificate.name, ""};
  };
  return control::parse_declared(text, "imported", with).diagnostics;
}

}  // namespace

int run(const ImportCommand& command) {
  const auto files = read_all(command.directory);
  if (!files) {
    std::fprintf(stderr, "daruma import: %s\n", files.error().message.c_str());
    return exit_failed;
  }
  const api::Imported imported = api::import_described(*files);
  for (const std::string& note : imported.notes) {
    std::fprintf(stderr, "note: %s\n", note.c_str());
  }
  const std::string text = api::export_yaml(imported.resources, "");
  std::fputs(text.c_str(), stdout);
  const control::Diagnostics diagnostics = check(text);
  std::fputs(control::to_text(diagnostics).c_str(), stderr);
  return control::has_errors(diagnostics) ? exit_failed : exit_ok;
}

}  // namespace daruma::app
