// SPDX-License-Identifier: Apache-2.0
//
// What targets are told of a client's certificate, as an ALB writes it (AWS user guide, "Mutual
// authentication with TLS in Application Load Balancer"): printable ASCII. Values.
#pragma once

#include <string>

namespace daruma {

struct ClientCertificate {
  std::string serial_number;  // "03A5B1": hexadecimal
  std::string issuer;         // RFC 2253: "CN=ca,O=Example"
  std::string subject;
  std::string validity;  // "NotBefore=2026-01-02T03:04:05Z;NotAfter=2027-01-02T03:04:05Z"
  std::string leaf;      // PEM, percent-encoded but for + = /
  std::string chain;     // the same of all that the client sent, leaf first
};

// The fields that it is told in.
struct ClientCertificateNames {
  std::string serial_number = "X-Amzn-Mtls-Clientcert-Serial-Number";
  std::string issuer = "X-Amzn-Mtls-Clientcert-Issuer";
  std::string subject = "X-Amzn-Mtls-Clientcert-Subject";
  std::string validity = "X-Amzn-Mtls-Clientcert-Validity";
  std::string leaf = "X-Amzn-Mtls-Clientcert-Leaf";
  std::string chain = "X-Amzn-Mtls-Clientcert";
};

}  // namespace daruma
