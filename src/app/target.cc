// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>

#include "app/commands.h"
#include "app/process_limits.h"
#include "app/sample_origin.h"
#include "app/signals.h"
#include "io/epoll_loop.h"
#include "io/mailbox.h"
#include "io/read_file.h"
#include "model/limits.h"
#include "tls/self_signed.h"

namespace daruma::app {
namespace {

constexpr Duration drain_deadline = 10s;

// The origin, its loop and what stops them: any signal, a second one at once.
class TargetProcess final : private io::Mailbox<ProcessSignal>::Reader,
                            private SampleOrigin::DrainObserver,
                            private io::TimerHandler {
 public:
  TargetProcess()
      : loop_(io::EpollLoop::system_seed()),
        deadline_(loop_.timers(), *this),
        signals_(loop_, *this) {}

  int run(const OriginOptions& options) {
    auto origin = SampleOrigin::create(loop_, options);
    if (!origin) {
      std::fprintf(stderr, "daruma target: %s\n", origin.error().message.c_str());
      return exit_failed;
    }
    origin_ = std::move(*origin);
    announce(options);
    const SignalThread thread(signals_, {.after_first_stop = drain_deadline + 5s,
                                         .after_second_stop = 1s,
                                         .end = [] { _exit(exit_failed); }});
    loop_.run();
    std::printf("daruma target %s: stopped after %llu requests\n",
                origin_->address().to_string().c_str(),
                static_cast<unsigned long long>(origin_->requests_total()));
    origin_.reset();
    return exit_ok;
  }

 private:
  void announce(const OriginOptions& options) const {
    std::printf("daruma target: %s://%s, process %d", options.tls ? "https" : "http",
                origin_->address().to_string().c_str(), static_cast<int>(::getpid()));
    if (options.workers > 0) std::printf(", %u workers", options.workers);
    if (options.keepalive_requests > 0) {
      std::printf(", %u requests per connection", options.keepalive_requests);
    }
    std::printf("\n");
    std::fflush(stdout);
  }

  void on_letter(ProcessSignal) override {
    if (origin_->draining()) {
      loop_.stop();
      return;
    }
    deadline_.set(loop_.now() + drain_deadline);
    origin_->drain(*this);
  }
  void on_drained() override { loop_.stop(); }
  void on_timer(io::Timer&) override { loop_.stop(); }

  io::EpollLoop loop_;
  io::Timer deadline_;
  io::Mailbox<ProcessSignal> signals_;
  std::unique_ptr<SampleOrigin> origin_;
};

Result<std::string> read_pem(const std::string& path) {
  auto text = io::read_file(path, model::limits::file_bytes_max);
  if (!text) return fail(path + ": " + text.error().message);
  return text;
}

Result<OriginOptions> with_certificate(const TargetCommand& command) {
  OriginOptions options = command.origin;
  if (!options.tls) return options;
  if (command.certificate_file.empty()) {
    const std::vector<std::string> names = {"localhost", options.listen.ip()};
    auto made = tls::make_self_signed(names);
    if (!made) return tl::unexpected(made.error());
    options.chain_pem = std::move(made->chain_pem);
    options.key_pem = std::move(made->key_pem);
    return options;
  }
  auto chain = read_pem(command.certificate_file);
  if (!chain) return tl::unexpected(chain.error());
  auto key = read_pem(command.key_file);
  if (!key) return tl::unexpected(key.error());
  options.chain_pem = std::move(*chain);
  options.key_pem = std::move(*key);
  return options;
}

}  // namespace

int run(const TargetCommand& command) {
  block_signals();
  raise_descriptor_limit();
  const auto options = with_certificate(command);
  if (!options) {
    std::fprintf(stderr, "daruma target: %s\n", options.error().message.c_str());
    return exit_failed;
  }
  return TargetProcess().run(*options);
}

}  // namespace daruma::app
