// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "base/check.h"
#include "http/caseless.h"
#include "http/characters.h"
#include "http/desync.h"
#include "http/field_rules.h"
#include "http/forwarding_headers.h"
#include "http/head_text.h"
#include "http/upgrade.h"
#include "http/uri.h"

namespace daruma::http {
namespace {

constexpr size_t forwarded_for_addresses_max = 30;
// Names, punctuation and numbers of the fields that are added.
constexpr size_t added_bytes_max = 512 + 2 * tls_field_name_bytes_max;
constexpr size_t certificate_name_bytes_max = tls_field_name_bytes_max + 4;
constexpr size_t line_bytes_added_max = 2;  // "a:b" LF becomes "a: b" CRLF

bool needs_encoding(char c) {
  return c == ' ' || is_control(c);
}

bool has_odd_target(const RequestHead& head) {
  return head.findings.has(Finding::space_in_uri) || head.findings.has(Finding::ambiguous_uri);
}

// "192.0.2.7:80" and "[2001:db8::7]:80", not "2001:db8::7".
bool has_port(std::string_view address) {
  const size_t colon = address.find(':');
  return colon != std::string_view::npos &&
         (address.find(':', colon + 1) == std::string_view::npos ||
          address.find("]:") != std::string_view::npos);
}

bool tells_certificate(const ForwardedRequest& request) {
  return request.settings.certificate != CertificateTelling::nothing &&
         request.client.certificate != nullptr &&
         request.client.certificate_telling == request.settings.certificate;
}

class RequestForwarder {
 public:
  explicit RequestForwarder(const ForwardedRequest& request)
      : head_(request.head),
        parts_(request.parts),
        client_(request.client),
        settings_(request.settings),
        rewrite_(request.rewrite),
        dirty_values_(head_.findings.has(Finding::non_compliant_header)),
        odd_target_(has_odd_target(head_)),
        rules_(settings_) {
    for (const Field& field : head_.fields) survey(field);
  }

  void write(const ForwardedRequest& request, HeadText& text) const {
    write_request_line(text);
    write_forwarded_for(text);
    text.field("X-Forwarded-Proto", client_.secure ? "https" : "http");
    text.field("X-Forwarded-Port", uint64_t{client_.listener_port});
    write_host(request.host_when_missing, text);
    if (!request.trace_id.empty()) write_field("X-Amzn-Trace-Id", request.trace_id, text);
    if (settings_.replace_trace_context) [[unlikely]] {
      text.field(traceparent_field, request.traceparent);
    }
    if (settings_.add_tls_version_and_cipher && client_.secure) {
      const auto name = [](const std::string* own, std::string_view standard) {
        return own ? std::string_view(*own) : standard;
      };
      text.field(name(settings_.tls_version_name, tls_version_field), client_.tls_version);
      text.field(name(settings_.tls_cipher_name, tls_cipher_field), client_.tls_cipher);
    }
    if (settings_.certificate != CertificateTelling::nothing) [[unlikely]] {
      if (tells_certificate(request)) write_certificate(*client_.certificate, text);
    }
    write_received(text);
    // By value: writing stays in registers as long as nobody else may write to `text`.
    if (wants_trailers_ || head_.upgrade) [[unlikely]] {
      text.put(connection_fields(head_, wants_trailers_));
    }
    if (!request.websocket_key.empty()) [[unlikely]] {
      text.field("Sec-WebSocket-Key", request.websocket_key);
    }
    write_framing(text);
    text.put("\r\n");
  }

 private:
  void write_certificate(const ClientCertificate& certificate, HeadText& text) const {
    const ClientCertificateNames& names = *settings_.certificate_names;
    if (settings_.certificate == CertificateTelling::chain) {
      return text.field(names.chain, certificate.chain);
    }
    text.field(names.serial_number, certificate.serial_number);
    text.field(names.issuer, certificate.issuer);
    text.field(names.subject, certificate.subject);
    text.field(names.validity, certificate.validity);
    text.field(names.leaf, certificate.leaf);
  }

  void survey(const Field& field) {
    if (field.id == FieldId::other) return;
    if (field.id == FieldId::connection) {
      rules_.add_connection(field.value);
    } else if (field.id == FieldId::host) {
      host_ = &field;
    } else if (field.id == FieldId::x_forwarded_for) {
      for_each_list_element(field.value,
                            [this](std::string_view address) { last_address_ = address; });
    } else if (field.id == FieldId::te) {
      for_each_list_element(field.value, [this](std::string_view coding) {
        wants_trailers_ |= equals<"trailers">(coding);
      });
    }
  }

