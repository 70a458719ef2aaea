// SPDX-License-Identifier: Apache-2.0
#include "http/upgrade.h"

#include <string_view>

#include "base/bytes.h"
#include "http/caseless.h"
#include "http/characters.h"

namespace daruma::http {
namespace {

// protocol-name [ "/" protocol-version ]
bool may_pass(std::string_view protocol) {
  const size_t slash = protocol.find('/');
  const std::string_view name = protocol.substr(0, slash);
  const bool versioned = slash != std::string_view::npos;
  if (!is_token(name) || (versioned && !is_token(protocol.substr(slash + 1)))) return false;
  return !equals<"h2c">(name) && !equals<"h2">(name) && !equals<"http">(name) &&
         !equals<"tls">(name);
}

template <class F>
void for_each_protocol(const Fields& fields, F take) {
  for (const Field& field : fields) {
    if (field.id == FieldId::upgrade) for_each_list_element(field.value, take);
  }
}

bool offers(const Fields& fields, std::string_view protocol) {
  bool found = false;
  for_each_protocol(fields, [&](std::string_view offered) {
    found |= may_pass(offered) && ascii_iequals(offered, protocol);
  });
  return found;
}

std::string upgrade_field(const Fields& received) {
  std::string line;
  for_each_protocol(received, [&line](std::string_view protocol) {
    if (may_pass(protocol)) line.append(line.empty() ? "Upgrade: " : ",").append(protocol);
  });
  return line.empty() ? line : line + "\r\n";
}

bool says_upgrade(const Fields& fields) {
  bool says = false;
  for (const Field& field : fields) {
    if (field.id != FieldId::connection) continue;
    for_each_list_element(field.value,
                          [&says](std::string_view option) { says |= equals<"upgrade">(option); });
  }
  return says;
}

}  // namespace

bool asks_to_switch(const RequestHead& request) {
  bool asks = false;
  for_each_protocol(request.fields,
                    [&asks](std::string_view protocol) { asks |= may_pass(protocol); });
  return request.upgrade && asks;
}

bool asks_for_websocket(const RequestHead& request) {
  const Field* const asked = request.fields.find(FieldId::upgrade);
  return request.upgrade && asked && equals<"websocket">(asked->value);
}

std::string connection_fields(const RequestHead& request, bool wants_trailers) {
  const bool upgrades = asks_to_switch(request);
  std::string lines = upgrades ? upgrade_field(request.fields) : "";
  if (wants_trailers) lines += "TE: trailers\r\n";
  if (!upgrades && !wants_trailers) return lines;
  lines += "Connection: ";
  lines += !wants_trailers ? "Upgrade" : upgrades ? "Upgrade, TE" : "TE";
  return lines + "\r\n";
}

std::string upgrade_fields(const ResponseHead& response, Version client) {
  if (client < Version{1, 1}) return "";
  return upgrade_field(response.fields) + "Connection: Upgrade\r\n";
}

bool switches_as_asked(const ResponseHead& response, const RequestHead& request) {
  if (!request.upgrade || response.version < Version{1, 1}) return false;
  bool names_one = false;
  bool names_other = false;
  for_each_protocol(response.fields, [&](std::string_view protocol) {
    (offers(request.fields, protocol) ? names_one : names_other) = true;
  });
  return names_one && !names_other && says_upgrade(response.fields);
}

}  // namespace daruma::http
