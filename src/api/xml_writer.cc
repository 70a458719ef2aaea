// SPDX-License-Identifier: Apache-2.0
#include "api/xml_writer.h"

#include "api/shapes.h"

namespace daruma::api {

void XmlWriter::open(std::string_view name) {
  xml_ += '<';
  xml_ += name;
  xml_ += '>';
}

void XmlWriter::close(std::string_view name) {
  xml_ += "</";
  xml_ += name;
  xml_ += '>';
}

void XmlWriter::element(std::string_view name, std::string_view value) {
  open(name);
  for (const char c : value) {
    switch (c) {
      case '<':
        xml_ += "&lt;";
        break;
      case '>':
        xml_ += "&gt;";
        break;
      case '&':
        xml_ += "&amp;";
        break;
      case '"':
        xml_ += "&quot;";
        break;
      case '\r':
        xml_ += "&#13;";  // a reader would take it for a line feed
        break;
      default:
        xml_ += c;
    }
  }
  close(name);
}

void XmlWriter::texts(std::string_view name, const std::vector<std::string>& values) {
  within(name, [&] {
    for (const std::string& value : values) element("member", value);
  });
}

void XmlWriter::forward_config(
    const std::optional<std::vector<model::api::TargetGroupTuple>>& groups,
    const std::optional<model::api::TargetGroupStickinessConfig>& stickiness) {
  if (!groups) return;
  within("ForwardConfig", [&] {
    objects("TargetGroups", *groups);
    within("TargetGroupStickinessConfig", [&] {
      flag("Enabled", stickiness && stickiness->enabled.value_or(false));
      if (stickiness) number("DurationSeconds", stickiness->duration_seconds);
    });
  });
}

}  // namespace daruma::api
