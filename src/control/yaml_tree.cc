// SPDX-License-Identifier: Apache-2.0
#include "control/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "base/utf8.h"

namespace daruma::control {
namespace {

// Leaves the parser from within its call-backs; caught in YamlTree::parse().
struct Stop {
  YamlProblem problem;
};

Position position_of(const YAML::Mark& mark) {
  return {std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1};
}

YamlProblem too_many(Position position) {
  return {position, fmt::format("more than {} values (an alias counts as what it stands for)",
                                YamlTree::nodes_max)};
}

// Lines of the text, for looking at what stands where the parser stumbled.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {
    for (size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n') starts_.push_back(at + 1);
    }
  }
  std::string_view from(Position position) const {
    const size_t line = static_cast<size_t>(position.line) - 1;
    if (line >= starts_.size()) return {};
    const size_t at = starts_[line] + static_cast<size_t>(position.column) - 1;
    return at < text_.size() ? text_.substr(at) : std::string_view();
  }
  // Where a tab stands among the spaces that begin this line.
  std::optional<Position> tab_in_indentation(int line) const {
    const std::string_view rest = from({line, 1});
    const size_t at = rest.find_first_not_of(' ');
    if (at == std::string_view::npos || rest[at] != '\t') return std::nullopt;
    return Position{line, static_cast<int>(at) + 1};
  }

 private:
  std::string_view text_;
  std::vector<size_t> starts_{0};
};

// The first byte that no text file holds.
std::optional<YamlProblem> find_bad_byte(std::string_view text) {
  Position position;
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const size_t length = utf8_length(text.substr(at));
    if (length == 0) {
      return YamlProblem{position,
                         fmt::format("the file must be UTF-8; byte 0x{:02x} is not", byte)};
    }
    if ((byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7f) {
      return YamlProblem{position, fmt::format("control character 0x{:02x}; remove it", byte)};
    }
    at += length;
    position.column += static_cast<int>(length);
    if (byte == '\n') position = {position.line + 1, 1};
  }
  return std::nullopt;
}

// True if a quoted scalar has its closing quote: yaml-cpp takes the end of the file for one.
bool quote_is_closed(std::string_view scalar) {
  if (scalar.empty() || (scalar[0] != '"' && scalar[0] != '\'')) return true;
  const char quote = scalar[0];
  for (size_t at = 1; at < scalar.size(); ++at) {
    const bool doubled = quote == '\'' && scalar.substr(at).starts_with("''");
    if (doubled || (scalar[at] == '\\' && quote == '"')) {
      ++at;  // an escape of two characters
    } else if (scalar[at] == quote) {
      return true;
    }
  }
  return false;
}

}  // namespace

// Receives yaml-cpp's events and builds the tree.
class YamlBuilder : public YAML::EventHandler {
 public:
  YamlBuilder(YamlTree& tree, const Lines& lines, std::vector<YamlProblem>& problems)
      : tree_(tree), lines_(lines), problems_(problems) {}

