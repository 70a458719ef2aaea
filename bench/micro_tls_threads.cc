// SPDX-License-Identifier: Apache-2.0
//
// Do threads disturb one another's handshakes? Full TLS 1.3 handshakes (ECDSA P-256, both ends in
// the same thread) at 1 and 2 threads, with one context for all threads, one per thread, and one
// library context (OSSL_LIB_CTX) per thread. See docs/adr/0003-tls-contexts-per-worker.md.
//
// Rounds of all variants alternate, so that other load on the machine hits them alike. The CPU time
// of a handshake shows cache lines that travel, its voluntary switches show locks that were waited
// for; the rate is the best round's.
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "tls/library.h"
#include "tls/self_signed.h"

#if !defined(OPENSSL_IS_AWSLC)
#include <openssl/provider.h>
#endif

namespace daruma::tls {
namespace {

constexpr int handshakes = 50;  // per thread and round
constexpr int rounds = 15;

enum class Sharing { context, library, nothing };
constexpr const char* name_of(Sharing sharing) {
  switch (sharing) {
    case Sharing::context:
      return "one SSL_CTX";
    case Sharing::library:
      return "SSL_CTX per thread";
    case Sharing::nothing:
      return "OSSL_LIB_CTX per thread";
  }
  return "";
}

// The two ends' contexts, in a library context of their own if asked for.
class Contexts {
 public:
  Contexts(const CertifiedKey& made, [[maybe_unused]] bool own_library) {
#if defined(OPENSSL_IS_AWSLC)
    server_.reset(SSL_CTX_new(TLS_method()));
    client_.reset(SSL_CTX_new(TLS_method()));
#else
    if (own_library) library_.reset(OSSL_LIB_CTX_new());
    server_.reset(SSL_CTX_new_ex(library_.get(), nullptr, TLS_method()));
    client_.reset(SSL_CTX_new_ex(library_.get(), nullptr, TLS_method()));
#endif
    const OwnedBio chain(BIO_new_mem_buf(made.chain_pem.data(), -1));
    const OwnedBio secret(BIO_new_mem_buf(made.key_pem.data(), -1));
    X509* blank = nullptr;
    EVP_PKEY* read = nullptr;
#if defined(OPENSSL_IS_AWSLC)
    read = PEM_read_bio_PrivateKey(secret.get(), nullptr, nullptr, nullptr);
#else
    blank = X509_new_ex(library_.get(), nullptr);
    read = PEM_read_bio_PrivateKey_ex(secret.get(), nullptr, nullptr, nullptr, library_.get(),
                                      nullptr);
#endif
    const OwnedX509 leaf(PEM_read_bio_X509(chain.get(), &blank, nullptr, nullptr));
    const OwnedKey key(read);
    DARUMA_ASSERT(SSL_CTX_use_certificate(server_.get(), leaf.get()) == 1);
    DARUMA_ASSERT(SSL_CTX_use_PrivateKey(server_.get(), key.get()) == 1);
    SSL_CTX_set_session_cache_mode(server_.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(client_.get(), SSL_VERIFY_NONE, nullptr);
  }

  void handshake() {
    SSL* server = SSL_new(server_.get());
    SSL* client = SSL_new(client_.get());
    BIO* up = BIO_new(BIO_s_mem());
    BIO* down = BIO_new(BIO_s_mem());
    BIO_up_ref(up);
    BIO_up_ref(down);
    SSL_set_bio(server, up, down);
    SSL_set_bio(client, down, up);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    while (!SSL_is_init_finished(client) || !SSL_is_init_finished(server)) {
      SSL_do_handshake(client);
      SSL_do_handshake(server);
    }
    SSL_free(server);
    SSL_free(client);
  }

 private:
#if !defined(OPENSSL_IS_AWSLC)
  std::unique_ptr<OSSL_LIB_CTX, Releaser<OSSL_LIB_CTX_free>> library_;
#endif
  OwnedContext server_;
  OwnedContext client_;
};

struct Cost {
  double cpu_us = 0;    // per handshake
  double switches = 0;  // voluntary, per 1000 handshakes
  double rate = 0;      // per second, all threads
};

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

Cost cost_of_thread(Contexts& contexts) {
  rusage before, after;
  getrusage(RUSAGE_THREAD, &before);
  for (int i = 0; i < handshakes; ++i) contexts.handshake();
  getrusage(RUSAGE_THREAD, &after);
  const double cpu = seconds_of(after.ru_utime) - seconds_of(before.ru_utime) +
                     seconds_of(after.ru_stime) - seconds_of(before.ru_stime);
  return {.cpu_us = cpu * 1e6 / handshakes,
          .switches = static_cast<double>(after.ru_nvcsw - before.ru_nvcsw) * 1000 / handshakes};
}

Cost run(std::vector<Contexts*> per_thread) {
  std::vector<Cost> costs(per_thread.size());
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (size_t i = 0; i < per_thread.size(); ++i) {
    threads.emplace_back([&costs, &per_thread, i] { costs[i] = cost_of_thread(*per_thread[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  Cost sum;
  for (const Cost& cost : costs) {
    sum.cpu_us += cost.cpu_us / static_cast<double>(costs.size());
    sum.switches += cost.switches / static_cast<double>(costs.size());
  }
  sum.rate = static_cast<double>(costs.size()) * handshakes / took.count();
  return sum;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void compare(const CertifiedKey& made) {
  constexpr Sharing variants[] = {Sharing::context, Sharing::library, Sharing::nothing};
  constexpr size_t threads_max = 2;
  std::vector<std::unique_ptr<Contexts>> all;
  std::vector<std::vector<Contexts*>> of_threads;  // by variant
  for (const Sharing sharing : variants) {
    std::vector<Contexts*> mine;
    for (size_t i = 0; i < threads_max; ++i) {
      if (sharing != Sharing::context || i == 0) {
        all.push_back(std::make_unique<Contexts>(made, sharing == Sharing::nothing));
      }
      mine.push_back(all.back().get());
    }
    of_threads.push_back(mine);
  }
  std::printf("%-26s %8s %14s %18s %12s\n", "", "threads", "CPU us", "switches per 1000",
              "handshakes/s");
  for (size_t threads = 1; threads <= threads_max; ++threads) {
    std::vector<Cost> costs[std::size(variants)];
    for (int round = 0; round <= rounds; ++round) {
      for (size_t v = 0; v < std::size(variants); ++v) {
        std::vector<Contexts*> used = of_threads[v];
        used.resize(threads);
        const Cost cost = run(used);
        if (round > 0) costs[v].push_back(cost);  // the first warms up
      }
    }
    for (size_t v = 0; v < std::size(variants); ++v) {
      std::vector<double> cpu, switches, rate;
      for (const Cost& cost : costs[v]) {
        cpu.push_back(cost.cpu_us);
        switches.push_back(cost.switches);
        rate.push_back(cost.rate);
      }
      std::printf("%-26s %8zu %6.0f (min %.0f) %14.1f %12.0f\n", name_of(variants[v]), threads,
                  median(cpu), *std::ranges::min_element(cpu), median(switches),
                  *std::ranges::max_element(rate));
    }
  }
}

}  // namespace
}  // namespace daruma::tls

int main() {
  const std::vector<std::string> names = {"localhost"};
  const auto made = daruma::tls::make_self_signed(names);
  if (!made) return EXIT_FAILURE;
  daruma::tls::compare(*made);
}
