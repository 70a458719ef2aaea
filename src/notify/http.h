// SPDX-License-Identifier: Apache-2.0
//
// One HTTP request to somebody else's service, answered or not: what those who tell others use, so
// that tests can stand in for the network.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace daruma::notify {

inline constexpr size_t http_body_bytes_max = 1024 * 1024;
inline constexpr Duration http_timeout = 15s;

inline constexpr std::string_view aws_standard_region = "us-east-1";  // where none is configured

// Who signs, and for what (AWS Signature Version 4).
struct AwsSigner {
  std::string access_key_id;
  std::string secret_access_key;
  std::string region;
  std::string service;  // "s3"
};

struct HttpRequest {
  std::string method;  // GET, POST, PUT
  std::string url;
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
  std::optional<AwsSigner> signer = {};  // of all of it, body included
  Duration timeout = http_timeout;       // for all of it
  size_t reply_bytes_max = http_body_bytes_max;
};

struct HttpReply {
  int status = 0;
  std::string body;        // no more than reply_bytes_max of it
  Duration retry_after{};  // 0: not said (RFC 9110 10.2.3, in seconds)
  bool cut_off = false;    // there was more

  bool ok() const { return status >= 200 && status < 300; }
  // The same request may do later: too many, or trouble that is the server's own.
  bool may_pass() const { return status == 408 || status == 429 || status >= 500; }
};

// Why a service did not give what it was asked for.
struct ServiceProblem {
  std::string message;
  bool may_pass = false;  // the same question may be answered later
};

class HttpSender {
 public:
  virtual ~HttpSender() = default;
  // Waits for the answer. Fails if there is none: no connection, no time left, or stopping.
  virtual Result<HttpReply> send(const HttpRequest& request) = 0;
};

}  // namespace daruma::notify
