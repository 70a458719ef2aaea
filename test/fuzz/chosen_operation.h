// SPDX-License-Identifier: Apache-2.0
//
// Inputs that begin with a line that names an operation of a table. Another line chooses some
// operation too, so that a changed letter tries the rest of the input on another one.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/stable_hash.h"
#include "fuzz_input.h"

namespace daruma::fuzz {

template <class Row>
const Row& chosen(std::span<const Row> rows, std::string_view line) {
  for (const Row& row : rows) {
    if (row.name == line) return row;
  }
  return rows[stable_hash(line) % rows.size()];
}

}  // namespace daruma::fuzz
