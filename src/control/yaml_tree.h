// SPDX-License-Identifier: Apache-2.0
//
// A YAML text as a tree that knows where everything stands. Guards what a configuration file should
// never hold: too many bytes, levels or (after aliases) nodes, duplicate keys, bytes that are not
// UTF-8. Aliases are shared, merge keys (<<) applied. The only place that knows yaml-cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "model/limits.h"

namespace daruma::control {

struct Position {
  int line = 1;
  int column = 1;  // in bytes
  bool operator==(const Position&) const = default;
};

struct YamlNode {
  enum class Kind : uint8_t { null, scalar, sequence, mapping };
  struct Entry {
    std::string key;
    Position position;  // of the key
    const YamlNode* value = nullptr;
  };

  Kind kind = Kind::null;
  Position position;
  std::string text;                    // scalar
  std::vector<const YamlNode*> items;  // sequence
  std::vector<Entry> entries;          // mapping, in the file's order
  uint64_t expanded = 1;               // nodes in it, each alias counted as what it stands for

  const Entry* find(std::string_view key) const;
};
std::string_view describe(YamlNode::Kind kind);  // "a list"

struct YamlProblem {
  Position position;
  std::string message;
};

class YamlTree {
 public:
  static constexpr size_t bytes_max = model::limits::file_bytes_max;
  static constexpr size_t depth_max = 64;
  static constexpr uint64_t nodes_max = 1'000'000;

  // One document. Problems are appended; root() is null if nothing can be read at all.
  static YamlTree parse(const std::string& text, std::vector<YamlProblem>& problems);
  const YamlNode* root() const { return root_; }

 private:
  friend class YamlBuilder;
  std::deque<YamlNode> nodes_;
  const YamlNode* root_ = nullptr;
};

}  // namespace daruma::control
