// SPDX-License-Identifier: Apache-2.0
//
// Decoding one mapping of a file member by member: kinds are checked, every member is taken at most
// once, and what nobody took is an unknown key.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/diagnostics.h"
#include "control/issues.h"
#include "control/yaml_tree.h"
#include "model/resources.h"

namespace daruma::control {

// Members that AWS knows for a shape and this file does not take, and what to say of them.
enum class ForeignKind : uint8_t {
  feature,   // ALB has it, this release does not
  nowhere,   // means nothing outside AWS
  elsewhere  // belongs to other types of load balancers
};
struct ForeignMember {
  std::string_view key;
  ForeignKind kind = ForeignKind::feature;
  std::string_view instead = {};  // says it all, if not empty
};

// Collects what decoding finds, and remembers where, so that a later check of the same place does
// not speak again.
class DecodeProblems {
 public:
  void add(Position position, const Path& where, std::string message);
  // Something in this place was not understood.
  void forget(const Path& where) { spoiled_.insert(where.steps()); }
  // Whether this place, or one that it lies in, was not understood.
  bool spoiled(const std::vector<PathStep>& where) const;
  bool any_spoiled(std::string_view section, std::string_view member) const;
  // What a member that is not served here would have said is not missing.
  void excuse(const YamlNode& node, const Path& where, std::span<const ForeignMember> foreign);
  // True, and said so, if the mapping is of a kind that this release does not have.
  bool refuse_choice(const YamlNode& node, const Path& where, std::string_view key,
                     std::span<const std::string_view> foreign);

  struct Problem {
    Position position;
    std::string message;
  };
  const std::vector<Problem>& list() const { return list_; }
  // More than anybody reads: advice is not worth its time any more.
  bool many() const { return list_.size() >= Issues::kept_max; }

 private:
  std::vector<Problem> list_;
  std::set<std::vector<PathStep>> spoiled_;
};

class Members {
 public:
  // `what` names the mapping in messages: "a target group".
  Members(const YamlNode& node, const Path& path, std::string_view what, DecodeProblems& problems);

  void text(std::string_view key, std::string& out);
  void text(std::string_view key, std::optional<std::string>& out);
  void number(std::string_view key, std::string_view expected, std::optional<int64_t>& out);
  void boolean(std::string_view key, std::optional<bool>& out);
  void texts(std::string_view key, std::vector<std::string>& out);
  void texts(std::string_view key, std::optional<std::vector<std::string>>& out);
  void attributes(std::string_view key, model::api::Attributes& out);

  using Visit = std::function<void(const YamlNode& node, const Path& path)>;
  void mapping(std::string_view key, const Visit& visit);
  // Visits each item of a list.
  void each(std::string_view key, const Visit& visit);
  // As each(), over a vector of which item i is element i, whatever is wrong with it.
  template <class T, class F>
  void list(std::string_view key, std::vector<T>& out, F decode) {
    each(key, [&](const YamlNode& node, const Path& path) {
      out.emplace_back();
      decode(node, path, out.back());
    });
  }

  // Reports what was not taken. Call last.
  void finish(std::span<const ForeignMember> foreign = {});

 private:
  const YamlNode* take(std::string_view key, YamlNode::Kind kind, std::string_view expected);
  void wrong_kind(std::string_view key, std::string_view expected, const YamlNode& node);
  void unknown(const YamlNode::Entry& entry, std::span<const ForeignMember> foreign);

  const YamlNode& node_;
  const Path& path_;
  std::string_view what_;
  DecodeProblems& problems_;
  bool usable_;
  std::vector<std::string_view> known_;
};

}  // namespace daruma::control
