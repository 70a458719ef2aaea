// SPDX-License-Identifier: Apache-2.0
//
// libcurl, for a thread that may wait. TLS certificates are verified against the system's; no
// redirect is followed, so that a key goes nowhere but where it was meant to. HTTPS_PROXY and
// NO_PROXY of the environment hold, as for the curl command.
#pragma once

#include <memory>

#include "notify/http.h"

typedef void CURL;
typedef void CURLM;

namespace daruma::notify {

// The library's own state. One in a process, made before there are threads.
class CurlLibrary {
 public:
  CurlLibrary();
  ~CurlLibrary();
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

// Runs transfers to their end, one at a time, unless it is stopped. One thread; stop() is
// anybody's.
class CurlTransfers {
 public:
  CurlTransfers();
  ~CurlTransfers();
  CurlTransfers(const CurlTransfers&) = delete;
  CurlTransfers& operator=(const CurlTransfers&) = delete;

  // Fails with libcurl's reason.
  Result<void> run(CURL* transfer);
  // What runs fails at once, and everything later too.
  void stop();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

class CurlSender final : public HttpSender {
 public:
  explicit CurlSender(CurlTransfers& transfers) : transfers_(transfers) {}
  Result<HttpReply> send(const HttpRequest& request) override;

 private:
  CurlTransfers& transfers_;
};

}  // namespace daruma::notify
