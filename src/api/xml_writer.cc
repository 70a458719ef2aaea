// SPDX-License-Identifier: Apache-2.0
#include "api/xml_writer.h"

#include <algorithm>

#include "api/shapes.h"
#include "base/utf8.h"

namespace daruma::api {
namespace {

using std::string_view;

// Bytes of the first character; 0 if XML cannot hold it (XML 1.0 section 2.2): errors repeat what
// anybody may have sent.
size_t character_length(string_view text) {
  const char c = text.front();
  if (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') return 0;
  if (text.starts_with("\xef\xbf\xbe") || text.starts_with("\xef\xbf\xbf")) return 0;
  return utf8_length(text);
}

}  // namespace

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
  for (string_view rest = value; !rest.empty();) {
    const size_t length = character_length(rest);
    if (length != 1) {  // of several bytes, or none that XML can hold
      xml_ += length == 0 ? string_view("\xef\xbf\xbd") : rest.substr(0, length);
      rest.remove_prefix(std::max<size_t>(length, 1));
      continue;
    }
    const char c = rest.front();
    rest.remove_prefix(1);
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
