// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_answer.h"

#include <algorithm>

namespace daruma::sim {
namespace {

bool strikes(Random& random, uint32_t rate) {
  return rate > 0 && random.chance(rate, 10'000);
}

Duration up_to(Random& random, Duration most) {
  return Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(most.count()) + 1)));
}

Cut draw_cut(Random& random, const TargetBehaviour& b) {
  if (strikes(random, b.cut_reset)) return Cut::reset;
  if (strikes(random, b.cut_close)) return Cut::close;
  if (strikes(random, b.cut_hang)) return Cut::hang;
  return Cut::none;
}

std::string chunked(const std::string& body, Random& random, const std::string& trailers) {
  std::string wire;
  for (size_t at = 0; at < body.size();) {
    const size_t n = std::min<size_t>(body.size() - at, 1 + random.below(4000));
    const std::string digits = hex(n);
    wire += digits.substr(digits.find_first_not_of('0')) + "\r\n" + body.substr(at, n) + "\r\n";
    at += n;
  }
  return wire + "0\r\n" + trailers + "\r\n";
}

std::string common_fields(const Asked& asked, const std::string& target_name) {
  return std::string(token_field) + ": " + text_of(asked.token) + "\r\n" +
         std::string(target_field) + ": " + target_name + "\r\n";
}

std::string connection_fields(const Answer& answer, const TargetBehaviour& b, const Asked& asked) {
  if (answer.says_close) return "Connection: close\r\n";
  std::string parameters;
  if (b.announce_timeout && b.idle_timeout > 0s)
    parameters =
        "timeout=" +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(b.idle_timeout).count());
  if (b.announce_max && asked.requests_left >= 0)
    parameters += (parameters.empty() ? "max=" : ", max=") + std::to_string(asked.requests_left);
  return parameters.empty() ? "" : "Keep-Alive: " + parameters + "\r\nConnection: Keep-Alive\r\n";
}

enum class Body : uint8_t { none, length, chunked, until_close };

// What follows the head. Changes the plan to what this form of body can say.
Body choose_body(Answer& answer, Random& random, const TargetBehaviour& b, const Asked& asked) {
  if (answer.plan.status == 204 || answer.plan.status == 304) {
    answer.plan.body_size = 0;
    return Body::none;
  }
  if (asked.method == "HEAD") return Body::none;
  if (strikes(random, b.until_close)) {
    answer.close = true;
    return Body::until_close;
  }
  return strikes(random, b.chunked) ? Body::chunked : Body::length;
}

// Where the answer breaks off, and what the other side can then know.
void cut_somewhere(Answer& answer, Random& random, Body body, size_t head_bytes) {
  if (answer.cut == Cut::none) return;
  answer.cut_at =
      random.chance(1, 3) ? random.below(head_bytes + 1) : random.below(answer.wire.size() + 1);
  if (answer.cut_at >= answer.wire.size()) {
    // All of it was said; only the connection is lost.
    answer.cut_at = answer.wire.size();
    if (answer.cut == Cut::hang && body != Body::until_close) answer.cut = Cut::none;
    answer.plan.whole = body != Body::until_close || answer.cut == Cut::close;
    answer.plan.never = answer.cut == Cut::hang && body == Body::until_close;
    return;
  }
  answer.plan.never = answer.cut == Cut::hang;
  if (body == Body::until_close && answer.cut == Cut::close && answer.cut_at >= head_bytes) {
    answer.plan.body_size = answer.cut_at - head_bytes;  // nobody can tell that it is not all
    return;
  }
  answer.plan.whole = false;
}

void compose_upgrade(Answer& answer, Random& random, const TargetBehaviour& b, const Asked& asked,
                     const std::string& target_name) {
  answer.wire = "HTTP/1.1 101 Said\r\nConnection: Upgrade\r\nUpgrade: sim\r\n" +
                common_fields(asked, target_name) + "\r\n";
  const size_t head_bytes = answer.until_close_at = answer.wire.size();
  answer.wire += body_bytes(asked.token, BodyOf::response, 0, answer.plan.body_size);
  if (answer.cut == Cut::none) answer.cut = draw_cut(random, b);
  cut_somewhere(answer, random, Body::until_close, head_bytes);
}

}  // namespace

