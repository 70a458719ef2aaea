// SPDX-License-Identifier: Apache-2.0
//
// Both codecs of HTTP/2 at once, with exchanges between them: what a client's frames ask is asked
// of a target, and what the target's frames answer goes back, each as HTTP/1.1 in between, as the
// proxy has it (ADR 7). One input says in which order and in which pieces both sides come, when
// their output leaves, and when the connection is told to go. Whatever they say: no stream is given
// another's bytes, none hears anything behind its end, and windows and limits bound what is kept.
//
// The input is a list of steps: a byte that says which (of 8) and how much, and that many bytes.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fuzz_input.h"
#include "http/h1_body.h"
#include "http/h1_parser.h"
#include "http/h2_client_session.h"
#include "http/h2_response_text.h"
#include "http/h2_session.h"
#include "http/h2_text.h"

namespace {

using namespace daruma::http;

constexpr H2Session::Limits client_limits{
    .head = {.line_bytes_max = 64, .field_bytes_max = 96, .head_bytes_max = 512, .fields_max = 8},
    .streams_max = 4,
    .output = {.stream_bytes_max = 4'096, .bytes_max = 6'000, .bytes_assured = 128},
    .frames = {.burst = 60, .per_second = 1},
    .resets = {.burst = 16, .per_second = 1}};
constexpr H2ClientSession::Limits target_limits{
    .head_bytes_max = 512,
    .streams_max = 4,
    .output = {.stream_bytes_max = 4'096, .bytes_max = 6'000, .bytes_assured = 128}};

class Proxy;

// A request of the client, and its answer.
class ClientStream final : public H2Stream {
 public:
  ClientStream(daruma::SlabPool& slabs, size_t number) : H2Stream(slabs), number(number) {}
  void on_body(std::string_view bytes) override {
    FUZZ_CHECK(!closed && !peer_ended);
    unread += bytes.size();
    FUZZ_CHECK(unread <= H2Session::stream_window);
  }
  void on_body_end(std::string_view) override {
    FUZZ_CHECK(!closed && !peer_ended);
    peer_ended = true;
  }
  void on_closed() override {
    FUZZ_CHECK(!closed);
    closed = true;
  }

  const size_t number;
  size_t unread = 0;
  bool peer_ended = false;
  bool closed = false;
  bool answered = false;
  bool finished = false;
};

// The same at the target. Its fields and trailers say whose they are, or nothing.
class TargetStream final : public H2ClientStream {
 public:
  TargetStream(daruma::SlabPool& slabs, ClientStream& of) : H2ClientStream(slabs), client(of) {}
  void on_response(int code, std::string_view text, bool) override {
    FUZZ_CHECK(!closed && status < 200);
    FUZZ_CHECK(text.size() <= target_limits.head_bytes_max * 5);
    status = code;
    fields = text;
  }
  void on_body(std::string_view bytes) override {
    FUZZ_CHECK(!closed && !peer_ended && status >= 200);
    body += bytes;
    FUZZ_CHECK(body.size() <= H2ClientSession::stream_window);
  }
  void on_body_end(std::string_view text) override {
    FUZZ_CHECK(!closed && !peer_ended && status >= 200);
    peer_ended = true;
    trailers = text;
  }
  void on_closed() override {
    FUZZ_CHECK(!closed);
    closed = true;
  }

  ClientStream& client;
  int status = 0;
  std::string fields;
  std::string body;
  std::string trailers;
  bool peer_ended = false;
  bool closed = false;
};

class Proxy final : private H2Session::Handler {
 public:
  Proxy() { client_.receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {}); }

  void client_says(std::string_view bytes) { client_.receive(bytes, {}); }
  void target_says(std::string_view bytes) { target_.receive(bytes); }
  void tell_client_to_go() { client_.begin_shutdown(); }
  void tell_client_the_last() { client_.finish_shutdown(); }
  void give_up(size_t which) {
    if (exchanges_.empty()) return;
    TargetStream& stream = *exchanges_[which % exchanges_.size()];
    if (stream.closed) return;
    target_.reset(stream, H2Error::cancel);
    stream.closed = true;
  }

