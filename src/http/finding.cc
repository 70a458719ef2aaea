// SPDX-License-Identifier: Apache-2.0
#include "http/finding.h"

namespace daruma::http {

std::string_view name_of(Finding finding) {
  switch (finding) {
    case Finding::non_compliant_header:
      return "NonCompliantHeader";
    case Finding::space_in_uri:
      return "SpaceInUri";
    case Finding::non_compliant_version:
      return "NonCompliantVersion";
    case Finding::get_head_zero_content_length:
      return "GetHeadZeroContentLength";
    case Finding::non_crlf_line_termination:
      return "NonCrLfLineTermination";
    case Finding::empty_header:
      return "EmptyHeader";
    case Finding::ambiguous_uri:
      return "AmbiguousUri";
    case Finding::undefined_content_length_semantics:
      return "UndefinedContentLengthSemantics";
    case Finding::undefined_transfer_encoding_semantics:
      return "UndefinedTransferEncodingSemantics";
    case Finding::duplicate_content_length:
      return "DuplicateContentLength";
    case Finding::both_te_cl_present:
      return "BothTeClPresent";
    case Finding::suspicious_header:
      return "SuspiciousHeader";
    case Finding::multiline_header:
      return "MultilineHeader";
    case Finding::partial_header_line:
      return "PartialHeaderLine";
    case Finding::missing_last_empty_line:
      return "MissingLastEmptyLine";
    case Finding::missing_header_colon:
      return "MissingHeaderColon";
    case Finding::missing_uri:
      return "MissingUri";
    case Finding::bad_header:
      return "BadHeader";
    case Finding::bad_uri:
      return "BadUri";
    case Finding::bad_version:
      return "BadVersion";
    case Finding::bad_method:
      return "BadMethod";
    case Finding::multiple_content_length:
      return "MultipleContentLength";
    case Finding::bad_content_length:
      return "BadContentLength";
    case Finding::multiple_transfer_encoding_chunked:
      return "MultipleTransferEncodingChunked";
    case Finding::bad_transfer_encoding:
      return "BadTransferEncoding";
  }
  return "";
}

}  // namespace daruma::http
