// SPDX-License-Identifier: Apache-2.0
#include "sim/h2_channel.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "http/h2_frames_for_test.h"
#include "sim/sim_loop.h"

namespace daruma::sim {
namespace {

namespace h2 = http::h2;

constexpr std::string_view health_checker = "ELB-HealthChecker/2.0";
constexpr size_t output_most = 32 * 1024;
constexpr uint32_t stream_most = 0x7fff'ffff;

Duration up_to(Random& random, Duration most) {
  return Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(most.count()) + 1)));
}

}  // namespace

H2Channel::H2Channel(SimTarget& target, uint32_t id, std::unique_ptr<io::Socket> socket)
    : target_(target),
      auditor_(target.auditor()),
      id_(id),
      socket_(std::move(socket)),
      connection_id_(connection_id(*socket_)),
      behaviour_(target.h2_behaviour()),
      wire_(H2Wire::Role::server, *this, behaviour_.manners),
      timer_(target.loop().timers(), *this),
      window_timer_(target.loop().timers(), *this),
      change_timer_(target.loop().timers(), *this),
      leave_timer_(target.loop().timers(), *this),
      idle_timer_(target.loop().timers(), *this),
      stays_(target.loop().random().chance(2, 3)) {
  socket_->set_handler(*this);
  if (behaviour_.manners.streams_max) streams_max_ = *behaviour_.manners.streams_max;
  if (behaviour_.change_pause > 0s)
    change_timer_.set(target.loop().now() + behaviour_.change_pause);
}

H2Channel::~H2Channel() = default;

void H2Channel::begin(std::string_view bytes) {
  wire_.receive(bytes);
  read();
  pump();
}

void H2Channel::run() {
  target_.remove(id_);  // destroys this
}

void H2Channel::announce() {
  auditor_.on_target_event(wire_id(), false);
}

void H2Channel::kill(bool reset) {
  if (!socket_) return;
  announce();
  if (reset) socket_->abort_on_close();
}

void H2Channel::close(bool reset) {
  if (closing_) return;
  closing_ = true;
  for (io::Timer* timer : {&timer_, &window_timer_, &change_timer_, &leave_timer_, &idle_timer_})
    timer->clear();
  if (reset) socket_->abort_on_close();
  target_.loop().call_after_event(*this);
}

