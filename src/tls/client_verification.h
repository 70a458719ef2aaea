// SPDX-License-Identifier: Apache-2.0
//
// Internal to tls/. How a ServerContext asks clients for certificates, what it makes of them, and
// what is told of them.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "base/client_certificate.h"
#include "base/result.h"
#include "tls/context.h"
#include "tls/library.h"

namespace daruma::tls {

// The context asks for certificates from now on, and gives out no tickets: a session that is
// resumed would not be verified, and who was revoked meanwhile could stay (an ALB's listeners do
// not resume either).
void ask_for_certificates(SSL_CTX* context, const ClientAuthentication& wanted);

// After a handshake that failed: whether, and why, it was the client's certificate.
ClientCertificateProblem client_problem_of(const SSL* ssl, unsigned long error_code);

// What is told of it where clients are asked so: the chain, passed through, or all but that,
// verified; the rest is empty, as each connection keeps it. Null if the client sent none; an error
// if the library does not write what it has read.
Result<std::unique_ptr<ClientCertificate>> client_certificate_of(const SSL* ssl);

// What a log tells of the client's own certificate, also where it was refused: serial number,
// subject and validity. All empty if none came.
ClientCertificate presented_certificate_of(const SSL* ssl);

}  // namespace daruma::tls
