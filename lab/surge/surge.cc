// SPDX-License-Identifier: Apache-2.0
#include "surge.h"

#include <cmath>

namespace daruma::lab {
namespace {

constexpr Duration flush_interval = 1s;
constexpr Duration retry_delay_least = 100ms;
constexpr Duration retry_delay_spread = 400ms;

Duration seconds(double count) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(count));
}

}  // namespace

Surge::Surge(io::Loop& loop, SurgeOptions options, RateProfile profile, RecordFile& records)
    : loop_(loop),
      options_(std::move(options)),
      profile_(std::move(profile)),
      records_(records),
      start_(loop.now()),
      tls_(std::move(tls::ClientContext::create().value())),
      way_{loop, options_, secure_, *tls_, sessions_, start_},
      due_timer_(loop.timers(), *this),
      flush_timer_(loop.timers(), *this) {
  schedule_next();
  send_due();
  flush_timer_.set(loop_.now() + flush_interval);
}

Surge::~Surge() = default;

double Surge::random_fraction() {
  constexpr uint64_t steps = uint64_t{1} << 53;
  return static_cast<double>(loop_.random().below(steps)) / static_cast<double>(steps);
}

void Surge::schedule_next() {
  if (options_.arrivals == Arrivals::poisson) {
    count_ -= std::log1p(-random_fraction());
  } else if (next_) {
    count_ += 1;
  }
  const uint64_t number = next_ ? next_->number + 1 : 0;
  next_.reset();
  if (const auto time = profile_.time_of(count_))
    next_ = SurgeRequest{.number = number, .intended = start_ + seconds(*time)};
}

void Surge::send_due() {
  while (next_ && next_->intended <= loop_.now()) {
    send(*next_);
    schedule_next();
  }
  while (!again_.empty() && again_.top().intended <= loop_.now()) {
    const SurgeRequest request = again_.top();
    again_.pop();
    send(request);
  }
  Instant soonest = next_ ? next_->intended : never;
  if (!again_.empty()) soonest = std::min(soonest, again_.top().intended);
  due_timer_.set(soonest);
}

void Surge::send(const SurgeRequest& request) {
  if (outstanding_ >= options_.outstanding_max) {
    return finish({.number = request.number,
                   .attempt = request.attempt,
                   .outcome = Outcome::not_sent,
                   .intended = request.intended - start_,
                   .done = loop_.now() - start_});
  }
  ++outstanding_;
  take_client().send(request);
}

SurgeClient& Surge::take_client() {
  if (!idle_.empty()) {
    SurgeClient& client = idle_.back();
    client.unlink();
    return client;
  }
  if (!unused_.empty()) return unused_.pop_front();
  SurgeClient::Owner& self = *this;
  return *clients_.emplace_back(std::make_unique<SurgeClient>(way_, self));
}

void Surge::on_end(SurgeClient& client, const Record& record) {
  --outstanding_;
  (client.connected() ? idle_ : unused_).push_back(client);
  finish(record);
}

void Surge::on_idle_closed(SurgeClient& client) {
  client.unlink();
  unused_.push_back(client);
}

void Surge::finish(const Record& record) {
  records_.write(record);
  const bool served = record.outcome == Outcome::answered && record.status / 100 != 5;
  if (served || record.attempt >= options_.retries) return;
  const Duration delay =
      retry_delay_least + seconds(random_fraction() * seconds_of(retry_delay_spread));
  again_.push(
      {.number = record.number, .attempt = record.attempt + 1, .intended = loop_.now() + delay});
  due_timer_.set(std::min(due_timer_.deadline(), again_.top().intended));
}

void Surge::on_timer(io::Timer& timer) {
  if (&timer == &due_timer_) return send_due();
  records_.flush();
  flush_timer_.set(loop_.now() + flush_interval);
}

}  // namespace daruma::lab
