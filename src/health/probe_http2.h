// SPDX-License-Identifier: Apache-2.0
//
// A probe's request and its answer by HTTP/2: as HTTP/1.1 writes them on this side, in frames on
// the other (ADR 7). One stream, then the connection has done its duty.
#pragma once

#include <string>
#include <string_view>

#include "base/buffer.h"
#include "http/h2_client_session.h"
#include "http/h2_text.h"

namespace daruma::health {

class ProbeHttp2 final : private http::H2ClientStream {
 public:
  // `request`: a whole one of HTTP/1.1.
  ProbeHttp2(SlabPool& slabs, std::string_view scheme, std::string_view request);

  // Appends to `answer` what `bytes` of the target mean.
  void receive(std::string_view bytes, Buffer& answer);
  // Appends what is to be sent.
  void fill(std::string& out);
  // No more of the answer will come: the target reset it, or broke the rules.
  bool failed() const;
  // GOAWAY.
  void end() { session_.end(); }

 private:
  void on_response(int status, std::string_view fields, bool ended) override;
  void on_body(std::string_view bytes) override { received_.add(bytes); }
  void on_body_end(std::string_view trailers) override { received_.end(trailers); }
  void on_closed() override { closed_ = true; }

  SlabPool& slabs_;
  http::H2ClientSession session_;
  http::H2TextReader received_;
  http::H2TextWriter body_;
  http::Method method_ = http::Method::get;
  bool closed_ = false;
};

}  // namespace daruma::health
