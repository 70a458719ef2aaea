// SPDX-License-Identifier: Apache-2.0
//
// A request target's parts (RFC 9112 3.2), split and never rewritten. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daruma::http {

enum class TargetForm : uint8_t {
  none,       // not a request target
  origin,     // "/where?q=now"
  absolute,   // "http://host:8080/where?q=now"
  authority,  // "host:443", of CONNECT only
  asterisk,   // "*"
};

struct TargetParts {
  TargetForm form = TargetForm::none;
  std::string_view authority;  // absolute- and authority-form only; without user information
  // A fragment is no part of a request target: what '#' begins is left out of these.
  std::string_view path_and_query;  // as received: "" for "http://host"
  std::string_view path;   // "/…"; also where absolute-form has none (RFC 9110 4.2.3); "*";
                           // "" for authority-form alone
  std::string_view query;  // without '?'

  // The path is "/" although path_and_query does not begin with it: "http://host?q".
  bool path_is_implied() const {
    return form == TargetForm::absolute && !path_and_query.starts_with('/');
  }
};
TargetParts split_target(std::string_view target, bool is_connect = false);

struct HostPort {
  std::string_view host;  // "[::1]" keeps its brackets
  std::optional<uint16_t> port;
};
// Of a Host field or authority without user information; "host:" has no port (RFC 3986 3.2.3).
// Nullopt if the host has bytes that no host has, or the port is no port.
std::optional<HostPort> split_host(std::string_view authority);

// Path as rules see it: percent-decoded where the result is unreserved, "." and ".." segments
// resolved (RFC 3986 6.2.2), doubled slashes kept. Returns `path` itself if nothing changes, else a
// view into `storage`.
std::string_view normalised_path(std::string_view path, std::string& storage);

}  // namespace daruma::http
