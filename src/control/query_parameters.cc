// SPDX-License-Identifier: Apache-2.0
#include "control/query_parameters.h"

#include <algorithm>

#include "http/characters.h"

namespace daruma::control {
namespace {

std::string decoded(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() ? http::hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? http::hex_value(text[i + 2]) : -1;
    if (text[i] != '%' || low < 0) {
      plain += text[i];
      continue;
    }
    plain += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return plain;
}

}  // namespace

std::vector<std::pair<std::string_view, std::string>> query_parameters(std::string_view query) {
  std::vector<std::pair<std::string_view, std::string>> parameters;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const size_t equals = std::min(parameter.find('='), parameter.size());
    parameters.emplace_back(parameter.substr(0, equals),
                            decoded(parameter.substr(std::min(equals + 1, parameter.size()))));
  }
  return parameters;
}

}  // namespace daruma::control
