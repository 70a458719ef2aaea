// SPDX-License-Identifier: Apache-2.0
//
// Answers that Daruma makes itself: error pages as an ALB writes them, redirects, fixed responses.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/time.h"
#include "http/message.h"
#include "model/reason.h"
#include "model/rule.h"
#include "proxy/protocol_match.h"

namespace daruma::proxy {

struct LocalAnswer {
  int status = 0;
  std::string_view content_type{};  // "" : no Content-Type
  std::string_view body{};
  std::string_view location{};  // redirects
  std::string_view allow{};     // 405
  int retry_after_seconds = 0;  // 0: not said
  // Said besides the status, to a client of gRPC, which reads no page.
  std::optional<GrpcStatus> grpc{};
};

struct LocalAnswerHow {
  http::Method method = http::Method::get;  // HEAD gets no body
  bool close = false;
  bool server_header = true;
  WallTime now{};                 // for Date
  std::string_view set_fields{};  // more fields, each with its line end
};

// Appends the whole answer.
void write_local_answer(const LocalAnswer& answer, const LocalAnswerHow& how, Buffer& out);

// "502 Bad Gateway": the phrase that an ALB's pages and status lines carry for a status.
std::string_view page_phrase(int status);
// The HTML page of an error: 122 bytes for 502. `storage` holds it.
std::string_view error_page(int status, std::string& storage);
inline constexpr std::string_view plain_http_page =
    "<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n"
    "<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n"
    "<center>The plain HTTP request was sent to HTTPS port</center>\r\n</body>\r\n</html>\r\n";

struct ErrorFacts {
  int status = 0;
  model::Reason reason = model::Reason::none;
  std::string_view trace_id;
};
// The page that a listener has for this status, or nullptr.
const model::ErrorPage* error_page_for(std::span<const model::ErrorPage> pages, int status);
// With its keywords replaced. What a client may have put into its trace id does no harm in a page.
std::string_view expand_error_page(const model::ErrorPage& page, const ErrorFacts& facts,
                                   std::string& storage);

struct RedirectFacts {
  std::string_view protocol;  // "http"
  std::string_view host;      // without port
  uint16_t port = 0;
  std::string_view path;   // "/a/b"
  std::string_view query;  // without '?'
};
// The Location of a redirect (AWS: "https://#{host}:#{port}/#{path}?#{query}"). Always with its
// port, as an ALB does.
void write_location(const model::RedirectAction& action, const RedirectFacts& facts,
                    std::string& location);

}  // namespace daruma::proxy
