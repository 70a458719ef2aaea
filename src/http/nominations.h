// SPDX-License-Identifier: Apache-2.0
//
// Field names that a message's Connection fields declare to be for this connection only (RFC 9110
// 7.6.1). Pure. Part of forwarding_headers.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/bytes.h"

namespace daruma::http {

class Nominations {
 public:
  // More are not kept: every field is compared with every name, and one message must not make that
  // a long work. What is nominated beyond them is passed on like any field.
  static constexpr size_t names_max = 64;

  // REQUIRES: value lives as long as this.
  void add_connection(std::string_view value) {
    for_each_list_element(value, [this](std::string_view option) {
      if (count_ == names_max) return;
      if (ascii_iequals(option, "keep-alive") || ascii_iequals(option, "close")) return;
      names_[count_++] = option;
    });
  }
  bool has(std::string_view name) const {
    for (size_t i = 0; i < count_; ++i) {
      if (ascii_iequals(names_[i], name)) return true;
    }
    return false;
  }

 private:
  size_t count_ = 0;
  std::array<std::string_view, names_max> names_;
};

}  // namespace daruma::http
