// SPDX-License-Identifier: Apache-2.0
#include "health/probe_http2.h"

#include "base/check.h"
#include "http/h1_parser.h"
#include "http/h2_response_text.h"
#include "model/limits.h"

namespace daruma::health {
namespace {

constexpr size_t read_bytes = 4 * 1024;

}  // namespace

ProbeHttp2::ProbeHttp2(SlabPool& slabs, std::string_view scheme, std::string_view request)
    : http::H2ClientStream(slabs),
      slabs_(slabs),
      session_(slabs, {.head_bytes_max = model::limits::response_head_bytes_max}),
      received_(slabs) {
  http::H1RequestParser parser;
  http::RequestHead head;
  DARUMA_ASSERT(parser.parse(request, head) == http::ParseStatus::complete);
  method_ = head.method;
  body_.begin(head.framing, head.content_length);
  session_.request(*this, head, scheme,
                   body_.finished() ? http::H2ClientSession::Follows::nothing
                                    : http::H2ClientSession::Follows::body);
  size_t taken = 0;
  body_.write(session_, *this, request.substr(head.wire_bytes), taken);
  DARUMA_ASSERT(body_.finished());
}

void ProbeHttp2::on_response(int status, std::string_view fields, bool ended) {
  std::string head;
  received_.set_framing(http::write_response_text(status, fields, {method_, ended}, head));
  received_.put_head(head);
}

void ProbeHttp2::receive(std::string_view bytes, Buffer& answer) {
  session_.receive(bytes);
  while (received_.readable()) {
    const size_t read = received_.read(answer.prepare(read_bytes));
    if (read == 0) break;
    answer.commit(read);
  }
  if (!closed_) session_.consumed(*this, received_.take_consumed());
  answer.release_if_empty();
}

void ProbeHttp2::fill(std::string& out) {
  Buffer frames(slabs_);
  for (bool more = true; more;) {
    more = session_.fill(frames);
    out.append(frames.view());
    frames.clear();
  }
}

bool ProbeHttp2::failed() const {
  return (closed_ && !received_.ended()) || session_.fault() != http::H2Fault::none;
}

}  // namespace daruma::health
