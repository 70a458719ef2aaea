// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.x heads from bytes (RFC 9112): incremental, repairs nothing. Pure.
// A head that is there as a whole is read in one pass. Otherwise the parser remembers how far it
// has looked for the end of the head and reads the fields when that end is there, so that the work
// does not grow with the number of pieces. Requests are read leniently where the guard wants to
// judge (bare LF, spaces in the target, a missing colon, …): what was odd stands in head.findings.
// Responses are either good or malformed.
#pragma once

#include <optional>
#include <string_view>

#include "http/head_scanner.h"
#include "http/message.h"

namespace daruma::http {

class H1RequestParser {
 public:
  explicit H1RequestParser(const HeadLimits& limits = {}) : limits_(limits) {}

  // `input` begins with the first byte of the request and holds what has arrived so far; on later
  // calls it may have moved in memory but not changed. On `complete` fills `head` (views into
  // input) and head.wire_bytes is the head's length; the body follows it. Empty lines before the
  // request line are skipped and counted in wire_bytes.
  // A continuation line (obs-fold) is kept as an invalid field of its own and not joined to the
  // value before it, so no value ever holds a line break (see FieldId::invalid).
  ParseStatus parse(std::string_view input, RequestHead& head);
  // Ready for the next message.
  void reset() { scanner_.reset(); }

 private:
  bool read_at_once(std::string_view input, RequestHead& head);

  HeadLimits limits_;
  HeadScanner scanner_;
};

class H1ResponseParser {
 public:
  explicit H1ResponseParser(const HeadLimits& limits = {.head_bytes_max = 32 * 1024})
      : limits_(limits) {}

  // As above. `request_method` decides the framing (HEAD has no body). 1xx heads are returned like
  // others.
  ParseStatus parse(std::string_view input, Method request_method, ResponseHead& head);
  void reset() { scanner_.reset(); }

 private:
  bool read_at_once(std::string_view input, Method request_method, ResponseHead& head);

  HeadLimits limits_;
  HeadScanner scanner_;
};

// What is wrong with a request whose sender closed before its head ended; `input` is what came of
// it. Nullopt if nothing came.
std::optional<Finding> finding_at_close(std::string_view input);

}  // namespace daruma::http
