// SPDX-License-Identifier: Apache-2.0
//
// Whatever the guard lets through reads in one way once it is rewritten: see http/guard_property.h.
#include "fuzz_input.h"
#include "http/guard_property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace daruma;
  using namespace daruma::http;
  fuzz::Input input(data, size);
  const uint8_t choice = input.choice();
  const uint8_t settings = input.choice();
  GuardSubject subject;
  subject.mode = choice & 1 ? DesyncMode::defensive : DesyncMode::monitor;
  subject.settings.xff_mode = static_cast<XffMode>((settings & 3) % 3);
  subject.settings.xff_client_port = settings & 4;
  subject.settings.preserve_host_header = settings & 8;
  subject.settings.drop_invalid_header_fields = settings & 16;
  subject.settings.add_tls_version_and_cipher = settings & 32;
  subject.client.peer = *Address::parse(choice & 2 ? "192.0.2.7" : "2001:db8::7", 4711);
  subject.client.peer_ip = subject.client.peer.ip();
  subject.client.listener_port = choice & 4 ? 80 : 8443;
  subject.client.secure = choice & 8;
  subject.client.tls_version = "TLSv1.3";
  subject.client.tls_cipher = "TLS_AES_128_GCM_SHA256";

  // As rules' transforms make them: a host and a path that requests can carry.
  constexpr RequestRewrite rewrites[] = {
      {}, {"i.example", ""}, {"", "/b c\x01"}, {"[::1]:81", "/b?c"}};
  subject.rewrite = rewrites[choice >> 4 & 3];

  std::string forwarded;
  const std::string violation = guard_violation(input.rest(), subject, forwarded);
  if (violation.empty()) return 0;
  std::fprintf(stderr, "%s\n--- left\n%s\n", violation.c_str(), forwarded.c_str());
  std::abort();
}
