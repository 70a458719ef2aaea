// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "api/created.h"
#include "api/export.h"
#include "api/export_commands.h"
#include "app/clocks.h"
#include "app/commands.h"
#include "app/files.h"
#include "control/declared.h"
#include "control/together.h"
#include "tls/context.h"
#include "tls/trust_store.h"

namespace daruma::app {
namespace {

using model::api::Certificate;
using model::api::Resources;

void warn(const std::string& text) {
  std::fprintf(stderr, "daruma export: %s\n", text.c_str());
}

// A daruma may be running.
Result<Resources> created_in(const std::string& directory) {
  if (directory.empty()) return Resources();
  return api::read_created(directory);
}

Result<void> write_certificates(const Resources& created, const std::string& directory) {
  for (const Certificate& certificate : created.certificates) {
    if (directory.empty()) {
      warn("certificate " + certificate.name + " is not written: give --certificates");
      continue;
    }
    const std::string path = directory + "/" + certificate.name;
    std::string certificates;
    for (const auto& each : tls::certificates_of(certificate.chain_pem)) certificates += each;
    const auto chain = create_file(path + ".crt", certificates, Access::everyone_reads);
    if (!chain) return chain;
    const auto key = create_file(path + ".key", certificate.key_pem, Access::owner_only);
    if (!key) return key;
  }
  return {};
}

Result<void> write_trust_stores(const Resources& created, const std::string& directory) {
  for (const model::api::TrustStore& store : created.trust_stores) {
    if (directory.empty()) {
      warn("trust store " + store.name + " is not written: give --certificates");
      continue;
    }
    const std::string folder = directory + "/";
    const auto bundle =
        create_file(api::bundle_file_of(store, folder), store.ca_pem, Access::everyone_reads);
    if (!bundle) return bundle;
    for (const model::api::Revocation& each : store.revocations) {
      const Result<std::string> pem = tls::revocations_as_pem(*each.content);
      if (!pem) return fail(pem.error().message);
      const auto list =
          create_file(api::revocation_file_of(store, each, folder), *pem, Access::everyone_reads);
      if (!list) return list;
    }
  }
  return {};
}

}  // namespace

int run(const ExportCommand& command) {
  control::Declared declared =
      control::read_declared(command.config_file, control::Surroundings::system(system_wall_now));
  if (control::has_errors(declared.diagnostics)) {
    std::fputs(control::to_text(declared.diagnostics).c_str(), stderr);
    return exit_failed;
  }
  const Result<Resources> created = created_in(command.data_directory);
  if (!created) {
    warn(created.error().message);
    return exit_failed;
  }
  auto written = write_certificates(*created, command.certificates_directory);
  if (written) written = write_trust_stores(*created, command.certificates_directory);
  if (!written) {
    warn(written.error().message);
    return exit_failed;
  }
  for (const auto& key : declared.resources.admin.access_keys) {
    if (command.as_commands) break;
    if (!key.secret_file) warn("the secret of access key " + key.id + " is left out");
  }
  if (const auto& ec2 = declared.resources.admin.ec2;
      ec2 && !ec2->secret_access_key_file && !command.as_commands)
    warn("Admin.Ec2 is left out: its secret stands in the file; name a SecretAccessKeyFile");
  for (const auto& bucket : declared.resources.buckets) {
    if (command.as_commands) break;
    if (bucket.secret_access_key && !bucket.secret_access_key_file)
      warn("bucket " + bucket.name + " is left out: its secret stands in the file; name a " +
           "SecretAccessKeyFile");
  }
  const Resources whole = control::together(declared.resources, *created);
  const std::string& certificates = command.certificates_directory;
  const std::string folder = certificates.empty() ? "" : certificates + "/";
  const std::string text =
      command.as_commands ? api::export_commands(whole, folder) : api::export_yaml(whole, folder);
  std::fputs(text.c_str(), stdout);
  return exit_ok;
}

}  // namespace daruma::app
