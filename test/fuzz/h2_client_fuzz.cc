// SPDX-License-Identifier: Apache-2.0
//
// A target's side of an HTTP/2 connection, and both codecs together: what its frames become is
// HTTP/1.1 that our own parser reads, in the same way whether the bytes come whole or in pieces,
// and no more is kept than the windows and limits allow. Three requests are under way: GET, HEAD,
// and a POST whose body waits for the target's windows.
#include <memory>
#include <string>
#include <vector>

#include "fuzz_input.h"
#include "h2_frames.h"
#include "http/h1_body.h"
#include "http/h1_parser.h"
#include "http/h2_client_session.h"
#include "http/h2_response_text.h"
#include "http/h2_text.h"

namespace {

using namespace daruma::http;

constexpr size_t head_bytes_max = 512;
constexpr H2ClientSession::Limits limits{
    .head_bytes_max = head_bytes_max,
    .streams_max = 4,
    .output = {.stream_bytes_max = 4'096, .bytes_max = 6'000, .bytes_assured = 128}};

// Reads its answer as an exchange would.
class Stream final : public H2ClientStream {
 public:
  Stream(daruma::SlabPool& slabs, Method method)
      : H2ClientStream(slabs),
        method_(method),
        received_(slabs),
        in_(slabs),
        parser_({.head_bytes_max = head_bytes_max}) {}

  void on_response(int status, std::string_view fields, bool ended) override {
    FUZZ_CHECK(!closed && !final_);
    FUZZ_CHECK(fields.size() <= head_bytes_max * 5);
    final_ = status >= 200;
    std::string head;
    received_.set_framing(write_response_text(status, fields, {method_, ended}, head));
    received_.put_head(head);
  }
  void on_body(std::string_view bytes) override {
    FUZZ_CHECK(!closed && final_);
    unread_ += bytes.size();
    FUZZ_CHECK(unread_ <= H2ClientSession::stream_window);
    received_.add(bytes);
  }
  void on_body_end(std::string_view trailers) override {
    FUZZ_CHECK(!closed && final_);
    received_.end(trailers);
  }
  void on_closed() override {
    FUZZ_CHECK(!closed);
    closed = true;
  }

  // What it comes to, in words.
  std::string read(H2ClientSession& session, size_t step) {
    std::string events;
    std::string piece(step + 64, '\0');
    while (const size_t bytes = received_.read(piece)) in_.append(piece.substr(0, bytes));
    const size_t consumed = received_.take_consumed();
    unread_ -= consumed;
    if (!closed) session.consumed(*this, consumed);
    while (!body_begun_) {
      ResponseHead head;
      const ParseStatus status = parser_.parse(in_.view(), method_, head);
      if (status == ParseStatus::need_more) return events;
      FUZZ_CHECK(status != ParseStatus::malformed && status != ParseStatus::version_unsupported);
      events += "head " + std::to_string(head.status) + "\n";
      if (status != ParseStatus::complete) {
        in_.clear();
        return events + "over\n";
      }
      in_.consume(head.wire_bytes);
      parser_.reset();
      body_begun_ = head.status >= 200;
      if (body_begun_) body_.begin(head.framing, head.content_length);
    }
    std::string body;
    while (!body_.finished()) {
      const H1BodyReader::Piece part = body_.next(in_.view());
      if (part.status == BodyStatus::malformed) return events + "trailers over\n";
      if (part.consumed == 0 && !body_.finished()) return events + (closed ? "cut" : body);
      body += part.payload;
      in_.consume(part.consumed);
    }
    return events + body + "\n" + std::string(body_.trailers());
  }

  bool closed = false;

 private:
  const Method method_;
  H2TextReader received_;
  daruma::Buffer in_;
  H1ResponseParser parser_;
  H1BodyReader body_;
  size_t unread_ = 0;
  bool final_ = false;
  bool body_begun_ = false;
};

class Client {
 public:
  std::string run(std::string_view bytes, size_t step) {
    ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Method::get);
    ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", Method::head);
    ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n", Method::post);
    H2TextWriter body;
    body.begin(Framing::length, 9'000);
    size_t written = 0;
    body.write(session_, *streams_.back(), std::string(9'000, 'x'), written);
    drain();
    for (size_t at = 0; at < bytes.size(); at += step) session_.receive(bytes.substr(at, step));
    if (!streams_.back()->closed)
      body.write(session_, *streams_.back(), std::string(9'000 - written, 'x'), written);
    drain();
    std::string events;
    for (const auto& stream : streams_) {
      // How much came before the fault was found depends on the pieces.
      const std::string read = stream->read(session_, step);
      events += (stream->malformed() ? "malformed" : read) + "|";
    }
    drain();
    FUZZ_CHECK(session_.streams() <= streams_.size());
    return session_.fault() == H2Fault::none ? events : "fault";
  }

 private:
  void ask(std::string_view text, Method method) {
    H1RequestParser parser;
    RequestHead head;
    FUZZ_CHECK(parser.parse(text, head) == ParseStatus::complete);
    streams_.push_back(std::make_unique<Stream>(slabs_, method));
    session_.request(*streams_.back(), head, "https",
                     method == Method::post ? H2ClientSession::Follows::body
                                            : H2ClientSession::Follows::nothing);
    drain();
  }
  void drain() {
    for (bool more = true; more;) {
      daruma::Buffer out(slabs_);
      more = session_.fill(out);
    }
  }

  daruma::SlabPool slabs_;
  H2ClientSession session_{slabs_, limits};
  std::vector<std::unique_ptr<Stream>> streams_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  daruma::fuzz::Input input(data, size);
  const size_t step = 1 + input.choice() % 64;
  const std::string bytes = input.rest();
  if (bytes.empty()) return 0;
  const std::string whole = Client().run(bytes, bytes.size());
  const std::string pieces = Client().run(bytes, step);
  if (whole != pieces)
    std::fprintf(stderr, "whole:\n%s\nin pieces:\n%s\n", whole.c_str(), pieces.c_str());
  FUZZ_CHECK(whole == pieces || daruma::fuzz::says_goaway(bytes));
  return 0;
}
