// SPDX-License-Identifier: Apache-2.0
#include "sim/h2_script.h"

#include <algorithm>

#include "base/bytes.h"
#include "http/h2_frames_for_test.h"

namespace daruma::sim {
namespace {

namespace h2 = http::h2;

H2Manners draw_manners(Random& random) {
  static constexpr uint32_t windows[] = {0, 1, 1000, 16'384, 65'535, 65'535, 65'535, 1 << 20};
  static constexpr uint32_t grants[] = {1000, 5000, 16'384, 65'535, 65'535, 1 << 20};
  H2Manners manners;
  manners.initial_window = windows[random.below(std::size(windows))];
  manners.grant_bytes = grants[random.below(std::size(grants))];
  if (random.chance(1, 4)) manners.table_bytes = random.chance(1, 2) ? 0 : 200;
  return manners;
}

Duration draw_window_pause(Random& random) {
  if (random.chance(1, 2)) return 0s;
  return Duration(
      static_cast<int64_t>(random.below(random.chance(1, 6) ? 200'000'000 : 5'000'000)));
}

H2Fields asked_besides() {
  return h2::get("/other", {{ascii_lowered(h2_abuse_field), "1"}});
}

// HTTP/2's form of a request that was drawn for HTTP/1.
void convert(RequestScript& r, Random& random, const TrafficPlan& plan) {
  r.http2 = true;
  r.close = false;
  // Less than that at once is an abuse.
  r.chunk_size = std::max<size_t>(r.chunk_size, 5);
  if (r.send_piece > 0) {
    r.send_piece = std::max<size_t>(r.send_piece, 5);
    r.chunk_size = std::max(r.chunk_size, r.send_piece);
  }
  r.minor_version = 1;
  // Several windows long.
  if (r.body_size > 100'000 && r.send_piece == 0 && random.chance(1, 2)) r.body_size *= 4;
  const bool grpc = r.body != RequestBody::none && random.chance(1, 4);
  if (grpc) {
    r.grpc = true;
    r.method = "POST";
    r.body = RequestBody::chunked;
    r.expect_continue = false;
  }
  if (plan.malformed && random.chance(1, 8)) {
    const int kinds = malformation_count_all - malformation_count;
    r.malformation = static_cast<Malformation>(malformation_count + random.below(kinds));
    if (random.chance(1, 8)) r.malformation = Malformation::huge_head;
    if (random.chance(1, 8)) r.malformation = Malformation::trace_method;
    shape(r);
  }
  if (!plan.impolite || !random.chance(1, 8)) return;
  static constexpr ClientAct acts[] = {ClientAct::reset_stream_while_sending,
                                       ClientAct::reset_stream_while_receiving,
                                       ClientAct::reset_stream_while_sending,
                                       ClientAct::reset_stream_while_receiving,
                                       ClientAct::stop_sending,
                                       ClientAct::stop_receiving,
                                       ClientAct::reset_while_sending,
                                       ClientAct::close_while_receiving};
  r.act = acts[random.below(std::size(acts))];
  const bool sending = r.act == ClientAct::reset_stream_while_sending ||
                       r.act == ClientAct::stop_sending || r.act == ClientAct::reset_while_sending;
  r.act_at = random.below(sending ? r.body_size + 1 : 3000);
}

}  // namespace

H2ClientScript draw_h2_client(Random& random, const TrafficPlan& plan,
                              const std::vector<std::string>& path_prefixes) {
  TrafficPlan polite = plan;
  polite.malformed = polite.impolite = polite.http10 = polite.upgrades = polite.pipelining = false;
  H2ClientScript script;
  script.requests = draw_client(random, polite, path_prefixes);
  for (RequestScript& request : script.requests.requests) convert(request, random, plan);
  script.manners = draw_manners(random);
  script.streams_most = random.chance(1, 4) ? 1 : 2 + random.below(random.chance(1, 4) ? 100 : 12);
  if (random.chance(1, 2)) script.requests.requests_per_connection_max = SIZE_MAX;
  script.window_pause = draw_window_pause(random);
  if (random.chance(1, 4)) script.change_pause = 1ms * (100 + random.below(400));
  if (plan.impolite && random.chance(1, 6)) {
    script.abuse = static_cast<H2Abuse>(1 + random.below(h2_abuse_count - 1));
    script.abuse_after = 1ms * random.below(4000);
  }
  return script;
}

H2TargetBehaviour draw_h2_target(Random& random, bool faulty) {
  const auto sometimes = [&](uint32_t most) {
    return random.chance(1, 3) ? static_cast<uint32_t>(random.below(most)) : 0;
  };
  static constexpr uint32_t streams[] = {1, 2, 5, 20, 100};
  H2TargetBehaviour b;
  b.manners = draw_manners(random);
  if (!random.chance(1, 3)) b.manners.streams_max = streams[random.below(std::size(streams))];
  b.window_pause = draw_window_pause(random);
  if (random.chance(1, 3)) b.change_pause = 1ms * (100 + random.below(400));
  if (random.chance(1, 2)) b.lowered_most = 1 + static_cast<uint32_t>(random.below(10));
  b.refuse = sometimes(1500);
  b.goaway_graceful = sometimes(1000);
  b.goaway_below = sometimes(1000);
  b.reset_after_early = sometimes(10'000);
  b.body_bytes_factor = random.chance(1, 12) ? 10 : 1;
  b.ends_apart = static_cast<uint32_t>(random.below(10'000));
  if (!faulty) return b;
  b.reset_looked_at = sometimes(1000);
  b.goaway_and_close = sometimes(500);
  b.flaw = sometimes(300);
  b.malformed = sometimes(600);
  return b;
}

std::string frames_of(H2Abuse abuse, uint32_t stream) {
  std::string frames;
  const auto many = [&frames](int times, const std::string& frame) {
    for (int i = 0; i < times; ++i) frames += frame;
  };
  // Far above what any client of a run uses.
  constexpr uint32_t later = 1'000'001;
  switch (abuse) {
    case H2Abuse::none:
      break;
    case H2Abuse::data_without_stream:
      return h2::data(0, "abc");
    case H2Abuse::even_stream:
      return h2::headers(2, asked_besides());
    case H2Abuse::interrupted_section:
      return h2::frame(NGHTTP2_HEADERS, h2::end_stream, later, h2::field_section(asked_besides())) +
             h2::ping();
    case H2Abuse::bad_hpack:
      return h2::frame(NGHTTP2_HEADERS, h2::end_stream | h2::end_headers, later, "\xff\xff\xff");
    case H2Abuse::window_overflow:
      return h2::window_update(0, 0x7fff'ffff) + h2::window_update(0, 0x7fff'ffff);
    case H2Abuse::window_of_nothing:
      return h2::window_update(0, 0);
    case H2Abuse::pings:
      many(1500, h2::ping());
      break;
    case H2Abuse::settings:
      many(1500, h2::settings());
      break;
    case H2Abuse::empty_data:
      if (stream == 0) return h2::data(0, "");
      many(1500, h2::data(stream, ""));
      break;
    case H2Abuse::resets:
      for (uint32_t i = 0; i < 400; ++i)
        frames += h2::headers(later + 2 * i, asked_besides()) +
                  h2::rst_stream(later + 2 * i, h2_code::cancel);
      break;
    case H2Abuse::continuations:
      frames =
          h2::frame(NGHTTP2_HEADERS, h2::end_stream, later, h2::field_section(asked_besides()));
      many(40, h2::frame(NGHTTP2_CONTINUATION, h2::none, later, ""));
      break;
    case H2Abuse::not_frames:
      return "GET / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(100, '\xff');
  }
  return frames;
}

H2Fields h2_fields_of(const std::string& lines) {
  H2Fields fields;
  for (size_t at = 0; at < lines.size();) {
    const size_t end = lines.find("\r\n", at);
    const size_t colon = lines.find(": ", at);
    fields.emplace_back(ascii_lowered(lines.substr(at, colon - at)),
                        lines.substr(colon + 2, end - colon - 2));
    at = end + 2;
  }
  return fields;
}

namespace {

// Without what belongs before the fields.
std::string field_lines(const RequestScript& r, const std::string& cookies) {
  std::string lines = std::string(token_field) + ": " + text_of(r.token) + "\r\n";
  size_t length = r.body_size;
  if (r.malformation == Malformation::h2_length_too_long) length += 10;
  if (r.malformation == Malformation::h2_length_too_short) length -= 10;
  if (r.body == RequestBody::length) lines += "Content-Length: " + std::to_string(length) + "\r\n";
  if (r.grpc) lines += "Content-Type: application/grpc\r\nTE: trailers\r\n";
  if (r.malformation == Malformation::h2_te) lines += "TE: gzip\r\n";
  if (r.malformation == Malformation::h2_connection_field) lines += "Connection: close\r\n";
  if (r.malformation == Malformation::huge_head) lines += filler_fields(80'000);
  if (r.expect_continue) lines += "Expect: 100-continue\r\n";
  if (!cookies.empty()) lines += "Cookie: " + cookies + "\r\n";
  return lines + filler_fields(r.head_filler);
}

}  // namespace

H2Fields h2_head_of(const RequestScript& r, const std::string& cookies) {
  const bool connect = r.malformation == Malformation::h2_connect;
  H2Fields fields = {{":method", connect ? "CONNECT" : r.method}, {":scheme", "https"}};
  if (r.malformation == Malformation::h2_two_methods) fields.emplace_back(":method", "GET");
  if (r.malformation != Malformation::h2_no_path) fields.emplace_back(":path", r.path);
  fields.emplace_back(":authority", r.host);
  H2Fields others = h2_fields_of(field_lines(r, cookies));
  fields.insert(fields.end(), others.begin(), others.end());
  if (r.malformation == Malformation::h2_upper_case_name) fields.emplace_back("X-Upper", "1");
  if (r.malformation == Malformation::h2_pseudo_behind_field) fields.emplace_back(":extra", "1");
  return fields;
}

}  // namespace daruma::sim
