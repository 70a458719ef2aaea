// SPDX-License-Identifier: Apache-2.0
#include "app/sample_origin.h"

#include <algorithm>
#include <span>

#include "app/origin_connection.h"
#include "base/check.h"

namespace daruma::app {
namespace {

constexpr size_t letters_run = 16 * 1024;  // as much as one write takes
constexpr std::string_view policy = "ELBSecurityPolicy-TLS13-1-2-2021-06";

}  // namespace

Result<std::unique_ptr<SampleOrigin>> SampleOrigin::create(io::Loop& loop, OriginOptions options) {
  std::unique_ptr<SampleOrigin> origin(new SampleOrigin(loop, std::move(options)));
  if (auto started = origin->start(); !started) return tl::unexpected(started.error());
  return origin;
}

SampleOrigin::SampleOrigin(io::Loop& loop, OriginOptions options)
    : loop_(loop), options_(std::move(options)), transport_(pool_) {
  workers_busy_.resize(options_.workers);
  for (uint64_t i = 0; i < letters_run + 26; ++i) letters_ += letter_at(i);
}

SampleOrigin::~SampleOrigin() = default;

Result<void> SampleOrigin::start() {
  if (options_.tls) {
    const tls::CertificateText certificate{"target", options_.chain_pem, options_.key_pem};
    auto context = tls::ServerContext::create(std::span(&certificate, 1), policy,
                                              tls::make_ticket_keys(), tls::Alpn::http2_and_http1);
    if (!context) return tl::unexpected(context.error());
    tls_ = std::move(*context);
  }
  auto acceptor = loop_.listen(options_.listen, *this, {.backlog = options_.backlog});
  if (!acceptor) return tl::unexpected(acceptor.error());
  acceptor_ = std::move(*acceptor);
  address_ = acceptor_->local();
  name_ = address_.to_string();
  return {};
}

void SampleOrigin::on_accept(std::unique_ptr<io::Socket> socket) {
  const uint64_t number = ++connections_total_;
  auto connection = std::make_unique<OriginConnection>(*this, number, take_worker());
  OriginConnection& added = *connection;
  connections_.emplace(number, std::move(connection));
  if (full()) acceptor_->pause();
  added.begin(std::move(socket));
}

uint32_t SampleOrigin::take_worker() {
  if (options_.workers == 0) return 0;
  const auto idle = std::find(workers_busy_.begin(), workers_busy_.end(), false);
  DARUMA_ASSERT(idle != workers_busy_.end());
  *idle = true;
  return static_cast<uint32_t>(idle - workers_busy_.begin()) + 1;
}

void SampleOrigin::bury(OriginConnection& connection) {
  const auto entry = connections_.find(connection.number());
  DARUMA_ASSERT(entry != connections_.end());
  if (connection.worker() > 0) workers_busy_[connection.worker() - 1] = false;
  buried_.push_back(std::move(entry->second));
  connections_.erase(entry);
  loop_.call_after_event(*this);
}

void SampleOrigin::run() {
  buried_.clear();
  if (acceptor_ && !full()) acceptor_->resume();
  if (draining() && connections_.empty() && !drained_) {
    drained_ = true;
    drain_observer_->on_drained();
  }
}

void SampleOrigin::drain(DrainObserver& observer) {
  DARUMA_ASSERT(!draining());
  drain_observer_ = &observer;
  acceptor_.reset();
  for (auto entry = connections_.begin(); entry != connections_.end();) {
    OriginConnection& connection = *entry->second;
    ++entry;  // drain() may bury this connection
    connection.drain();
  }
  loop_.call_after_event(*this);
}

std::string_view SampleOrigin::letters(uint64_t offset, size_t most) const {
  return std::string_view(letters_).substr(offset % 26, std::min(most, letters_run));
}

}  // namespace daruma::app
