// SPDX-License-Identifier: Apache-2.0
//
// HTTP messages as values (RFC 9110). Names and values are views into the buffer that the message
// was parsed from: they live as long as that buffer does. Vectors keep their capacity over clear(),
// so a reused head does not allocate.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "http/finding.h"

namespace daruma::http {

enum class Method : uint8_t {
  other,
  get,
  head,
  post,
  put,
  delete_,
  connect,
  options,
  trace,
  patch
};

// Twice is the same as once (RFC 9110 9.2.2).
constexpr bool is_idempotent(Method method) {
  switch (method) {
    case Method::get:
    case Method::head:
    case Method::put:
    case Method::delete_:
    case Method::options:
    case Method::trace:
      return true;
    case Method::other:
    case Method::post:
    case Method::connect:
    case Method::patch:
      return false;
  }
  return false;
}

struct Version {
  uint8_t major = 1;
  uint8_t minor = 1;
  auto operator<=>(const Version&) const = default;
};

// Field names that Daruma acts on, recognised once while parsing, so that later passes compare
// numbers.
enum class FieldId : uint8_t {
  other,
  // A line that two readers could take for different things: a name that is no token, a line
  // without colon, a continuation line, a look-alike of a framing field. Kept for the eye; matches
  // nothing, and is never forwarded.
  invalid,
  connection,
  content_length,
  content_type,
  cookie,
  date,
  expect,
  forwarded,
  host,
  keep_alive,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  server,
  set_cookie,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  x_amzn_mtls_clientcert,  // or one of its kin: -Serial-Number, -Issuer, …
  x_amzn_trace_id,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_port,
  x_forwarded_proto,
};
FieldId field_id_of(std::string_view name);  // ASCII case-insensitive
Method method_of(std::string_view text);     // case-sensitive (RFC 9110 9.1)

struct Field {
  std::string_view name;   // as received
  std::string_view value;  // without surrounding spaces and tabs
  FieldId id = FieldId::other;
};

class Fields {
 public:
  void clear() { fields_.clear(); }
  void add(std::string_view name, std::string_view value) { add(name, value, field_id_of(name)); }
  void add(std::string_view name, std::string_view value, FieldId id) {
    Field& field = fields_.emplace_back();
    field.name = name;
    field.value = value;
    field.id = id;
  }
  // Those that `which` takes have that id from now on.
  template <class Which>
  void mark(FieldId id, Which which) {
    for (Field& field : fields_) {
      if (which(field)) field.id = id;
    }
  }
  // The first of that name, or nullptr. Never an invalid one.
  const Field* find(FieldId id) const;
  const Field* find(std::string_view name) const;
  size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

// How the end of a body is found (RFC 9112 6.3).
enum class Framing : uint8_t { none, length, chunked, until_close };

struct RequestHead {
  std::string_view method_text;
  Method method = Method::other;
  std::string_view target;  // as received: origin-form, absolute-form, authority-form or "*"
  Version version;
  Fields fields;
  Framing framing = Framing::none;  // never until_close
  uint64_t content_length = 0;      // where framing is length
  bool keep_alive = true;           // what version, Connection and framing say (RFC 9112 9.3, 6.1)
  bool expect_continue = false;     // only from HTTP/1.1 on (RFC 9110 10.1.1)
  // "Connection: upgrade", only from HTTP/1.1 on (RFC 9110 7.8): Upgrade says to what, and
  // http/upgrade.h what becomes of it.
  bool upgrade = false;
  // It came as an extended CONNECT of HTTP/2 (RFC 8441): a GET that asks for what :protocol named,
  // and whose client knows success by a 200.
  bool extended_connect = false;
  // Transfer-Encoding other than "chunked" and "identity" (RFC 9112 6.1): the end of the body can't
  // be told, so answer 501 and close.
  bool transfer_coding_unsupported = false;
  Findings findings;      // what was odd; http/desync.h judges it
  size_t wire_bytes = 0;  // request line and fields with their line ends

  void clear();
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  Version version;
  Fields fields;
  Framing framing = Framing::none;  // for the method it answers
  uint64_t content_length = 0;
  bool has_content_length = false;  // also where framing is none (HEAD, 304)
  bool keep_alive = true;
  size_t wire_bytes = 0;

  void clear();
};

// The standard phrase, "" for a code that has none.
std::string_view reason_phrase(int status);

}  // namespace daruma::http