bool H2Channel::strikes(uint32_t rate) {
  return rate > 0 && target_.loop().random().chance(rate, 10'000);
}

void H2Channel::on_timer(io::Timer& timer) {
  if (closing_) return;
  Random& random = target_.loop().random();
  const Instant now = target_.loop().now();
  if (&timer == &window_timer_) wire_.give_windows();
  if (&timer == &change_timer_) {
    static constexpr uint32_t windows[] = {0, 1000, 16'384, 65'535, 1 << 20};
    std::optional<uint32_t> window, streams;
    if (random.chance(1, 2)) window = windows[random.below(std::size(windows))];
    if (behaviour_.lowered_most > 0 && random.chance(1, 2))
      streams = streams_max_ = 1 + static_cast<uint32_t>(random.below(behaviour_.lowered_most));
    wire_.change(window, streams);
    change_timer_.set(now + behaviour_.change_pause);
  }
  if (&timer == &leave_timer_ && last_taken_ == UINT32_MAX) {
    last_taken_ = wire_.last_peer_stream();
    wire_.goaway(last_taken_, h2_code::none);
  }
  if (&timer == &idle_timer_ && served_.empty() && !leaving_) {
    if (wire_.last_peer_stream() == 0) announce();  // perhaps in the midst of being opened
    leaving_ = true;
    last_taken_ = wire_.last_peer_stream();
    wire_.goaway(last_taken_, h2_code::none);
  }
  pump();
}

void H2Channel::read() {
  std::array<char, 16 * 1024> bytes;
  while (!closing_ && socket_->readable()) {
    const io::IoResult result = socket_->read(bytes);
    if (result.status == io::IoStatus::blocked) break;
    if (result.status != io::IoStatus::done) return close(false);
    idle_timer_.clear();
    wire_.receive({bytes.data(), result.bytes});
  }
  pump();
}

// --- Requests ---

// False: it is not looked at, and the other side is told.
bool H2Channel::takes(uint32_t id, const SimHead& head) {
  if (id > last_taken_) {
    auditor_.on_target_refused(head);
    return false;
  }
  if (!leaving_ && strikes(behaviour_.goaway_below)) {
    leaving_ = true;
    last_taken_ = id - 2 < id ? id - 2 : 0;
    wire_.goaway(last_taken_, h2_code::none);
    auditor_.on_target_refused(head);
    return false;
  }
  if (wire_.open_streams() <= streams_max_ && !strikes(behaviour_.refuse)) return true;
  wire_.reset(id, h2_code::refused);
  auditor_.on_target_refused(head);
  return false;
}

void H2Channel::on_h2_head(uint32_t id, const SimHead& head, bool ended) {
  if (closing_ || closes_after_writing_) return;
  const std::string* agent = head.find("User-Agent");
  const bool health = (agent && *agent == health_checker) || head.find(h2_abuse_field);
  if (!health && !takes(id, head)) return;
  Served& served = served_[id];
  served.health = health;
  served.asking = !ended;
  if (health) return;
  const ExchangeRecord* record = auditor_.on_target_head(head, target_.address(), wire_id());
  if (!record) {
    served_.erase(id);
    return close(false);
  }
  target_.count_request();
  served.asked = {.token = record->client.script.token,
                  .method = head.method(),
                  .has_body = !ended,
                  .upgrade = false,
                  .body_checksum = 0,
                  .requests_left = -1};
  plan(served);
  leave_somehow(id);
}

void H2Channel::leave_somehow(uint32_t id) {
  if (leaving_) return;
  if (strikes(behaviour_.goaway_graceful)) {
    leaving_ = true;
    wire_.goaway(stream_most, h2_code::none);
    leave_timer_.set(target_.loop().now() + up_to(target_.loop().random(), 50ms));
  } else if (strikes(behaviour_.goaway_and_close)) {
    leaving_ = closes_after_writing_ = true;
    announce();
    wire_.goaway(id, h2_code::none);
  } else if (strikes(behaviour_.flaw)) {
    leaving_ = true;
    announce();
    // DATA without a stream, a push, a window beyond the largest.
    const std::string flaws[] = {
        h2::data(0, "abc"), h2::frame(NGHTTP2_PUSH_PROMISE, 4, 1, ""),
        h2::window_update(0, stream_most) + h2::window_update(0, stream_most)};
    wire_.say(flaws[target_.loop().random().below(std::size(flaws))]);
  }
}

// The answer, as far as it can be known now.
void H2Channel::plan(Served& served) {
  const TargetBehaviour& b = target_.behaviour();
  Random& random = target_.loop().random();
  Answer& answer = served.answer;
  answer = draw_answer(random, b, served.asked);
  TargetPlan& plan = answer.plan;
  plan.body_size *= behaviour_.body_bytes_factor;
  answer.piece *= behaviour_.body_bytes_factor;
  if (plan.status == 204 || plan.status == 304) plan.body_size = 0;
  const bool bodiless = served.asked.method == "HEAD" || plan.body_size == 0;
  if (!bodiless) served.body = body_bytes(served.asked.token, BodyOf::response, 0, plan.body_size);
  served.limit = served.body.size();
  const ExchangeRecord& record = auditor_.exchanges().at(served.asked.token);
  const bool may_have_trailers = served.asked.method != "HEAD" && plan.status >= 200 &&
                                 plan.status != 204 && plan.status != 304;
  if (may_have_trailers && (record.client.script.grpc || strikes(b.trailers)))
    plan.trailers = trailer_lines(served.asked.token, 0);
  if (record.client.script.grpc && !plan.trailers.empty()) plan.trailers += "Grpc-Status: 0\r\n";
  if (plan.never) answer.cut_at = SIZE_MAX;
  if (answer.cut == Cut::none && strikes(b.cut_reset)) answer.cut = Cut::reset;
  if (answer.cut == Cut::none && strikes(b.cut_close)) answer.cut = Cut::close;
  if (answer.cut == Cut::none && strikes(b.cut_hang)) answer.cut = Cut::hang;
  if (strikes(behaviour_.reset_looked_at)) {
    answer.cut = Cut::reset;
    answer.cut_at = SIZE_MAX;  // before the head
  }
  if (strikes(behaviour_.malformed)) {
    plan.well_formed = plan.whole = false;
    answer.cut = Cut::none;
  }
  served.says_length = plan.status != 204 && plan.status != 304 && !strikes(b.chunked);
  if (answer.cut != Cut::none) {
    served.limit = random.below(served.limit + 1);
    // All of it was said, and everybody can know: only the stream's end is lost.
    const bool known = served.says_length || !may_have_trailers;
    const bool all = known && served.limit == served.body.size() && answer.cut_at != SIZE_MAX;
    plan.whole = all;
    plan.never |= !all && answer.cut == Cut::hang;
  }
  const bool ready = plan.early || !served.asking;
  if (ready) served.next = target_.loop().now() + answer.delay;
}

void H2Channel::on_h2_data(uint32_t id, std::string_view bytes) {
  const auto found = served_.find(id);
  if (found == served_.end() || found->second.health) return;
  auditor_.on_target_body(found->second.asked.token, wire_id(), bytes);
}

void H2Channel::on_h2_end(uint32_t id, const std::string& trailers) {
  const auto found = served_.find(id);
  if (found == served_.end()) return;
  Served& served = found->second;
  served.asking = false;
  if (served.health) return answer_health(id, served);
  const Token token = served.asked.token;
  auditor_.on_target_body_complete(token, wire_id(), trailers);
  if (auditor_.violated()) return;
  served.asked.body_checksum = auditor_.exchanges().at(token).target.body_checksum;
  if (served.next == never && !served.answered)
    served.next = target_.loop().now() + served.answer.delay;
}

void H2Channel::on_h2_reset(uint32_t id, uint32_t code) {
  const auto found = served_.find(id);
  const bool blamed = found != served_.end() && !found->second.answer.plan.well_formed;
  if (code != h2_code::cancel && code != h2_code::none && !blamed)
    auditor_.violation("a target was told RST_STREAM " + std::to_string(code));
  served_.erase(id);
}

void H2Channel::on_h2_goaway(uint32_t, uint32_t code) {
  if (code != h2_code::none && !leaving_)
    auditor_.violation("a target was told GOAWAY " + std::to_string(code));
}

void H2Channel::on_h2_broken(const std::string& problem) {
  auditor_.violation("what a target got is not HTTP/2: " + problem);
}

void H2Channel::answer_health(uint32_t id, Served& served) {
  served.answered = true;
  switch (target_.health()) {
    case HealthMode::good:
      return wire_.send_head(id, {{":status", "200"}, {"grpc-status", "0"}}, true);
    case HealthMode::bad_status:
      return wire_.send_head(id, {{":status", "500"}, {"grpc-status", "13"}}, true);
    case HealthMode::silent:
      return;
    case HealthMode::closes:
      closes_after_writing_ = true;
      return announce();
  }
}

// --- Answers ---

void H2Channel::pump() {
  if (closing_) return;
  do {
    for (bool more = true; more && wire_.output().size() < output_most;) {
      more = false;
      for (auto& [id, served] : served_) more |= go_on(id, served);
    }
  } while (write());
  std::erase_if(served_,
                [](const auto& entry) { return entry.second.answered && !entry.second.asking; });
  if (wire_.owes_window() && !window_timer_.is_set()) {
    if (behaviour_.window_pause == 0s) wire_.give_windows();
    if (behaviour_.window_pause > 0s)
      window_timer_.set(target_.loop().now() + behaviour_.window_pause);
  }
  write();
  end_when_due();
  set_timer();
}

bool H2Channel::go_on(uint32_t id, Served& served) {
  if (served.answered || served.next > target_.loop().now()) return false;
  if (!wire_.is_open(id)) {
    served.answered = true;
    return false;
  }
  if (!served.begun) {
    say_head(id, served);
    return !served.answered;
  }
  auditor_.on_target_activity(served.asked.token, wire_id());
  const Answer& answer = served.answer;
  size_t most = std::min(wire_.sendable(id), served.limit - served.sent);
  if (answer.piece > 0) most = std::min(most, answer.piece);
  if (most == 0 && served.sent < served.limit) return false;
  if (most > 0) {
    const bool all = served.sent + most == served.body.size();
    const bool ends = all && answer.cut == Cut::none && answer.plan.trailers.empty() &&
                      !strikes(behaviour_.ends_apart);
    wire_.send_data(id, std::string_view(served.body).substr(served.sent, most), ends);
    served.sent += most;
    if (ends) {
      finish(id, served);
      return false;
    }
    if (answer.piece > 0) served.next = target_.loop().now() + answer.pause;
    return true;
  }
  if (answer.cut != Cut::none) {
    cut(id, served);
    return false;
  }
  if (answer.plan.trailers.empty())
    wire_.send_data(id, "", true);
  else
    wire_.send_head(id, h2_fields_of(answer.plan.trailers), true);
  finish(id, served);
  return false;
}

void H2Channel::say_head(uint32_t id, Served& served) {
  Answer& answer = served.answer;
  const TargetBehaviour& b = target_.behaviour();
  auditor_.on_target_plan(served.asked.token, wire_id(), answer.plan);
  served.begun = true;
  if (answer.cut != Cut::none && answer.cut_at == SIZE_MAX) return cut(id, served);
  if (!answer.plan.well_formed) {
    served.answered = true;
    return say_malformed(id);
  }
  const std::string common = std::string(token_field) + ": " + text_of(served.asked.token) +
                             "\r\n" + std::string(target_field) + ": " +
                             target_.address().to_string() + "\r\n";
  const bool large = strikes(b.large);
  const size_t filler = large ? 10'000 + target_.loop().random().below(20'000) : 0;
  const auto head = [&](int status, const std::string& lines) {
    H2Fields fields = {{":status", std::to_string(status)}};
    const H2Fields others = h2_fields_of(lines);
    fields.insert(fields.end(), others.begin(), others.end());
    return fields;
  };
  if (strikes(b.interim)) wire_.send_head(id, head(103, common + filler_fields(filler)), false);
  std::string lines = common + filler_fields(filler);
  if (!answer.plan.early)
    lines += std::string(checksum_field) + ": " + hex(served.asked.body_checksum) + "\r\n";
  const int status = answer.plan.status;
  if (served.says_length)
    lines += "Content-Length: " + std::to_string(answer.plan.body_size) + "\r\n";
  const bool ends = served.body.empty() && answer.plan.trailers.empty() &&
                    answer.cut == Cut::none && !strikes(behaviour_.ends_apart);
  wire_.send_head(id, head(status, lines), ends);
  if (ends) finish(id, served);
}

