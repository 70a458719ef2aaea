// SPDX-License-Identifier: Apache-2.0
//
// One HTTP request to somebody else's service, answered or not: what those who tell others use, so
// that tests can stand in for the network.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace daruma::notify {

struct HttpRequest {
  std::string method;  // GET, POST, PUT
  std::string url;
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
};

struct HttpReply {
  int status = 0;
  std::string body;        // no more than http_body_bytes_max of it
  Duration retry_after{};  // 0: not said (RFC 9110 10.2.3, in seconds)

  bool ok() const { return status >= 200 && status < 300; }
  // The same request may do later: too many, or trouble that is the server's own.
  bool may_pass() const { return status == 408 || status == 429 || status >= 500; }
};

inline constexpr size_t http_body_bytes_max = 1024 * 1024;
inline constexpr Duration http_timeout = 15s;  // for all of it

class HttpSender {
 public:
  virtual ~HttpSender() = default;
  // Waits for the answer. Fails if there is none: no connection, no time left, or stopping.
  virtual Result<HttpReply> send(const HttpRequest& request) = 0;
};

}  // namespace daruma::notify
