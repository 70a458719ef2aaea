// SPDX-License-Identifier: Apache-2.0
#include "tls/pem_blocks.h"

#include <fmt/format.h>

namespace daruma::tls {

Result<size_t> count_blocks(std::string_view pem, std::string_view label) {
  constexpr std::string_view begin = "-----BEGIN ";
  size_t count = 0;
  for (size_t at = pem.find(begin); at != std::string_view::npos; at = pem.find(begin, at)) {
    at += begin.size();
    const std::string_view rest = pem.substr(at);
    if (!rest.starts_with(label) || !rest.substr(label.size()).starts_with("-----")) {
      return fail(
          fmt::format("PEM block {} is no \"-----BEGIN {}-----\"; take out all other blocks, "
                      "private keys above all",
                      count + 1, label));
    }
    ++count;
  }
  if (count == 0) return fail(fmt::format("there is no block \"-----BEGIN {}-----\"", label));
  return count;
}

std::string explain_blocks_not_read(size_t there, size_t read) {
  return fmt::format(
      "of {} PEM blocks only {} can be read: each must begin at the start of a line, with no "
      "spaces and no byte order mark before it",
      there, read);
}

}  // namespace daruma::tls
