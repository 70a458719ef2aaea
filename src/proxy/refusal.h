// SPDX-License-Identifier: Apache-2.0
//
// What is answered to a request whose head could not be read. Pure.
#pragma once

#include "http/head_scanner.h"
#include "http/message.h"
#include "model/limits.h"
#include "model/reason.h"

namespace daruma::proxy {

inline constexpr http::HeadLimits request_limits{
    .line_bytes_max = model::limits::request_line_bytes_max,
    .field_bytes_max = model::limits::field_line_bytes_max,
    .head_bytes_max = model::limits::request_head_bytes_max,
    .fields_max = model::limits::fields_max};

struct Refusal {
  int status;
  model::Reason reason;
  http::Method method = http::Method::other;  // as far as it is known: HEAD gets no page
};

// need_more: the time for the head is over.
constexpr Refusal refusal_of(http::ParseStatus status) {
  switch (status) {
    case http::ParseStatus::line_too_long:
      return {414, model::Reason::request_line_too_long};
    case http::ParseStatus::field_too_long:
    case http::ParseStatus::head_too_large:
    case http::ParseStatus::too_many_fields:
      return {400, model::Reason::request_head_too_large};
    case http::ParseStatus::version_unsupported:
      return {505, model::Reason::request_version_unsupported};
    case http::ParseStatus::need_more:
      return {408, model::Reason::request_head_timeout};
    case http::ParseStatus::malformed:
    case http::ParseStatus::complete:
      break;
  }
  return {400, model::Reason::request_malformed};
}

}  // namespace daruma::proxy
