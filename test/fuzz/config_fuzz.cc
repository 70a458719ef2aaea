// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as daruma.yaml: parsing ends, says something sensible, and what it calls valid can be
// compiled. The world outside the file is played by the test: every file can be read.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "control/declared.h"
#include "control/snapshot_compiler.h"

using namespace daruma;
using namespace daruma::control;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Surroundings with{
      .read_file = [](const std::string& path) -> Result<std::string> { return path; },
      .check_certificate = [](const tls::CertificateText& text) -> Result<CheckedCertificate> {
        if (text.chain_pem == text.key_pem) return fail("the key is the certificate");
        return CheckedCertificate{text.chain_pem, "ends soon"};
      },
      .check_ssl_policy = [](std::string_view name) -> Result<void> {
        if (name.empty()) return fail("no name");
        return {};
      }};
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Declared declared = parse_declared(text, "daruma.yaml", with);
  for (const Diagnostic& diagnostic : declared.diagnostics) {
    DARUMA_ASSERT(!diagnostic.message.empty());
    DARUMA_ASSERT(diagnostic.line >= 0 && diagnostic.column >= 0);
    DARUMA_ASSERT(diagnostic.message.find('\n') == std::string::npos);
  }
  if (has_errors(declared.diagnostics)) return 0;
  const model::SnapshotRef snapshot = compile_snapshot(declared.resources, {}, 1);
  for (const model::LoadBalancer& balancer : snapshot->load_balancers) {
    for (const model::Listener& listener : balancer.listeners) {
      DARUMA_ASSERT(listener.table != nullptr);
      DARUMA_ASSERT(listener.rules.back().conditions.empty());
    }
  }
  return 0;
}
