// SPDX-License-Identifier: Apache-2.0
//
// Field names that a message's Connection fields declare to be for this connection only (RFC 9110
// 7.6.1). Pure. Part of forwarding_headers.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "http/caseless.h"

namespace daruma::http {

class Nominations {
 public:
  // More are not kept: every field is compared with every name, and one message must not make that
  // a long work. What is nominated beyond them is passed on like any field.
  static constexpr size_t names_max = 64;

  // REQUIRES: value lives as long as this.
  void add_connection(std::string_view value) {
    if (equals<"keep-alive">(value)) return;  // nearly always, and nearly always alone
    for_each_list_element(value, [this](std::string_view option) {
      if (count_ == names_max) return;
      if (equals<"keep-alive">(option) || equals<"close">(option)) return;
      names_[count_++] = {option.data(), option.size()};
    });
  }
  bool has(std::string_view name) const {
    for (size_t i = 0; i < count_; ++i) {
      if (ascii_iequals({names_[i].data, names_[i].size}, name)) return true;
    }
    return false;
  }

 private:
  struct Name {  // unlike a string_view it costs nothing before it is set
    const char* data;
    size_t size;
  };
  size_t count_ = 0;
  std::array<Name, names_max> names_;
};

}  // namespace daruma::http
