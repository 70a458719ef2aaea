// SPDX-License-Identifier: Apache-2.0
//
// What became of each request, one line of comma-separated values, for lab/records.py.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace daruma::lab {

// How a request ended for its client.
enum class Outcome : uint8_t {
  answered,    // a complete response, whatever its status
  wrong_body,  // complete, but not what was asked for
  not_sent,    // too many were outstanding already
  connect,     // no TCP connection
  tls,         // no TLS session
  reset,       // the connection died before the response was complete
  closed,      // it was closed before
  malformed,   // not HTTP
  timed_out,   // the client's patience ended
};
std::string_view name_of(Outcome outcome);

struct Record {
  uint64_t number = 0;  // of the user's request: retries have the same
  unsigned attempt = 0;
  bool reused = false;  // on a connection that had carried another
  int status = 0;       // 0 without a response
  Outcome outcome = Outcome::answered;
  // Since the start; `sent` and `first_byte` are `absent` where it did not come that far.
  Duration intended{};
  Duration sent = absent;
  Duration first_byte = absent;
  Duration done{};
  static constexpr Duration absent = Duration(-1);
};

class RecordFile {
 public:
  static Result<RecordFile> create(const std::string& path, WallTime start);
  void write(const Record& record);
  void flush() { file_.flush(); }
  bool failed() const { return !file_; }

 private:
  explicit RecordFile(std::ofstream file) : file_(std::move(file)) {}
  std::ofstream file_;
};

}  // namespace daruma::lab
