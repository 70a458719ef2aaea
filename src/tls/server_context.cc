// SPDX-License-Identifier: Apache-2.0
#include "tls/server_context.h"

#include <openssl/err.h>
#include <openssl/sha.h>

#include "base/check.h"
#include "tls/client_verification.h"
#include "tls/security_policy.h"
#include "tls/session_bio.h"
#include "tls/session_state.h"

namespace daruma::tls {
namespace {

// One is what a client that reconnects needs; each costs the server about as much as sealing and
// sending 250 bytes.
constexpr size_t tickets_per_handshake = 1;

// Shared by the context (for the default) and a connection (for another choice).
template <auto use_certificate, auto use_key, class Owner>
bool install(Owner* owner, const ParsedCertificate& certificate) {
  if (use_certificate(owner, certificate.leaf.get()) != 1 ||
      use_key(owner, certificate.key.get()) != 1) {
    return false;
  }
  for (const OwnedX509& issuer : certificate.issuers) {
    if constexpr (std::is_same_v<Owner, SSL>) {
      if (SSL_add1_chain_cert(owner, issuer.get()) != 1) return false;
    } else {
      if (SSL_CTX_add1_chain_cert(owner, issuer.get()) != 1) return false;
    }
  }
  return true;
}

// Not called when a session is resumed: then no certificate is sent.
int on_certificate_needed(SSL* ssl, void* argument) {
  const auto& implementation = *static_cast<const ServerContext::Implementation*>(argument);
  const CertificateStore& certificates = implementation.certificates;
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const ParsedCertificate& chosen =
      name == nullptr ? certificates.standard() : certificates.choose(name, client_offer(ssl));
  state_of(ssl).chosen = &chosen;
  if (&chosen == &certificates.standard()) return 1;
  SSL_certs_clear(ssl);
  return install<SSL_use_certificate, SSL_use_PrivateKey>(ssl, chosen) ? 1 : 0;
}

// So that the library keeps the name with the session, for the logs of resumed ones.
int on_server_name(SSL*, int*, void*) {
  return SSL_TLSEXT_ERR_OK;
}

int on_alpn(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
            const unsigned char* offered, unsigned offered_size, void* argument) {
  static constexpr unsigned char all[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  constexpr size_t http2_bytes = 3;
  const auto& implementation = *static_cast<const ServerContext::Implementation*>(argument);
  const bool http2 =
      implementation.alpn == Alpn::http2_and_http1 && SSL_version(ssl) >= TLS1_2_VERSION;
  const std::span<const unsigned char> ours =
      http2 ? std::span(all) : std::span(all).subspan(http2_bytes);
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_size, ours.data(), static_cast<unsigned>(ours.size()),
                            offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// A ticket is good only where the policy, the certificates and what is asked of clients are the
// same, in all workers alike.
bool bind_tickets(SSL_CTX* context, const CertificateStore& certificates, std::string_view policy,
                  const ClientAuthentication& clients) {
  std::string bound(policy);
  if (clients.mode != ClientCertificates::none) bound += " clients " + clients.trust_fingerprint;
  for (const ParsedCertificate& certificate : certificates.all()) {
    bound.append(certificate.id.begin(), certificate.id.end());
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  unsigned size = 0;
  static_assert(sizeof digest <= SSL_MAX_SID_CTX_LENGTH);
  return EVP_Digest(bound.data(), bound.size(), digest, &size, EVP_sha256(), nullptr) == 1 &&
         SSL_CTX_set_session_id_context(context, digest, size) == 1;
}

void configure(SSL_CTX* context) {
  SSL_CTX_set_options(
      context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, ticket_lifetime / 1s);
  set_tickets_per_handshake(context, tickets_per_handshake);
  install_ticket_keys_callback(context);
  count_steps(context);
  SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
}

// The library may refuse a certificate that parses, e.g. one signed with MD5. The default is tried
// where it stays, the others on a context of their own.
Result<void> try_certificate(SSL_CTX* context, const ParsedCertificate& certificate) {
  if (install<SSL_CTX_use_certificate, SSL_CTX_use_PrivateKey>(context, certificate)) return {};
  return fail("certificate '" + certificate.name +
              "' cannot be served with this security policy: " + take_error_text());
}

Result<OwnedContext> make_context(const CertificateStore& certificates,
                                  const SecurityPolicy& policy,
                                  const ClientAuthentication& clients) {
  OwnedContext last;
  // Backwards, so that the context which is kept holds the default.
  for (size_t i = certificates.all().size(); i-- > 0;) {
    last.reset(SSL_CTX_new(TLS_server_method()));
    DARUMA_ASSERT(last != nullptr);
    if (auto done = apply_policy(last.get(), policy); !done) return fail(done.error().message);
    if (auto done = try_certificate(last.get(), certificates.all()[i]); !done) {
      return fail(done.error().message);
    }
  }
  configure(last.get());
  if (clients.mode != ClientCertificates::none) ask_for_certificates(last.get(), clients);
  DARUMA_ASSERT(bind_tickets(last.get(), certificates, policy.name, clients));
  return last;
}

}  // namespace

ServerContext::ServerContext(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

ServerContext::~ServerContext() = default;

Result<std::unique_ptr<ServerContext>> ServerContext::create(
    std::span<const CertificateText> certificates, std::string_view policy_name,
    const TicketKeys& keys, Alpn alpn, ClientAuthentication clients) {
  DARUMA_ASSERT(TicketKeyRing::valid(keys));
  if (certificates.empty()) return fail("an HTTPS listener needs a certificate");
  auto policy = known_policy(policy_name);
  if (!policy) return fail(policy.error().message);
  std::vector<ParsedCertificate> parsed;
  for (const CertificateText& text : certificates) {
    auto certificate = parse_certificate(text);
    if (!certificate) return fail(certificate.error().message);
    parsed.push_back(std::move(*certificate));
  }
  CertificateStore store(std::move(parsed));
  auto context = make_context(store, **policy, clients);
  if (!context) return fail(context.error().message);
  std::unique_ptr<Implementation> made(new Implementation{std::move(store), TicketKeyRing(keys),
                                                          make_bio_method(), alpn,
                                                          std::move(clients), std::move(*context)});
  SSL_CTX_set_cert_cb(made->context.get(), on_certificate_needed, made.get());
  SSL_CTX_set_alpn_select_cb(made->context.get(), on_alpn, made.get());
  return std::unique_ptr<ServerContext>(new ServerContext(std::move(made)));
}

void ServerContext::set_ticket_keys(const TicketKeys& keys) {
  implementation_->ticket_keys = TicketKeyRing(keys);
}

}  // namespace daruma::tls
