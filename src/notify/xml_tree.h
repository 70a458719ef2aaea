// SPDX-License-Identifier: Apache-2.0
//
// An answer of another service as a tree of its elements (libexpat). Attributes, namespaces and
// comments are left out. What declares a document type is refused: entities are where XML is
// dangerous, and no API needs them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace daruma::notify {

struct XmlElement {
  std::string name;
  std::string text;  // all of it that is directly within, as it stands
  std::vector<XmlElement> children;

  // The first of that name; null if there is none.
  const XmlElement* find(std::string_view child) const;
  // The text of "placement/availabilityZone"; "" if it is not there.
  std::string text_at(std::string_view path) const;
};

inline constexpr size_t xml_depth_max = 32;
inline constexpr size_t xml_elements_max = 200'000;

// The root. Fails with what is wrong, and in which line.
Result<XmlElement> parse_xml(std::string_view text);

}  // namespace daruma::notify
