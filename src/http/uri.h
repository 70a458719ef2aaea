// SPDX-License-Identifier: Apache-2.0
//
// A request target's parts (RFC 9112 3.2), split and never rewritten. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daruma::http {

struct TargetParts {
  std::string_view scheme;     // absolute-form only
  std::string_view authority;  // absolute- and authority-form only
  std::string_view path;       // "/…"; "" for authority-form; "*"
  std::string_view query;      // without '?'
  bool has_query = false;      // "/x?" has an empty one
};
TargetParts split_target(std::string_view target, bool is_connect = false);

struct HostPort {
  std::string_view host;  // "[::1]" keeps its brackets
  std::optional<uint16_t> port;
};
// Of a Host field or authority. Nullopt if the port is no port.
std::optional<HostPort> split_host(std::string_view authority);

// Path as rules see it: percent-decoded where the result is unreserved, "." and ".." segments
// resolved (RFC 3986 6.2.2), doubled slashes kept. Returns `path` itself if nothing changes, else a
// view into `storage`.
std::string_view normalised_path(std::string_view path, std::string& storage);

}  // namespace daruma::http
