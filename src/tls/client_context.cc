// SPDX-License-Identifier: Apache-2.0
#include "tls/client_context.h"

#include "base/check.h"
#include "tls/certificate.h"
#include "tls/security_policy.h"
#include "tls/session_bio.h"
#include "tls/session_state.h"

namespace daruma::tls {
namespace {

int on_new_session(SSL* ssl, SSL_SESSION* session) {
  state_of(ssl).ticket_came = true;
  SessionCache* cache = state_of(ssl).cache;
  if (cache == nullptr || SSL_SESSION_is_resumable(session) != 1) return 0;
  cache->put(session);
  return 1;  // the reference is ours now
}

// Set so that the library does not even look: it would build and check a chain, and then ignore
// the outcome.
int accept_any_certificate(X509_STORE_CTX*, void*) {
  return 1;
}

void configure(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
}

void verify_nothing(SSL_CTX* context) {
  // Targets without RFC 5746 are old, not attacked: their certificates are not verified either.
  SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_cert_verify_callback(context, accept_any_certificate, nullptr);
}

// A bundle may hold the very certificate of a target, or only an intermediate authority.
Result<void> verify(SSL_CTX* context, std::string_view ca_pem) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  if (ca_pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return fail("the system has no certificates of authorities: " + take_error_text());
  }
  const auto authorities = parse_authorities(ca_pem);
  if (!authorities) return fail(authorities.error().message);
  for (const OwnedX509& authority : *authorities)
    DARUMA_ASSERT(X509_STORE_add_cert(store, authority.get()) == 1);
  return {};
}

Result<void> show_certificate(SSL_CTX* context, const ClientOptions& options) {
  const auto certificate = parse_certificate(
      {.name = "client", .chain_pem = options.chain_pem, .key_pem = options.key_pem});
  if (!certificate) return fail(certificate.error().message);
  bool good = SSL_CTX_use_certificate(context, certificate->leaf.get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, certificate->key.get()) == 1;
  for (const OwnedX509& issuer : certificate->issuers)
    good = good && SSL_CTX_add1_chain_cert(context, issuer.get()) == 1;
  if (good) return {};
  return fail("the certificate cannot be shown to targets: " + take_error_text());
}

}  // namespace

ClientContext::ClientContext(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

ClientContext::~ClientContext() = default;

Result<std::unique_ptr<ClientContext>> ClientContext::create(const ClientOptions& options) {
  const SecurityPolicy* policy = find_policy(target_policy);
  DARUMA_ASSERT(policy != nullptr);
  OwnedContext context(SSL_CTX_new(TLS_client_method()));
  DARUMA_ASSERT(context != nullptr);
  if (auto done = apply_policy(context.get(), *policy); !done) return fail(done.error().message);
  configure(context.get());
  if (!options.verify) {
    verify_nothing(context.get());
  } else if (auto done = verify(context.get(), options.ca_pem); !done) {
    return fail(done.error().message);
  }
  if (!options.chain_pem.empty()) {
    if (auto done = show_certificate(context.get(), options); !done)
      return fail(done.error().message);
  }
  std::unique_ptr<Implementation> made(
      new Implementation{make_bio_method(), std::move(context), options.verify});
  return std::unique_ptr<ClientContext>(new ClientContext(std::move(made)));
}

SessionCache::~SessionCache() {
  for (SSL_SESSION* session : sessions_) SSL_SESSION_free(session);
}

void SessionCache::put(SSL_SESSION* session) {
  const auto drop = [&](size_t index) {
    SSL_SESSION_free(sessions_[index]);
    sessions_.erase(sessions_.begin() + static_cast<ptrdiff_t>(index));
  };
  const bool reusable = SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION;
  for (size_t i = sessions_.size(); reusable && i-- > 0;) {
    if (SSL_SESSION_get_protocol_version(sessions_[i]) < TLS1_3_VERSION) drop(i);
  }
  if (sessions_.size() == sessions_max) drop(0);
  sessions_.push_back(session);
}

SSL_SESSION* SessionCache::take() {
  if (sessions_.empty()) return nullptr;
  SSL_SESSION* newest = sessions_.back();
  if (SSL_SESSION_get_protocol_version(newest) >= TLS1_3_VERSION) {
    sessions_.pop_back();
  } else {
    SSL_SESSION_up_ref(newest);
  }
  return newest;
}

}  // namespace daruma::tls
