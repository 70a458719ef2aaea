// SPDX-License-Identifier: Apache-2.0
//
// For tests and fuzzing: what must hold of every request that the guard lets through, whatever it
// looked like when it came. The rewritten request
//  - is one head, Compliant but for a body of GET or HEAD that was there before;
//  - has the method, target and framing of what came;
//  - has no field that the client did not send, but those that Daruma adds;
//  - means the same to a reader as sloppy as you like (checked byte by byte, without our parser).
#pragma once

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "http/characters.h"
#include "http/desync.h"
#include "http/forwarding_headers.h"
#include "http/h1_parser.h"
#include "http/request_inspector.h"
#include "http/upgrade.h"
#include "http/uri.h"

namespace daruma::http {

struct GuardSubject {
  DesyncMode mode = DesyncMode::monitor;  // lets the most through
  ForwardingSettings settings;
  ClientFacts client;
  RequestRewrite rewrite;
};

// What the target may see of a value.
inline std::string cleaned(std::string_view value) {
  std::string text(value);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; }, ' ');
  return std::string(trim_ows(text));
}

inline std::string expected_target(const RequestHead& head, const RequestRewrite& rewrite) {
  const TargetParts parts = split_target(head.target, head.method == Method::connect);
  std::string_view text = head.target;
  std::string target;
  if (parts.form == TargetForm::absolute) {
    const char* const end = parts.authority.data() + parts.authority.size();
    text.remove_prefix(end - text.data());
  }
  text = text.substr(0, text.find('#'));
  if (!rewrite.path_and_query.empty()) {
    text = rewrite.path_and_query;
  } else if (parts.form == TargetForm::absolute && !text.starts_with('/')) {
    target = text.empty() && head.method == Method::options ? "*" : "/";
  }
  for (const char c : text) {
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned>(c));
    target += c == ' ' || is_control(c) ? std::string(escape) : std::string(1, c);
  }
  return target;
}

inline bool is_added(const Field& field) {
  constexpr FieldId ids[] = {FieldId::connection,
                             FieldId::content_length,
                             FieldId::host,
                             FieldId::te,
                             FieldId::transfer_encoding,
                             FieldId::upgrade,
                             FieldId::x_amzn_mtls_clientcert,
                             FieldId::x_amzn_trace_id,
                             FieldId::x_forwarded_for,
                             FieldId::x_forwarded_port,
                             FieldId::x_forwarded_proto};
  return std::find(std::begin(ids), std::end(ids), field.id) != std::end(ids) ||
         field.name.starts_with("X-Amzn-Tls-");
}

// What a reader could stumble over who splits lines, names and values in his own way.
inline std::string sloppy_reader_objects(std::string_view bytes) {
  if (bytes.find('\0') != bytes.npos) return "NUL";
  size_t framing_fields = 0;
  for (size_t line = 0, begin = 0;; ++line) {
    const size_t end = bytes.find("\r\n", begin);
    if (end == bytes.npos) return "no line end";
    const std::string_view text = bytes.substr(begin, end - begin);
    begin = end + 2;
    if (text.empty()) return begin == bytes.size() ? "" : "bytes after the head";
    if (text.find_first_of("\r\n") != text.npos) return "bare CR or LF";
    if (line == 0) {
      if (std::count(text.begin(), text.end(), ' ') != 2) return "not three words";
      if (!text.ends_with(" HTTP/1.1")) return "version";
      continue;
    }
    const size_t colon = text.find(": ");
    if (colon == text.npos || !is_token(text.substr(0, colon))) return "no field";
    const std::string_view name = text.substr(0, colon);
    if (resembles_framing_field(name)) return "look-alike";
    const FieldId id = field_id_of(name);
    framing_fields += id == FieldId::content_length || id == FieldId::transfer_encoding;
    if (framing_fields > 1) return "framed twice";
  }
}

