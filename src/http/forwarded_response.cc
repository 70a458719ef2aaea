// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/bytes.h"
#include "http/forwarding_headers.h"
#include "http/head_text.h"
#include "http/nominations.h"
#include "http/upgrade.h"

namespace daruma::http {
namespace {

constexpr size_t line_bytes_added_max = 2;  // "a:b" LF becomes "a: b" CRLF
constexpr size_t added_bytes_max = 192;     // status line, Date, framing and Connection

class ResponseForwarder {
 public:
  ResponseForwarder(const ResponseHead& head, const ResponseForwarding& how)
      : head_(head),
        how_(how),
        interim_(head.status < 200),
        sets_fields_(!how.added_fields.empty() || !how.set_fields.empty()) {
    const bool knows_chunks = how.client_version >= Version{1, 1};
    const bool chunked = head.framing == Framing::chunked ||
                         (head.framing == Framing::until_close && how.add_chunked);
    chunked_ = chunked && knows_chunks;
    ends_by_close_ = !chunked_ && (chunked || head.framing == Framing::until_close);
    for (const Field& field : head.fields) {
      if (field.id == FieldId::connection) nominations_.add_connection(field.value);
    }
  }

  size_t bytes_max() const {
    return head_.wire_bytes + head_.fields.size() * line_bytes_added_max + added_bytes_max +
           how_.added_fields.size() + how_.set_fields.size();
  }

  void write(HeadText& text) const {
    text.put("HTTP/1.1 ");
    text.put(static_cast<uint64_t>(head_.status));
    text.put(' ');
    text.line(head_.reason);
    ReceivedFields received(text);
    for (const Field& field : head_.fields) {
      if (passes(field)) received.put(field);
    }
    received.flush();
    if (!how_.missing_date.empty()) text.field("Date", how_.missing_date);
    if (sets_fields_) [[unlikely]] {
      text.put(how_.added_fields);
      text.put(how_.set_fields);
    }
    write_framing(text);
    write_connection(text);
    text.put("\r\n");
  }

 private:
  bool passes(const Field& field) const {
    switch (field.id) {
      case FieldId::invalid:
      // Written anew, where they are written.
      case FieldId::content_length:
      case FieldId::transfer_encoding:
      // Between Daruma and the target.
      case FieldId::connection:
      case FieldId::keep_alive:
      case FieldId::proxy_authenticate:
      case FieldId::proxy_authorization:
      case FieldId::proxy_connection:
      case FieldId::te:
      case FieldId::upgrade:
        return false;
      case FieldId::trailer:
        if (!chunked_) return false;
        break;
      case FieldId::other:
      case FieldId::content_type:
      case FieldId::cookie:
      case FieldId::date:
      case FieldId::expect:
      case FieldId::forwarded:
      case FieldId::host:
      case FieldId::server:
      case FieldId::set_cookie:
      case FieldId::user_agent:
      case FieldId::x_amzn_mtls_clientcert:
      case FieldId::x_amzn_trace_id:
      case FieldId::x_forwarded_for:
      case FieldId::x_forwarded_host:
      case FieldId::x_forwarded_port:
      case FieldId::x_forwarded_proto:
        break;
    }
    return !nominations_.has(field.name) && !(sets_fields_ && gives_way(field.name));
  }

  bool gives_way(std::string_view name) const {
    return std::ranges::any_of(
        how_.set_names, [name](const std::string& other) { return ascii_iequals(name, other); });
  }

  void write_framing(HeadText& text) const {
    if (interim_ || head_.status == 204) return;  // RFC 9110 8.6
    if (chunked_) return text.line("Transfer-Encoding: chunked");
    // Where there is no body (HEAD, 304) it tells what another request would get.
    const bool length = head_.framing == Framing::length ||
                        (head_.framing == Framing::none && head_.has_content_length);
    if (length) text.field("Content-Length", head_.content_length);
  }

  void write_connection(HeadText& text) const {
    if (head_.status == 101 || head_.status == 426) [[unlikely]] {
      text.put(upgrade_fields(head_, how_.client_version));
    }
    if (interim_) return;
    if (how_.after == ClientConnectionAfter::close || ends_by_close_) {
      text.line("Connection: close");
    } else if (how_.client_version < Version{1, 1}) {
      text.line("Connection: keep-alive");
    }
  }

  const ResponseHead& head_;
  const ResponseForwarding& how_;
  const bool interim_;
  const bool sets_fields_;
  bool chunked_ = false;
  bool ends_by_close_ = false;
  Nominations nominations_;
};

}  // namespace

void write_forwarded_response(const ResponseHead& head, const ResponseForwarding& how,
                              Buffer& out) {
  const ResponseForwarder forwarder(head, how);
  HeadText text(out, forwarder.bytes_max());
  forwarder.write(text);
}

}  // namespace daruma::http
