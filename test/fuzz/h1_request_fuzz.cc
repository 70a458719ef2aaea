// SPDX-License-Identifier: Apache-2.0
//
// Request heads: the same whether they come whole or in two pieces or more, within the bytes given,
// and with no line break in a value that may be forwarded. Then the body behind the head.
#include "body_check.h"
#include "fuzz_input.h"
#include "http/desync.h"
#include "http/h1_parser.h"
#include "http/uri.h"

namespace {

using namespace daruma::http;

bool lies_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_head(const RequestHead& head, std::string_view bytes) {
  FUZZ_CHECK(head.wire_bytes <= bytes.size());
  FUZZ_CHECK(lies_within(head.method_text, bytes));
  FUZZ_CHECK(lies_within(head.target, bytes));
  FUZZ_CHECK(head.framing != Framing::until_close);
  const bool bad = head.findings.has(Finding::bad_header);
  for (const Field& field : head.fields) {
    FUZZ_CHECK(lies_within(field.name, bytes));
    FUZZ_CHECK(lies_within(field.value, bytes));
    FUZZ_CHECK(bad ||
               field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  std::string storage;
  const std::string_view path = split_target(head.target, head.method == Method::connect).path;
  const std::string normal(normalised_path(path, storage));
  FUZZ_CHECK(normal.size() <= path.size());
  FUZZ_CHECK(normalised_path(path, storage) == normal);
}

void check_same(const RequestHead& a, const RequestHead& b) {
  FUZZ_CHECK(a.method_text == b.method_text && a.target == b.target && a.version == b.version);
  FUZZ_CHECK(a.framing == b.framing && a.content_length == b.content_length);
  FUZZ_CHECK(a.keep_alive == b.keep_alive && a.expect_continue == b.expect_continue);
  FUZZ_CHECK(a.transfer_coding_unsupported == b.transfer_coding_unsupported);
  FUZZ_CHECK(a.wire_bytes == b.wire_bytes);
  FUZZ_CHECK(
      std::equal(a.findings.begin(), a.findings.end(), b.findings.begin(), b.findings.end()));
  FUZZ_CHECK(std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end(),
                        [](const Field& x, const Field& y) {
                          return x.name == y.name && x.value == y.value && x.id == y.id;
                        }));
}

// Grows the input by `step` bytes until the parser has made up its mind.
ParseStatus parse_growing(H1RequestParser& parser, const std::string& bytes, size_t step,
                          RequestHead& head) {
  for (size_t size = 0; size < bytes.size(); size += step) {
    const ParseStatus status = parser.parse(std::string_view(bytes).substr(0, size), head);
    if (status != ParseStatus::need_more) return status;
  }
  return parser.parse(bytes, head);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  daruma::fuzz::Input input(data, size);
  const uint8_t choice = input.choice();
  const std::string bytes = input.rest();
  // Small limits, so that small inputs meet them.
  const HeadLimits small{
      .line_bytes_max = 64, .field_bytes_max = 48, .head_bytes_max = 256, .fields_max = 5};
  const HeadLimits limits = choice & 1 ? small : HeadLimits{};
  const size_t step = 1 + (choice >> 1);

  H1RequestParser whole_parser(limits), growing_parser(limits);
  RequestHead whole, growing;
  const ParseStatus status = whole_parser.parse(bytes, whole);
  const ParseStatus grown = parse_growing(growing_parser, bytes, step, growing);
  if (status != ParseStatus::complete) {
    // Of two things wrong, which is seen first depends on what has arrived.
    FUZZ_CHECK(grown != ParseStatus::complete);
    FUZZ_CHECK((status == ParseStatus::need_more) == (grown == ParseStatus::need_more));
    return 0;
  }
  FUZZ_CHECK(grown == ParseStatus::complete);
  check_head(whole, bytes);
  check_same(whole, growing);
  if (unframeable(whole.findings) || whole.transfer_coding_unsupported) return 0;
  daruma::fuzz::check_body(whole.framing, whole.content_length,
                           std::string_view(bytes).substr(whole.wire_bytes), step);
  return 0;
}
