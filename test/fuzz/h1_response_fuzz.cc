// SPDX-License-Identifier: Apache-2.0
//
// Response heads: the same whether they come whole or in pieces; once rewritten for a client they
// read as the same response, framed so that this client finds its end. Then the body behind them.
#include "body_check.h"
#include "fuzz_input.h"
#include "http/forwarding_headers.h"
#include "http/h1_parser.h"

namespace {

using namespace daruma::http;

ParseStatus parse_growing(const std::string& bytes, size_t step, Method method,
                          ResponseHead& head) {
  H1ResponseParser parser;
  for (size_t size = 0; size < bytes.size(); size += step) {
    const ParseStatus status = parser.parse(std::string_view(bytes).substr(0, size), method, head);
    if (status != ParseStatus::need_more) return status;
  }
  return parser.parse(bytes, method, head);
}

void check_same(const ResponseHead& a, const ResponseHead& b) {
  FUZZ_CHECK(a.status == b.status && a.reason == b.reason && a.version == b.version);
  FUZZ_CHECK(a.framing == b.framing && a.content_length == b.content_length);
  FUZZ_CHECK(a.keep_alive == b.keep_alive && a.has_content_length == b.has_content_length);
  FUZZ_CHECK(a.wire_bytes == b.wire_bytes && a.fields.size() == b.fields.size());
}

void check_forwarded(const ResponseHead& head, Method method, const ResponseForwarding& how) {
  daruma::SlabPool pool;
  daruma::Buffer out(pool);
  write_forwarded_response(head, how, out);
  FUZZ_CHECK(out.size() <= head.wire_bytes + forwarded_response_bytes_extra);
  const std::string bytes(out.view());
  ResponseHead again;
  // Room for what forwarding adds.
  H1ResponseParser roomy({.field_bytes_max = 20'000, .head_bytes_max = 40'000, .fields_max = 300});
  FUZZ_CHECK(roomy.parse(bytes, method, again) == ParseStatus::complete);
  FUZZ_CHECK(again.wire_bytes == bytes.size());
  FUZZ_CHECK(again.status == head.status && again.reason == head.reason);
  const bool knows_chunks = how.client_version >= Version{1, 1};
  Framing expected = head.framing;
  if (expected == Framing::until_close && how.add_chunked) expected = Framing::chunked;
  if (expected == Framing::chunked && !knows_chunks) expected = Framing::until_close;
  FUZZ_CHECK(again.framing == expected);
  if (expected == Framing::length) FUZZ_CHECK(again.content_length == head.content_length);
  if (expected == Framing::until_close) FUZZ_CHECK(!again.keep_alive);
  for (const Field& field : again.fields) {
    FUZZ_CHECK(field.id != FieldId::keep_alive && field.id != FieldId::upgrade);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  daruma::fuzz::Input input(data, size);
  const uint8_t choice = input.choice();
  const size_t step = 1 + input.choice();
  const std::string bytes = input.rest();
  const Method method = choice & 1 ? Method::head : choice & 2 ? Method::post : Method::get;

  ResponseHead whole, growing;
  const ParseStatus status = H1ResponseParser().parse(bytes, method, whole);
  const ParseStatus grown = parse_growing(bytes, step, method, growing);
  FUZZ_CHECK((status == ParseStatus::complete) == (grown == ParseStatus::complete));
  FUZZ_CHECK((status == ParseStatus::need_more) == (grown == ParseStatus::need_more));
  if (status != ParseStatus::complete) return 0;
  check_same(whole, growing);
  const Version client{1, static_cast<uint8_t>(choice & 4 ? 0 : 1)};
  check_forwarded(
      whole, method,
      {.client_version = client,
       .after = choice & 8 ? ClientConnectionAfter::close : ClientConnectionAfter::keep_alive,
       .add_chunked = (choice & 16) != 0});
  daruma::fuzz::check_body(whole.framing, whole.content_length,
                           std::string_view(bytes).substr(whole.wire_bytes), step);
  return 0;
}