  bool passes(const Field& field) const {
    switch (field.id) {
      case FieldId::invalid:
      // Written anew, where they are written.
      case FieldId::content_length:
      case FieldId::transfer_encoding:
      case FieldId::host:
      case FieldId::te:
      case FieldId::x_amzn_mtls_clientcert:
      case FieldId::x_amzn_trace_id:
      case FieldId::x_forwarded_for:
      case FieldId::x_forwarded_port:
      case FieldId::x_forwarded_proto:
      // Between the client and Daruma.
      case FieldId::connection:
      case FieldId::expect:
      case FieldId::keep_alive:
      case FieldId::proxy_authenticate:
      case FieldId::proxy_authorization:
      case FieldId::proxy_connection:
      case FieldId::upgrade:
        return false;
      case FieldId::forwarded:
      case FieldId::x_forwarded_host:
        return true;
      case FieldId::trailer:
        if (head_.framing != Framing::chunked) return false;
        break;
      case FieldId::other:
      case FieldId::content_type:
      case FieldId::cookie:
      case FieldId::date:
      case FieldId::server:
      case FieldId::set_cookie:
      case FieldId::user_agent:
        break;
    }
    return rules_.pass(field.name);
  }

  void write_received(HeadText& text) const {
    if (dirty_values_) {
      for (const Field& field : head_.fields) {
        if (passes(field)) write_field(field.name, field.value, text);
      }
      return;
    }
    ReceivedFields received(text);
    for (const Field& field : head_.fields) {
      if (passes(field)) received.put(field);
    }
    received.flush();
  }

  void write_value(std::string_view value, HeadText& text) const {
    if (!dirty_values_) return text.put(value);
    for (const char c : value) text.put(is_control(c) && c != '\t' ? ' ' : c);
  }

  void write_field(std::string_view name, std::string_view value, HeadText& text) const {
    text.put(name);
    text.put(": ");
    write_value(value, text);
    text.put("\r\n");
  }

  void write_target(std::string_view target, HeadText& text) const {
    for (const char c : target) {
      if (!needs_encoding(c)) {
        text.put(c);
        continue;
      }
      for (const char encoded : percent_encoded(c)) text.put(encoded);
    }
  }

  void write_request_line(HeadText& text) const {
    text.put(head_.method_text);
    text.put(' ');
    rewrite_.path_and_query.empty() ? write_received_target(text)
                                    : write_target(rewrite_.path_and_query, text);
    text.put(" HTTP/1.1\r\n");
  }

  void write_received_target(HeadText& text) const {
    const std::string_view received = parts_.path_and_query;
    if (parts_.path_is_implied()) {
      if (received.empty() && head_.method == Method::options) {
        return text.put('*');  // RFC 9112 3.2.4
      }
      text.put('/');
    }
    odd_target_ ? write_target(received, text) : text.put(received);
  }

  std::string_view absolute_authority() const {
    return parts_.form == TargetForm::absolute ? parts_.authority : "";
  }

  void write_forwarded_for(HeadText& text) const {
    switch (settings_.xff_mode) {
      case XffMode::remove:
        return;
      case XffMode::preserve:
        for (const Field& field : head_.fields) {
          if (field.id == FieldId::x_forwarded_for) write_field(field.name, field.value, text);
        }
        return;
      case XffMode::append:
        break;
    }
    text.put("X-Forwarded-For: ");
    for (const Field& field : head_.fields) {
      if (field.id != FieldId::x_forwarded_for || field.value.empty()) continue;
      write_value(field.value, text);
      text.put(", ");
    }
    write_peer(text);
    text.put("\r\n");
  }

  void write_peer(HeadText& text) const {
    const bool v6 = client_.peer.family() == Address::Family::v6;
    const bool brackets = v6 && (settings_.xff_client_port || has_port(last_address_));
    if (brackets) text.put('[');
    text.put(client_.peer_ip);
    if (brackets) text.put(']');
    if (!settings_.xff_client_port) return;
    text.put(':');
    text.put(uint64_t{client_.peer.port()});
  }

  void write_host(std::string_view host_when_missing, HeadText& text) const {
    const bool has_host = host_ && !host_->value.empty();
    const bool same_host = absolute_authority().empty() && rewrite_.host.empty();
    if (settings_.preserve_host_header && same_host && has_host) {
      return write_field(host_->name, host_->value, text);
    }
    const std::string_view authority = !absolute_authority().empty() ? absolute_authority()
                                       : has_host                    ? host_->value
                                                                     : host_when_missing;
    text.put("Host: ");
    write_authority(authority, text);
    text.put("\r\n");
  }

  bool on_default_port() const {
    return client_.listener_port == 80 || client_.listener_port == 443;
  }

