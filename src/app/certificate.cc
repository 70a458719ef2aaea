// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "app/commands.h"
#include "app/files.h"
#include "tls/self_signed.h"

namespace daruma::app {

int run(const CertificateCommand& command) {
  const auto made = tls::make_self_signed(command.names);
  if (!made) {
    std::fprintf(stderr, "%s\n", made.error().message.c_str());
    return exit_failed;
  }
  // The key first: a certificate without a key would look complete to whoever comes next.
  auto written = create_file(command.key_file, made->key_pem, Access::owner_only);
  if (written) {
    written = create_file(command.certificate_file, made->chain_pem, Access::everyone_reads);
  }
  if (!written) {
    std::fprintf(stderr, "%s\n", written.error().message.c_str());
    return exit_failed;
  }
  std::printf("Made %s and its key %s, self-signed, for %zu name(s), valid for a year.\n",
              command.certificate_file.c_str(), command.key_file.c_str(), command.names.size());
  return exit_ok;
}

}  // namespace daruma::app
