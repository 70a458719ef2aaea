// SPDX-License-Identifier: Apache-2.0
#include "model/reason.h"

#include <array>

namespace daruma::model {
namespace {

struct Row {
  std::string_view name;
  std::string_view meaning;
};
constexpr std::array<Row, reason_count> rows{{
#define X(name, meaning) {#name, meaning},
    DARUMA_REASONS(X)
#undef X
}};

}  // namespace

std::string_view name_of(Reason reason) {
  return rows[static_cast<size_t>(reason)].name;
}
std::string_view meaning_of(Reason reason) {
  return rows[static_cast<size_t>(reason)].meaning;
}

}  // namespace daruma::model
