// SPDX-License-Identifier: Apache-2.0
//
// A value or the reason there is none. For operators' input and the control side; the data plane
// uses closed enums.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace daruma {

// What went wrong and how to mend it, in one sentence that an operator can act on.
struct Error {
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace daruma