// The framing by the genuine fields alone, told once more and differently; and whether there is
// one.
struct ToldFraming {
  bool certain = true;
  Framing framing = Framing::none;
  uint64_t content_length = 0;
};
inline ToldFraming told_framing(const RequestHead& head) {
  ToldFraming told;
  std::string lengths, codings;
  for (const Field& field : head.fields) {
    std::string& list = field.id == FieldId::content_length ? lengths : codings;
    if (field.id != FieldId::content_length && field.id != FieldId::transfer_encoding) continue;
    list += (list.empty() ? "" : ",") + std::string(field.value);
  }
  std::string_view first_length;
  for_each_list_element(lengths, [&](std::string_view element) {
    if (first_length.empty()) first_length = element;
    const std::optional<uint64_t> length = parse_decimal(element);
    told.certain &= length && length == parse_decimal(first_length);
    told.framing = Framing::length;
    told.content_length = length.value_or(0);
  });
  bool chunked = false;
  for_each_list_element(codings, [&](std::string_view element) {
    const std::string coding = ascii_lowered(trim_ows(element.substr(0, element.find(';'))));
    told.certain &= !chunked && (coding == "chunked" || coding == "identity");
    chunked |= coding == "chunked";
  });
  if (!chunked) return told;
  told.framing = Framing::chunked;
  told.content_length = 0;
  return told;
}

inline std::string differs(const RequestHead& came, const RequestHead& left,
                           const GuardSubject& subject) {
  if (came.method_text != left.method_text) return "method";
  if (expected_target(came, subject.rewrite) != left.target) return "target";
  if (left.version != Version{1, 1} || !left.keep_alive) return "persistence";
  const ToldFraming told = told_framing(came);
  if (!told.certain) return "uncertain framing";
  const bool no_body = told.framing == Framing::length && told.content_length == 0;
  if (left.framing != told.framing && !(no_body && left.framing == Framing::none)) return "framing";
  if (left.content_length != told.content_length) return "content length";
  if (left.expect_continue) return "expectation";
  const bool upgrades = left.fields.find(FieldId::upgrade) != nullptr;
  if (upgrades != asks_to_switch(came) || upgrades != left.upgrade) return "upgrade";
  size_t hosts = 0;
  auto next = came.fields.begin();
  for (const Field& field : left.fields) {
    hosts += field.id == FieldId::host;
    if (is_added(field)) continue;
    // In the order that they came in.
    next = std::find_if(next, came.fields.end(), [&field](const Field& other) {
      return other.id != FieldId::invalid && other.name == field.name &&
             cleaned(other.value) == field.value;
    });
    if (next == came.fields.end()) return "field " + std::string(field.name);
    ++next;
  }
  if (hosts != 1) return "host";
  const std::string_view host = left.fields.find(FieldId::host)->value;
  return host.starts_with(subject.rewrite.host) ? "" : "rewritten host";
}

// Reads `bytes` as a request and, if it may be forwarded, rewrites it. Returns what is wrong with
// the result, or "". `forwarded` is what a target would get ("" if nothing).
inline std::string guard_violation(std::string_view bytes, const GuardSubject& subject,
                                   std::string& forwarded) {
  forwarded.clear();
  H1RequestParser parser;
  RequestHead came;
  if (parser.parse(bytes, came) != ParseStatus::complete) return "";
  const DesyncVerdict verdict = classify(came.findings);
  if (decide(verdict, came.findings, subject.mode) == DesyncDecision::block) return "";
  if (came.transfer_coding_unsupported || came.method == Method::connect) return "";

  const TargetParts parts = split_target(came.target, came.method == Method::connect);
  const ForwardedRequest request{.head = came,
                                 .parts = parts,
                                 .client = subject.client,
                                 .settings = subject.settings,
                                 .trace_id = "Root=1-00000000-000000000000000000000000",
                                 .host_when_missing = "balancer.example",
                                 .rewrite = subject.rewrite};
  if (forward_problem(request) != ForwardProblem::none) return "";
  SlabPool pool;
  Buffer out(pool);
  write_forwarded_request(request, out);
  forwarded = out.view();

  parser.reset();
  RequestHead left;
  if (parser.parse(forwarded, left) != ParseStatus::complete) return "unreadable";
  if (left.wire_bytes != forwarded.size()) return "size";
  for (const Finding finding : left.findings) {
    const bool same_body = finding == Finding::undefined_content_length_semantics ||
                           finding == Finding::undefined_transfer_encoding_semantics;
    if (!same_body || !came.findings.has(finding)) return std::string(name_of(finding));
  }
  const std::string difference = differs(came, left, subject);
  return difference.empty() ? sloppy_reader_objects(forwarded) : difference;
}

}  // namespace daruma::http
