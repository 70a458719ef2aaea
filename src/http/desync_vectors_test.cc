// SPDX-License-Identifier: Apache-2.0
//
// The guard against the test vectors of AWS's http-desync-guardian, where they are at hand: each
// request as parsed parts, and as bytes where it can be put on the wire.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "http/characters.h"
#include "http/desync.h"
#include "http/h1_parser.h"
#include "http/request_inspector.h"

namespace daruma::http {
namespace {

constexpr size_t vectors_total = 159;
constexpr size_t vectors_raw = 150;

struct Vector {
  std::string where;
  std::string method;
  std::string target;
  std::string version;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string tier;
  std::string reason;
};

// The vectors escape a second time, inside their YAML strings.
std::string unescaped(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    switch (const char c = text[++i]) {
      case 'n':
        result += '\n';
        break;
      case 'r':
        result += '\r';
        break;
      case 't':
        result += '\t';
        break;
      case 'x':
        result += static_cast<char>(hex_value(text.at(i + 1)) * 16 + hex_value(text.at(i + 2)));
        i += 2;
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string text_of(const YAML::Node& node) {
  return unescaped(node.as<std::string>());
}

std::vector<Vector> load(const std::filesystem::path& folder) {
  std::vector<Vector> vectors;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    for (const YAML::Node& node : YAML::LoadFile(file.path())) {
      Vector vector;
      vector.where = file.path().filename().string() + ": " + node["name"].as<std::string>();
      vector.method = text_of(node["method"]);
      vector.target = text_of(node["uri"]);
      vector.version = text_of(node["version"]);
      for (const YAML::Node& field : node["headers"]) {
        vector.fields.emplace_back(text_of(field["name"]), text_of(field["value"]));
      }
      vector.tier = node["expected"]["tier"].as<std::string>();
      vector.reason = node["expected"]["reason"].as<std::string>();
      vectors.push_back(std::move(vector));
    }
  }
  return vectors;
}

void expect_verdict(const Vector& vector, const Findings& findings) {
  const DesyncVerdict verdict = classify(findings);
  EXPECT_EQ(name_of(verdict.tier), vector.tier);
  EXPECT_EQ(verdict.reason ? name_of(*verdict.reason) : "Compliant", vector.reason);
}

// A line feed would end a line, and an empty target or a second version would be read otherwise.
bool fits_on_the_wire(const Vector& vector) {
  std::string text = vector.method + vector.target + vector.version;
  for (const auto& [name, value] : vector.fields) text += name + value;
  return text.find('\n') == std::string::npos && !vector.target.empty() &&
         vector.version != "HTTP/1.1 HTTP/1.1";
}

std::string wire_form(const Vector& vector) {
  std::string text = vector.method + " " + vector.target;
  if (!vector.version.empty()) text += " " + vector.version;
  text += "\r\n";
  for (const auto& [name, value] : vector.fields) text += name + ":" + value + "\r\n";
  return text + "\r\n";
}

class DesyncVectors : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path folder = DARUMA_SOURCE_DIR "/../shared/vectors/desync";
    if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no vectors at " << folder;
    vectors_ = load(folder);
    ASSERT_EQ(vectors_.size(), vectors_total);
  }
  std::vector<Vector> vectors_;
};

TEST_F(DesyncVectors, as_parts) {
  for (const Vector& vector : vectors_) {
    SCOPED_TRACE(vector.where);
    RequestHead head;
    head.method_text = vector.method;
    head.target = vector.target;
    for (const auto& [name, value] : vector.fields) head.fields.add(name, value, FieldId::other);
    inspect_request(head, vector.version);
    expect_verdict(vector, head.findings);
  }
}

TEST_F(DesyncVectors, as_bytes) {
  size_t sent = 0;
  for (const Vector& vector : vectors_) {
    if (!fits_on_the_wire(vector)) continue;
    SCOPED_TRACE(vector.where);
    ++sent;
    const std::string bytes = wire_form(vector);
    H1RequestParser parser;
    RequestHead head;
    ASSERT_EQ(parser.parse(bytes, head), ParseStatus::complete);
    EXPECT_EQ(head.wire_bytes, bytes.size());
    expect_verdict(vector, head.findings);
  }
  EXPECT_EQ(sent, vectors_raw);
}

}  // namespace
}  // namespace daruma::http