  // What has come goes on, as far as there is room.
  void pump() {
    ask();
    for (const auto& exchange : exchanges_) answer(*exchange);
    FUZZ_CHECK(client_.output_bytes() <= client_limits.output.most(client_limits.streams_max));
    FUZZ_CHECK(target_.output_bytes() <= target_limits.output.most(target_limits.streams_max));
  }
  void client_hears() { drain(client_); }
  void target_hears() { drain(target_); }

 private:
  H2Stream* on_request(RequestHead& head, daruma::Buffer&, H2HeadReader::Body) override {
    ClientStream& stream = add();
    // Every request is named by its number.
    waiting_.push_back({&stream, "GET /" + std::to_string(stream.number) +
                                     " HTTP/1.1\r\nHost: a\r\nX-Number: " +
                                     std::to_string(stream.number) + "\r\n\r\n"});
    static_cast<void>(head);
    return &stream;
  }
  H2Stream* on_unacceptable_request(ParseStatus, Method, size_t) override { return nullptr; }
  void on_malformed_request(const H2Stream*, size_t) override {}

  ClientStream& add() {
    return *clients_.emplace_back(std::make_unique<ClientStream>(slabs_, clients_.size()));
  }

  void ask() {
    while (!waiting_.empty() && target_.may_request()) {
      const auto [client, text] = waiting_.front();
      waiting_.erase(waiting_.begin());
      if (client->closed) continue;
      H1RequestParser parser;
      RequestHead head;
      FUZZ_CHECK(parser.parse(text, head) == ParseStatus::complete);
      exchanges_.push_back(std::make_unique<TargetStream>(slabs_, *client));
      target_.request(*exchanges_.back(), head, "https", H2ClientSession::Follows::nothing);
    }
  }

  void answer(TargetStream& from) {
    ClientStream& to = from.client;
    if (!to.closed) client_.consumed(to, std::exchange(to.unread, 0));
    if (to.closed && !from.closed) {  // nobody waits for it
      target_.reset(from, H2Error::cancel);
      from.closed = true;
    }
    if (to.closed || to.finished) return;
    if (from.closed && !from.peer_ended) return cut(to);
    if (from.status < 200) return;
    if (!std::exchange(to.answered, true)) {
      ResponseHead head;
      head.status = from.status;
      head.fields.add("X-Number", number_text_[to.number] = std::to_string(to.number));
      client_.respond(to, head, H2Session::Follows::body);
    }
    const size_t bytes = std::min(client_.room(to), from.body.size());
    client_.write(to, std::string_view(from.body).substr(0, bytes));
    from.body.erase(0, bytes);
    if (!from.closed && bytes > 0) target_.consumed(from, bytes);
    if (!from.body.empty() || !from.peer_ended) return;
    to.finished = true;
    client_.finish(to, "");
  }

  void cut(ClientStream& to) {
    client_.reset(to, H2Error::internal_error);
    to.closed = true;
  }

  void drain(H2Endpoint& endpoint) {
    for (bool more = true; more;) {
      daruma::Buffer out(slabs_);
      more = endpoint.fill(out);
    }
  }

  daruma::SlabPool slabs_;
  std::vector<std::unique_ptr<ClientStream>> clients_;
  std::vector<std::unique_ptr<TargetStream>> exchanges_;
  std::vector<std::pair<ClientStream*, std::string>> waiting_;
  std::map<size_t, std::string> number_text_;
  H2Session client_{slabs_, *this, client_limits};
  H2ClientSession target_{slabs_, target_limits};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Proxy proxy;
  while (!input.empty()) {
    const auto step = static_cast<uint8_t>(input.front());
    input.remove_prefix(1);
    const std::string_view bytes = input.substr(0, step >> 3);
    switch (step & 7) {
      case 0:
        proxy.client_says(bytes);
        input.remove_prefix(bytes.size());
        break;
      case 1:
        proxy.target_says(bytes);
        input.remove_prefix(bytes.size());
        break;
      case 2:
        proxy.pump();
        break;
      case 3:
        proxy.client_hears();
        break;
      case 4:
        proxy.target_hears();
        break;
      case 5:
        proxy.give_up(step >> 3);
        break;
      case 6:
        proxy.tell_client_to_go();
        break;
      default:
        proxy.tell_client_the_last();
    }
  }
  proxy.pump();
  proxy.client_hears();
  proxy.target_hears();
  return 0;
}
