// SPDX-License-Identifier: Apache-2.0
#include "console/live.h"

#include <utility>

#include "control/metrics_keeper.h"

namespace daruma::console {
namespace {

std::string event(std::string_view name, const std::string& data) {
  std::string text = "event: ";
  text += name;
  text += "\ndata: ";
  text += data;
  text += "\n\n";
  return text;
}

}  // namespace

Live::Live(const Context& context)
    : context_(context),
      started_(context.loop.wall_now()),
      meter_(context.registry),
      timer_(context.loop.timers(), *this) {}

void Live::add_page(Gate& gate) {
  gate.add(http::Method::get, "/console/live", Access::session,
           [this](const Visit& visit, control::AdminResponder responder) {
             watch(visit, std::move(responder));
           });
}

void Live::watch(const Visit& visit, control::AdminResponder responder) {
  std::erase_if(streams_, [](const auto& stream) { return !stream->out.open(); });
  if (streams_.size() >= streams_max) {
    return responder.send(error_response(
        503, "TooManyStreams", "Too many browsers watch this node; close one and try again"));
  }
  wake();
  control::AdminResponse begin = page_response("text/event-stream", "retry: 2000\n\n");
  know_configuration();
  begin.body += event("config", config_);
  if (!state_.empty()) begin.body += event("state", state_);
  streams_.push_back(std::make_unique<Stream>(
      Stream{visit.id, config_revision_, responder.stream(std::move(begin))}));
}

void Live::handle(const control::AdminRequest&, control::AdminResponder responder) {
  wake();
  asked_ = context_.loop.now();
  if (!state_.empty()) return responder.send(whole());
  if (waiting_.size() < waiting_max) return waiting_.push_back(std::move(responder));
  responder.send({.status = 503, .body = "too many ask at this moment; try again\n"});
}

// From nobody to somebody: what was counted until now is not shown.
void Live::wake() {
  if (timer_.is_set()) return;
  const Instant now = context_.loop.now();
  state_.clear();
  meter_.begin(now);
  timer_.set(now + first_after);
}

bool Live::is_watched() const {
  return !streams_.empty() || !waiting_.empty() ||
         (asked_ != Instant{} && context_.loop.now() < asked_ + watched_for);
}

void Live::on_timer(io::Timer&) {
  std::erase_if(streams_, [](const auto& stream) { return !stream->out.open(); });
  if (!is_watched()) {
    state_.clear();
    meter_.rest();
    return;
  }
  const size_t targets = context_.controller.target_health().size();
  timer_.set(context_.loop.now() + every * (1 + targets / targets_a_look));
  look();
  for (const auto& stream : streams_) tell(*stream);
  std::erase_if(streams_, [](const auto& stream) { return !stream->out.open(); });
  for (control::AdminResponder& responder : std::exchange(waiting_, {})) responder.send(whole());
}

void Live::look() {
  const Instant now = context_.loop.now();
  know_configuration();
  if (advised_ == Instant{} || now >= advised_ + advice_every) {
    advice_ = context_.backend.advice();
    advised_ = now;
  }
  const Figures figures = meter_.look(topology_, now);
  state_ = state_json({context_.controller, groups_, figures, advice_, context_.alarms.book(),
                       context_.backend.health(), started_, context_.loop.wall_now()});
}

void Live::tell(Stream& stream) {
  if (context_.sessions.find(stream.session) == nullptr) {
    stream.out.send(event("end", R"({"reason": "the session has ended"})"));
    control::AdminStream ends = std::move(stream.out);
    return;
  }
  if (stream.revision != config_revision_) stream.out.send(event("config", config_));
  stream.revision = config_revision_;
  stream.out.send(event("state", state_));
}

void Live::know_configuration() {
  const model::Snapshot& snapshot = *context_.controller.snapshot();
  if (!config_.empty() && snapshot.revision == config_revision_) return;
  topology_ = control::topology_of(snapshot);
  groups_ = groups_of(snapshot);
  config_ = config_json(context_.controller, groups_, context_.version);
  config_revision_ = snapshot.revision;
}

control::AdminResponse Live::whole() const {
  return {.content_type = "application/json",
          .body = "{\"config\":" + config_ + ",\"state\":" + state_ + "}\n"};
}

}  // namespace daruma::console