void H2Channel::say_malformed(uint32_t id) {
  const H2Fields flaws[] = {{{":status", "200"}, {"X-Upper", "1"}},
                            {{"x-no-status", "1"}},
                            {{":status", "200"}, {"connection", "close"}},
                            {{":status", "abc"}}};
  wire_.send_head(id, flaws[target_.loop().random().below(std::size(flaws))], true);
}

void H2Channel::cut(uint32_t id, Served& served) {
  served.answered = true;
  static constexpr uint32_t codes[] = {h2_code::cancel, h2_code::internal, h2_code::calm,
                                       h2_code::protocol, h2_code::none};
  switch (served.answer.cut) {
    case Cut::none:
    case Cut::hang:
      served.next = never;
      return;
    case Cut::reset:
      wire_.reset(id, codes[target_.loop().random().below(std::size(codes))]);
      served.asking = false;
      return;
    case Cut::close:
      announce();
      closes_after_writing_ = true;
  }
}

void H2Channel::finish(uint32_t id, Served& served) {
  served.answered = true;
  auditor_.on_target_response_sent(served.asked.token, wire_id());
  if (!served.asking || !strikes(behaviour_.reset_after_early)) return;
  served.asking = false;
  wire_.reset(id, h2_code::none);
}

// True if all has left, and there was something.
bool H2Channel::write() {
  std::string& output = wire_.output();
  const bool something = !output.empty();
  while (!output.empty()) {
    const io::IoResult result = socket_->write(output);
    if (result.status != io::IoStatus::done) return false;
    output.erase(0, result.bytes);
  }
  return something;
}

void H2Channel::end_when_due() {
  if (closing_ || !wire_.output().empty()) return;
  if (closes_after_writing_) return close(false);
  if (leaving_ && last_taken_ != UINT32_MAX && served_.empty() && !stays_) {
    announce();
    return close(false);
  }
  const Duration idle = target_.behaviour().idle_timeout;
  if (served_.empty() && idle > 0s && !idle_timer_.is_set())
    idle_timer_.set(target_.loop().now() + idle);
}

void H2Channel::set_timer() {
  if (closing_) return;
  Instant next = never;
  const Instant now = target_.loop().now();
  for (const auto& [id, served] : served_) {
    if (!served.answered && served.next > now) next = std::min(next, served.next);
  }
  timer_.clear();
  if (next != never) timer_.set(next);
}

}  // namespace daruma::sim
