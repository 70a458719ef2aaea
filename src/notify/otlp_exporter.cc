// SPDX-License-Identifier: Apache-2.0
#include "notify/otlp_exporter.h"

#include <algorithm>
#include <utility>

namespace daruma::notify {
namespace {

// How long spans gather.
constexpr Duration turn_every = 1s;

// OTLP Specification, "Retryable Response Codes".
bool may_do_later(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

OtlpExporter::OtlpExporter(OtlpSettings settings, HttpSender& sender, WallTime start,
                           const Log& log)
    : settings_(std::move(settings)), sender_(sender), start_(start), log_(log) {}

void OtlpExporter::on_line(telemetry::LogKind kind, std::string_view line, std::string_view trace) {
  if (kind != telemetry::LogKind::access || settings_.traces_url.empty()) return;
  std::vector<std::string> spans = otlp_spans(line, trace, settings_.sampling);
  if (spans.empty()) return;
  const std::lock_guard lock(mutex_);
  if (spans_.size() + spans.size() > spans_max) {
    totals_.spans_dropped.fetch_add(spans.size(), std::memory_order_relaxed);
    return;
  }
  for (std::string& span : spans) spans_.push_back(std::move(span));
}

void OtlpExporter::set_metrics(std::string prometheus_text, WallTime now) {
  if (settings_.metrics_url.empty()) return;
  const std::lock_guard lock(mutex_);
  metrics_text_ = std::move(prometheus_text);
  metrics_at_ = now;
}

bool OtlpExporter::has_work() const {
  const std::lock_guard lock(mutex_);
  return !metrics_text_.empty() || !spans_.empty() || !batch_.empty();
}

Instant OtlpExporter::turn(Instant now) {
  report_drops(now);
  send_metrics(now);
  while (send_spans(now)) {
  }
  return now + turn_every;
}

// At most once a minute.
void OtlpExporter::report_drops(Instant now) {
  const uint64_t dropped = totals_.spans_dropped.load(std::memory_order_relaxed);
  if (dropped == reported_dropped_ || now < report_again_at_) return;
  log_.write(LogLevel::warning, "otlp", "spans are dropped",
             {{"dropped", std::to_string(dropped - reported_dropped_)}});
  reported_dropped_ = dropped;
  report_again_at_ = now + 1min;
}

void OtlpExporter::send_metrics(Instant now) {
  if (!metrics_channel_.retry.due(now)) return;
  std::string text;
  WallTime at;
  {
    const std::lock_guard lock(mutex_);
    text = metrics_text_;
    at = metrics_at_;
  }
  if (text.empty()) return;
  const std::string body = otlp_metrics(text, start_, at, settings_.resource);
  if (send(settings_.metrics_url, body, metrics_channel_, now) == Outcome::later) return;
  const std::lock_guard lock(mutex_);
  if (metrics_at_ == at) metrics_text_.clear();
}

// True if there may be more to send.
bool OtlpExporter::send_spans(Instant now) {
  if (!traces_channel_.retry.due(now)) return false;
  {
    const std::lock_guard lock(mutex_);
    while (batch_.size() < batch_spans_max && !spans_.empty()) {
      batch_.push_back(std::move(spans_.front()));
      spans_.pop_front();
    }
  }
  if (batch_.empty()) return false;
  const Outcome outcome =
      send(settings_.traces_url, otlp_traces(batch_, settings_.resource), traces_channel_, now);
  if (outcome == Outcome::later) return false;
  const size_t count = std::exchange(batch_, {}).size();
  if (outcome == Outcome::taken) {
    totals_.spans_sent.add(count);
  } else {
    totals_.spans_dropped.fetch_add(count, std::memory_order_relaxed);
  }
  return true;
}

OtlpExporter::Outcome OtlpExporter::send(const std::string& url, std::string body, Channel& channel,
                                         Instant now) {
  HttpRequest request{.method = "POST", .url = url, .fields = settings_.fields};
  request.fields.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  request.timeout = settings_.timeout;
  const Result<HttpReply> reply = sender_.send(request);
  if (reply && reply->ok()) {
    if (std::exchange(channel.told, false))
      log_.write(LogLevel::info, "otlp", "the collector takes what it is sent", {{"url", url}});
    channel.retry.succeeded();
    return Outcome::taken;
  }
  totals_.failures.add();
  if (!std::exchange(channel.told, true)) {
    log_.write(LogLevel::warning, "otlp", "the collector does not take what it is sent",
               {{"url", url},
                {"cause",
                 reply ? "it answered " + std::to_string(reply->status) : reply.error().message}});
  }
  if (reply && !may_do_later(reply->status)) return Outcome::refused;
  channel.retry.failed(now, reply ? reply->retry_after : Duration{});
  return Outcome::later;
}

OtlpThread::OtlpThread(OtlpSettings settings, Clocks clocks, const Log& log)
    : clocks_(std::move(clocks)),
      sender_(transfers_),
      exporter_(std::move(settings), sender_, clocks_.wall_now(), log),
      thread_([this] { run(); }) {}

void OtlpThread::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  transfers_.stop();
  wake_.notify_one();
  thread_.join();
}

void OtlpThread::run() {
  std::unique_lock lock(mutex_);
  Instant due = clocks_.now() + turn_every;
  while (!wake_.wait_for(lock, std::max<Duration>(due - clocks_.now(), 0s),
                         [this] { return stopping_; })) {
    lock.unlock();
    due = exporter_.turn(clocks_.now());
    lock.lock();
  }
}

}  // namespace daruma::notify