  void write_authority(std::string_view authority, HeadText& text) const {
    if (!rewrite_.host.empty()) return write_rewritten_host(authority, text);
    const bool default_port = on_default_port();
    const std::optional<HostPort> split = split_host(authority);
    const bool keep = settings_.preserve_host_header || !split || split->host.empty() ||
                      (split->port && !default_port);
    write_value(keep ? authority : split->host, text);
    if (keep || default_port) return;
    text.put(':');
    text.put(uint64_t{client_.listener_port});
  }

  void write_rewritten_host(std::string_view received, HeadText& text) const {
    text.put(rewrite_.host);
    if (has_port(rewrite_.host)) return;
    const std::optional<HostPort> split = split_host(received);
    const bool keep = settings_.preserve_host_header || !on_default_port();
    if (keep && split && split->port) {
      text.put(':');
      text.put(uint64_t{*split->port});
    } else if (!settings_.preserve_host_header && !on_default_port()) {
      text.put(':');
      text.put(uint64_t{client_.listener_port});
    }
  }

  void write_framing(HeadText& text) const {
    switch (head_.framing) {
      case Framing::none:
      case Framing::until_close:
        return;
      case Framing::chunked:
        return text.line("Transfer-Encoding: chunked");
      case Framing::length:
        break;
    }
    const bool expects_none = head_.method == Method::get || head_.method == Method::head;
    if (expects_none && head_.content_length == 0) return;
    text.field("Content-Length", head_.content_length);
  }

  const RequestHead& head_;
  const TargetParts& parts_;
  const ClientFacts& client_;
  const ForwardingSettings& settings_;
  const RequestRewrite& rewrite_;
  const bool dirty_values_;
  const bool odd_target_;
  const Field* host_ = nullptr;
  std::string_view last_address_;
  bool wants_trailers_ = false;
  FieldRules rules_;
};

size_t forwarded_for_addresses(const Fields& fields) {
  size_t addresses = 0;
  for (const Field& field : fields) {
    if (field.id != FieldId::x_forwarded_for) continue;
    for_each_list_element(field.value, [&addresses](std::string_view) { ++addresses; });
  }
  return addresses;
}

// Of what is told.
size_t certificate_bytes_max(const ForwardedRequest& request) {
  if (!tells_certificate(request)) return 0;
  const ClientCertificate& certificate = *request.client.certificate;
  if (request.settings.certificate == CertificateTelling::chain)
    return certificate_name_bytes_max + certificate.chain.size();
  return 5 * certificate_name_bytes_max + certificate.serial_number.size() +
         certificate.issuer.size() + certificate.subject.size() + certificate.validity.size() +
         certificate.leaf.size();
}

size_t head_bytes_max(const ForwardedRequest& request) {
  const RequestHead& head = request.head;
  const std::string_view target = head.target;
  const size_t encoded =
      has_odd_target(head) ? std::count_if(target.begin(), target.end(), needs_encoding) : 0;
  return head.wire_bytes + head.fields.size() * line_bytes_added_max + 2 * encoded +
         request.client.peer_ip.size() + request.client.tls_cipher.size() +
         request.trace_id.size() + request.websocket_key.size() + request.host_when_missing.size() +
         request.rewrite.host.size() + 3 * request.rewrite.path_and_query.size() + added_bytes_max +
         certificate_bytes_max(request);
}

}  // namespace

void mark_certificate_fields(const ClientCertificateNames& names, Fields& fields) {
  fields.mark(FieldId::x_amzn_mtls_clientcert, [&names](const Field& field) {
    return field.id == FieldId::other && is_of_certificate(field.name, names);
  });
}

ForwardProblem forward_problem(const ForwardedRequest& request) {
  if (forwarded_for_addresses(request.head.fields) > forwarded_for_addresses_max)
    return ForwardProblem::too_many_forwarded_for;
  return head_bytes_max(request) > Buffer::size_max() ? ForwardProblem::head_too_large
                                                      : ForwardProblem::none;
}

std::string passing_trailers(std::string_view trailers, const TrailerRules& rules) {
  std::string passing;
  if (trailers.empty() || rules.head == nullptr) return passing.assign(trailers);
  FieldRules fields(rules.settings);
  for (const Field& field : *rules.head) {
    if (field.id == FieldId::connection) fields.add_connection(field.value);
  }
  while (!trailers.empty()) {
    const std::string_view line = trailers.substr(0, trailers.find('\n') + 1);
    if (fields.pass(line.substr(0, line.find(':')))) passing += line;
    trailers.remove_prefix(line.size());
  }
  return passing;
}

void write_forwarded_request(const ForwardedRequest& request, Buffer& out) {
  DARUMA_ASSERT(!unframeable(request.head.findings));
  DARUMA_ASSERT(!request.head.transfer_coding_unsupported);
  const RequestForwarder forwarder(request);
  HeadText text(out, head_bytes_max(request));
  forwarder.write(request, text);
}

}  // namespace daruma::http