  bool has_document() const { return has_document_; }
  const std::vector<YamlNode*>& open() const { return open_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (has_document_) {
      throw Stop{{position_of(mark), "the file must hold one YAML document; another begins here"}};
    }
    has_document_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(YamlNode::Kind::null, mark, anchor));
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!quote_is_closed(lines_.from(position_of(mark)))) {
      throw Stop{{position_of(mark), "this quote is never closed"}};
    }
    YamlNode& node = make(YamlNode::Kind::scalar, mark, anchor);
    node.text = value;
    add(node);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode& node = *anchors_[anchor];
    if (std::ranges::find(open_, &node) != open_.end()) {
      throw Stop{{position_of(mark), "this alias stands inside the very thing it names"}};
    }
    add(node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    push(make(YamlNode::Kind::sequence, mark, anchor));
  }
  void OnSequenceEnd() override { pop(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    push(make(YamlNode::Kind::mapping, mark, anchor));
  }
  void OnMapEnd() override {
    merge(*open_.back());
    pop();
  }

 private:
  YamlNode& make(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (tree_.nodes_.size() == YamlTree::nodes_max) throw Stop{too_many(position_of(mark))};
    YamlNode& node = tree_.nodes_.emplace_back();
    node.kind = kind;
    node.position = position_of(mark);
    if (anchor != 0) anchors_[anchor] = &node;
    return node;
  }

  void push(YamlNode& node) {
    if (open_.size() == YamlTree::depth_max) {
      throw Stop{{node.position, fmt::format("nested deeper than {} levels", YamlTree::depth_max)}};
    }
    open_.push_back(&node);
    pending_keys_.emplace_back();
  }
  void pop() {
    YamlNode& node = *open_.back();
    open_.pop_back();
    pending_keys_.pop_back();
    add(node);
  }

  void add(YamlNode& node) {
    if (open_.empty()) {
      tree_.root_ = &node;
      return;
    }
    YamlNode& parent = *open_.back();
    if (parent.kind == YamlNode::Kind::sequence) {
      parent.items.push_back(&node);
    } else if (!pending_keys_.back()) {
      pending_keys_.back() = key_of(node);
      return;
    } else {
      add_entry(parent, std::move(*pending_keys_.back()), node);
      pending_keys_.back().reset();
    }
    parent.expanded += node.expanded;
    if (parent.expanded > YamlTree::nodes_max) throw Stop{too_many(node.position)};
  }

  YamlNode::Entry key_of(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::scalar) return {node.text, node.position, nullptr};
    throw Stop{
        {node.position, node.kind == YamlNode::Kind::null
                            ? "a key is missing before this ':'"
                            : fmt::format("a key must be a name, not {}", describe(node.kind))}};
  }

  void add_entry(YamlNode& mapping, YamlNode::Entry entry, YamlNode& value) {
    // An empty value has no place of its own: the parser reports the next token's.
    if (value.kind == YamlNode::Kind::null) value.position = entry.position;
    entry.value = &value;
    if (const YamlNode::Entry* first = find_key(mapping, entry.key)) {
      problems_.push_back({entry.position, fmt::format("{} is given twice; it stands in line {} "
                                                       "already",
                                                       entry.key, first->position.line)});
      return;
    }
    if (mapping.entries.size() >= index_from) index_[&mapping].insert(entry.key);
    mapping.entries.push_back(std::move(entry));
  }

  // Mappings are small; the index is for the file that is made to be slow.
  const YamlNode::Entry* find_key(const YamlNode& mapping, const std::string& key) {
    const auto indexed = index_.find(&mapping);
    if (indexed == index_.end()) return mapping.find(key);
    if (indexed->second.contains(key)) return mapping.find(key);
    const auto begin = mapping.entries.begin();
    const auto found = std::find_if(begin, begin + index_from,
                                    [&](const auto& entry) { return entry.key == key; });
    return found == begin + index_from ? nullptr : &*found;
  }

  // Merge keys: what the mapping says itself wins, then the first of several merged ones.
  void merge(YamlNode& mapping) {
    const YamlNode::Entry* found = mapping.find("<<");
    if (found == nullptr) return;
    const YamlNode& source = *found->value;
    mapping.entries.erase(mapping.entries.begin() + (found - mapping.entries.data()));
    if (source.kind != YamlNode::Kind::sequence) return merge_from(mapping, source);
    for (const YamlNode* item : source.items) merge_from(mapping, *item);
  }
  void merge_from(YamlNode& mapping, const YamlNode& source) {
    if (source.kind != YamlNode::Kind::mapping) {
      throw Stop{{source.position, fmt::format("<< must be a mapping or a list of mappings, not {}",
                                               describe(source.kind))}};
    }
    if (mapping.entries.size() + source.entries.size() > merged_keys_max) {
      throw Stop{{mapping.position, "too many keys after merging (<<)"}};
    }
    for (const YamlNode::Entry& entry : source.entries) {
      if (mapping.find(entry.key) == nullptr) mapping.entries.push_back(entry);
    }
  }

  static constexpr size_t index_from = 64;
  static constexpr size_t merged_keys_max = 1000;
  YamlTree& tree_;
  const Lines& lines_;
  std::vector<YamlProblem>& problems_;
  bool has_document_ = false;
  std::map<YAML::anchor_t, YamlNode*> anchors_;
  std::vector<YamlNode*> open_;
  std::vector<std::optional<YamlNode::Entry>> pending_keys_;  // one per open node
  std::map<const YamlNode*, std::set<std::string>> index_;
};

namespace {

// yaml-cpp's complaint in words that help; the position may move to the cause.
YamlProblem explain(const YAML::Exception& exception, const Lines& lines,
                    const YamlBuilder& builder) {
  const Position at = position_of(exception.mark);
  for (const int line : {at.line, at.line - 1}) {
    if (line < 1) continue;
    if (const auto tab = lines.tab_in_indentation(line)) {
      return {*tab, "a tab indents this line; YAML allows only spaces"};
    }
  }
  const std::string& said = exception.msg;
  const std::string_view rest = lines.from(at);
  if (said.find("anchor is not defined") != std::string::npos || said.find("alias") == 0) {
    const std::string_view word = rest.substr(0, rest.find_first_of(" ,]}\r\n"));
    return {at, fmt::format("a value that begins with * must be quoted: \"{}\"", word)};
  }
  if (said.find("flow not found") != std::string::npos && !builder.open().empty()) {
    const YamlNode& node = *builder.open().back();
    const bool is_list = node.kind == YamlNode::Kind::sequence;
    return {at, fmt::format("a ',' or '{}' is missing here; the {} began in line {} column {}",
                            is_list ? ']' : '}', is_list ? "list" : "mapping", node.position.line,
                            node.position.column)};
  }
  if (said == "illegal map value") {
    return {at, "a ':' cannot stand here; check the indentation, and quote values that hold ': '"};
  }
  if (said.find("not found") != std::string::npos) {
    return {at, "the indentation does not fit the lines above"};
  }
  if (said == "unknown token" && !rest.empty()) {
    return {at, fmt::format("a value that begins with {} must be quoted", rest[0])};
  }
  return {at, "not valid YAML: " + said};
}

}  // namespace

const YamlNode::Entry* YamlNode::find(std::string_view key) const {
  const auto found = std::ranges::find_if(entries, [&](const Entry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

std::string_view describe(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::scalar:
      return "a single value";
    case YamlNode::Kind::sequence:
      return "a list";
    case YamlNode::Kind::mapping:
      return "a mapping";
  }
  return "";
}

YamlTree YamlTree::parse(const std::string& text, std::vector<YamlProblem>& problems) {
  YamlTree tree;
  if (text.size() > bytes_max) {
    problems.push_back({{}, fmt::format("the file is larger than {} MB", bytes_max >> 20)});
    return tree;
  }
  if (auto problem = find_bad_byte(text)) {
    problems.push_back(std::move(*problem));
    return tree;
  }
  const Lines lines(text);
  YamlBuilder builder(tree, lines, problems);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    if (!builder.has_document()) problems.push_back({{}, "the file is empty"});
    return tree;
  } catch (const Stop& stop) {
    problems.push_back(stop.problem);
  } catch (const YAML::Exception& exception) {
    problems.push_back(explain(exception, lines, builder));
  }
  tree.root_ = nullptr;
  return tree;
}

}  // namespace daruma::control