Answer draw_answer(Random& random, const TargetBehaviour& b, const Asked& asked) {
  static constexpr int statuses[] = {200, 200, 200, 201, 404, 500, 302};
  Answer answer;
  answer.plan.status = statuses[random.below(std::size(statuses))];
  if (strikes(random, b.bodiless)) answer.plan.status = random.chance(1, 2) ? 204 : 304;
  answer.plan.body_size = random.chance(1, 6) ? 0 : random.below(b.body_size_most);
  answer.delay = up_to(random, b.think_most);
  answer.plan.early = asked.has_body && strikes(random, b.early);
  answer.close = strikes(random, b.close);
  answer.close_announced = answer.says_close = answer.close;
  if (asked.requests_left == 0) {
    answer.close = true;
    answer.close_announced |= b.announce_max;
    // Some say so twice, as Apache does; some leave it at max=0.
    answer.says_close |= b.announce_max && random.chance(1, 2);
  }
  if (asked.upgrade && !strikes(random, b.refuse_upgrade)) {
    answer.upgrade = true;
    answer.plan.status = 101;
    answer.close = answer.close_announced = answer.says_close = false;
  }
  if (strikes(random, b.slow)) {
    // Done within half a minute.
    answer.piece = 1 + answer.plan.body_size / 4000 + random.below(500);
    answer.pause = up_to(random, 5ms);
  }
  if (strikes(random, b.silent)) {
    answer.cut = Cut::hang;
    answer.plan.never = true;
    answer.plan.whole = false;
  }
  return answer;
}

void compose(Answer& answer, Random& random, const TargetBehaviour& b, const Asked& asked,
             const std::string& target_name) {
  if (answer.plan.never) return;
  if (strikes(random, b.garbage)) {
    static constexpr const char* garbage[] = {"220 smtp.example.com ESMTP\r\n\r\n",
                                              "HTTP/1.1 abc\r\n\r\n",
                                              "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                                              ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                                               "Content-Length: 6\r\n\r\nhello")};
    answer.wire = garbage[random.below(std::size(garbage))];
    answer.plan.well_formed = answer.plan.whole = false;
    answer.close = true;
    return;
  }
  // In drops, a large head would take longer than anybody waits.
  const bool large = (answer.piece == 0 || answer.piece > 100) && strikes(random, b.large);
  const size_t filler = large ? 10'000 + random.below(20'000) : 0;
  if (strikes(random, b.interim)) {
    static constexpr const char* lines[] = {"100 Continue", "102 Processing", "103 Early Hints"};
    answer.interim = std::string("HTTP/1.1 ") + lines[random.below(std::size(lines))] + "\r\n" +
                     common_fields(asked, target_name) + filler_fields(filler) + "\r\n";
  }
  if (answer.upgrade) return compose_upgrade(answer, random, b, asked, target_name);
  const Body body = choose_body(answer, random, b, asked);
  if (body == Body::chunked && strikes(random, b.trailers))
    answer.plan.trailers = trailer_lines(asked.token, large ? random.below(7500) : 0);
  std::string head = "HTTP/1.1 " + std::to_string(answer.plan.status) + " Said\r\n" +
                     common_fields(asked, target_name) + connection_fields(answer, b, asked) +
                     filler_fields(filler);
  if (!answer.plan.early)
    head += std::string(checksum_field) + ": " + hex(asked.body_checksum) + "\r\n";
  if (strikes(random, b.oversized_head)) {
    for (int i = 0; i < 10; ++i) head += "X-Large: " + std::string(4000, 'x') + "\r\n";
    answer.plan.oversized_head = true;
    answer.plan.well_formed = answer.plan.whole = false;
  }
  const bool says_length =
      body == Body::length || (asked.method == "HEAD" && answer.plan.status != 204 &&
                               answer.plan.status != 304 && random.chance(1, 2));
  if (says_length) head += "Content-Length: " + std::to_string(answer.plan.body_size) + "\r\n";
  const bool head_of_chunked = asked.method == "HEAD" && !says_length && random.chance(1, 2);
  if (body == Body::chunked || head_of_chunked) head += "Transfer-Encoding: chunked\r\n";
  head += "\r\n";
  answer.wire = head;
  const std::string bytes =
      body == Body::none ? "" : body_bytes(asked.token, BodyOf::response, 0, answer.plan.body_size);
  answer.wire += body == Body::chunked ? chunked(bytes, random, answer.plan.trailers) : bytes;
  if (body == Body::until_close) answer.until_close_at = head.size();
  if (answer.cut == Cut::none) answer.cut = draw_cut(random, b);
  cut_somewhere(answer, random, body, head.size());
  // Nobody asked for this: it must not become anybody's answer.
  // (Only as part of one segment: bytes that come after the next request was sent, nobody can tell
  // from its answer.)
  static constexpr std::string_view extra = "HTTP/1.1 299 extra\r\nContent-Length: 0\r\n\r\n";
  const bool one_segment =
      answer.piece == 0 && answer.interim.empty() && answer.wire.size() + extra.size() <= 1024;
  if (answer.cut == Cut::none && !answer.close && one_segment && strikes(random, b.extra_bytes))
    answer.wire += extra;
  // A run ends some time: no answer comes in more pieces than that.
  constexpr size_t pieces_most = 2'000;
  if (answer.piece > 0) answer.piece = std::max(answer.piece, answer.wire.size() / pieces_most);
}

}  // namespace daruma::sim
