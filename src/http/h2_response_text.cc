// SPDX-License-Identifier: Apache-2.0
#include "http/h2_response_text.h"

#include <algorithm>

#include "base/bytes.h"

namespace daruma::http {
namespace {

constexpr std::string_view length_name = "content-length: ";
constexpr std::string_view type_name = "content-type: ";
constexpr std::string_view grpc_type = "application/grpc";
constexpr std::string_view line_end = "\r\n";

// As nghttp2 gives them, names are in lower case.
std::string_view line_of(std::string_view fields, std::string_view name) {
  size_t at = 0;
  while (at < fields.size()) {
    const size_t end = fields.find(line_end, at);
    if (end == std::string_view::npos) break;
    const std::string_view line = fields.substr(at, end + line_end.size() - at);
    if (line.starts_with(name)) return line;
    at = end + line_end.size();
  }
  return {};
}

}  // namespace

Framing write_response_text(int status, std::string_view fields, const ResponseTextFacts& facts,
                            std::string& out) {
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  out.append(reason_phrase(status)).append(line_end);
  const std::string_view length = line_of(fields, length_name);
  const std::string_view type = line_of(fields, type_name);
  const bool no_body =
      status < 200 || status == 204 || status == 304 || facts.request_method == Method::head;
  const bool grpc = type.substr(std::min(type.size(), type_name.size())).starts_with(grpc_type);
  Framing framing = Framing::none;
  if (!no_body && facts.ended) {
    out.append(fields);
    if (length.empty()) out.append("content-length: 0\r\n");
  } else if (no_body || (!length.empty() && !grpc)) {
    out.append(fields);
    if (!no_body) framing = Framing::length;
  } else {
    const size_t cut =
        length.empty() ? fields.size() : static_cast<size_t>(length.data() - fields.data());
    out.append(fields.substr(0, cut)).append(fields.substr(cut + length.size()));
    out.append("transfer-encoding: chunked\r\n");
    framing = Framing::chunked;
  }
  out.append(line_end);
  return framing;
}

}  // namespace daruma::http
