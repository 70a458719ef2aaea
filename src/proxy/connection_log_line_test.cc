// SPDX-License-Identifier: Apache-2.0
#include "proxy/connection_log_line.h"

#include <gtest/gtest.h>

namespace daruma::proxy {
namespace {

ConnectionLogRecord record() {
  return {.time = std::chrono::sys_days(std::chrono::year(2026) / 10 / 3) + 12h + 5us,
          .client = Address::v4({192, 0, 2, 7}, 41234),
          .listener_port = 443,
          .connection_id = "TID_1",
          .load_balancer = "app/web/5",
          .node_ip = "192.0.2.1"};
}

std::string line_of(const ConnectionLogRecord& record) {
  std::string line = "former";
  write_connection_log_line(record, line);
  return line;
}

TEST(ConnectionLogLine, tells_of_a_handshake) {
  ConnectionLogRecord done = record();
  done.handshake = Handshake::done;
  done.tls_version = "TLSv1.3";
  done.tls_cipher = "TLS_AES_128_GCM_SHA256";
  done.tls_group = "x25519";
  done.latency = 12'345us;
  EXPECT_EQ(line_of(done),
            "2026-10-03T12:00:00.000005Z 192.0.2.7 41234 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.012 "
            "\"-\" - - Success TID_1 x25519 app/web/5 192.0.2.1");
}

TEST(ConnectionLogLine, tells_of_one_that_failed) {
  ConnectionLogRecord failed = record();
  failed.handshake = Handshake::failed;
  EXPECT_EQ(line_of(failed),
            "2026-10-03T12:00:00.000005Z 192.0.2.7 41234 443 - - - \"-\" - - "
            "Failed:UnmappedConnectionError TID_1 - app/web/5 192.0.2.1");
}

TEST(ConnectionLogLine, tells_of_the_clients_certificate) {
  ConnectionLogRecord refused = record();
  refused.handshake = Handshake::failed;
  refused.failure = "ClientCertExpired";
  refused.certificate_subject = "CN=a\"b\\,c,O=Example";
  refused.certificate_validity = "NotBefore=2025-01-02T03:04:05Z;NotAfter=2026-01-02T03:04:05Z";
  refused.certificate_serial_number = "03A5B1";
  EXPECT_EQ(line_of(refused),
            "2026-10-03T12:00:00.000005Z 192.0.2.7 41234 443 - - - \"CN=a\\x22b\\x5c,c,O=Example\" "
            "NotBefore=2025-01-02T03:04:05Z;NotAfter=2026-01-02T03:04:05Z 03A5B1 "
            "Failed:ClientCertExpired TID_1 - app/web/5 192.0.2.1");
  const std::string long_name = "CN=" + std::string(5'000, 'x');
  refused.certificate_subject = long_name;
  const std::string long_number(20'000, 'A');
  refused.certificate_serial_number = long_number;
  EXPECT_LT(line_of(refused).size(), 1'500u);
}

TEST(ConnectionLogLine, has_nothing_of_tls_without_tls) {
  EXPECT_EQ(line_of(record()),
            "2026-10-03T12:00:00.000005Z 192.0.2.7 41234 443 - - - \"-\" - - - TID_1 - app/web/5 "
            "192.0.2.1");
}

}  // namespace
}  // namespace daruma::proxy
