// SPDX-License-Identifier: Apache-2.0
#include "notify/xml_tree.h"

#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace daruma::notify {
namespace {

// What is open; each is put into the one before it when it ends.
struct Building {
  XML_Parser parser;
  std::vector<XmlElement> open;
  size_t elements = 0;
  XmlElement root;
  std::string problem;

  void stop(std::string why) {
    problem = std::move(why);
    XML_StopParser(parser, XML_FALSE);
  }
};

void begin(void* self, const XML_Char* name, const XML_Char**) {
  auto& building = *static_cast<Building*>(self);
  if (building.open.size() >= xml_depth_max) {
    return building.stop(fmt::format("elements lie more than {} deep", xml_depth_max));
  }
  if (++building.elements > xml_elements_max) {
    return building.stop(fmt::format("it has more than {} elements", xml_elements_max));
  }
  building.open.push_back({name, "", {}});
}

void take_text(void* self, const XML_Char* text, int size) {
  auto& building = *static_cast<Building*>(self);
  building.open.back().text.append(text, static_cast<size_t>(size));
}

void end(void* self, const XML_Char*) {
  auto& building = *static_cast<Building*>(self);
  XmlElement done = std::move(building.open.back());
  building.open.pop_back();
  if (building.open.empty()) {
    building.root = std::move(done);
  } else {
    building.open.back().children.push_back(std::move(done));
  }
}

void refuse_type(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  static_cast<Building*>(self)->stop("it declares a document type");
}

}  // namespace

const XmlElement* XmlElement::find(std::string_view child) const {
  const auto found = std::ranges::find(children, child, &XmlElement::name);
  return found == children.end() ? nullptr : &*found;
}

std::string XmlElement::text_at(std::string_view path) const {
  const XmlElement* at = this;
  while (at != nullptr && !path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    at = at->find(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return at == nullptr ? "" : at->text;
}

Result<XmlElement> parse_xml(std::string_view text) {
  if (text.size() > std::numeric_limits<int>::max()) return fail("it is too large");
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser(
      XML_ParserCreate("UTF-8"), &XML_ParserFree);
  DARUMA_ASSERT(parser != nullptr);
  Building building{parser.get(), {}, 0, {}, ""};
  XML_SetUserData(parser.get(), &building);
  XML_SetElementHandler(parser.get(), begin, end);
  XML_SetCharacterDataHandler(parser.get(), take_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), refuse_type);
  const XML_Status status =
      XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
  if (status == XML_STATUS_OK) return std::move(building.root);
  if (building.problem.empty()) building.problem = XML_ErrorString(XML_GetErrorCode(parser.get()));
  return fail(fmt::format("it is not the XML that was expected: line {}: {}",
                          XML_GetCurrentLineNumber(parser.get()), building.problem));
}

}  // namespace daruma::notify
