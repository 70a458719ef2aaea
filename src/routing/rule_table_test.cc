// SPDX-License-Identifier: Apache-2.0
#include "routing/rule_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "routing/condition.h"

namespace daruma::routing {
namespace {

using Values = std::vector<std::string>;

model::Rule rule(const Values& hosts, const Values& paths) {
  model::Rule rule;
  if (!hosts.empty()) rule.conditions.push_back(model::HostHeaderCondition{hosts});
  if (!paths.empty()) rule.conditions.push_back(model::PathPatternCondition{paths});
  return rule;
}

// The definition: the first rule whose conditions all hold, tried one after the other.
class LinearScan {
 public:
  explicit LinearScan(const std::vector<model::Rule>& rules) {
    for (const model::Rule& each : rules) {
      rules_.emplace_back(each.conditions.begin(), each.conditions.end());
    }
  }
  uint32_t match(const MatchInput& input) const {
    const auto holds = [&input](const Condition& condition) { return condition.holds(input); };
    const auto all_hold = [&holds](const std::vector<Condition>& conditions) {
      return std::all_of(conditions.begin(), conditions.end(), holds);
    };
    return static_cast<uint32_t>(std::find_if(rules_.begin(), rules_.end(), all_hold) -
                                 rules_.begin());
  }

 private:
  std::vector<std::vector<Condition>> rules_;
};

struct Row {
  const char* host;
  const char* path;
  uint32_t rule;
};

void expect_rows(const std::vector<model::Rule>& rules, const std::vector<Row>& rows) {
  const auto table = RuleTable::compile(rules);
  for (const Row& row : rows) {
    EXPECT_EQ(table->match({row.host, row.path}), row.rule) << row.host << " " << row.path;
  }
}

TEST(RuleTable, a_default_rule_alone_takes_everything) {
  expect_rows({rule({}, {})}, {{"a.com", "/", 0}, {"", "", 0}});
}

TEST(RuleTable, first_match_by_priority) {
  const std::vector<model::Rule> rules = {
      rule({}, {"/maintenance*"}),          rule({"api.example.com"}, {"/v1/*", "/v2/*"}),
      rule({"*.example.com"}, {}),          rule({"example.com", "www.example.*"}, {"/shop/*"}),
      rule({}, {"/shop/*.png", "/img?/*"}), rule({}, {}),
  };
  expect_rows(rules, {
                         {"api.example.com", "/maintenance", 0},
                         {"other.org", "/maintenance/now", 0},
                         {"api.example.com", "/v1/users", 1},
                         {"API.EXAMPLE.COM", "/v2/", 1},
                         {"api.example.com", "/V1/users", 2},  // paths are case-sensitive
                         {"api.example.com", "/v3/", 2},
                         {"www.example.com", "/shop/a.png", 2},
                         {"example.com", "/shop/a.png", 3},
                         {"www.example.org", "/shop/", 3},
                         {"example.com", "/shop", 5},
                         {"other.org", "/shop/a/b.png", 4},  // '*' crosses '/'
                         {"other.org", "/img1/x", 4},
                         {"other.org", "/img/x", 5},
                         {"", "/", 5},
                     });
}

TEST(RuleTable, a_wider_rule_in_front_hides_a_narrower_one) {
  expect_rows({rule({}, {"/a*"}), rule({"x.com"}, {"/ab"}), rule({}, {})},
              {{"x.com", "/ab", 0}, {"x.com", "/b", 2}});
  expect_rows({rule({"x.com"}, {"/ab"}), rule({}, {"/a*"}), rule({}, {})},
              {{"x.com", "/ab", 0}, {"y.com", "/ab", 1}});
}

TEST(RuleTable, all_conditions_of_a_rule_must_hold) {
  model::Rule two_hosts = rule({"*.com"}, {"/a/*"});
  two_hosts.conditions.push_back(model::HostHeaderCondition{{"www.*"}});
  model::Rule two_paths = rule({}, {"/a/*"});
  two_paths.conditions.push_back(model::PathPatternCondition{{"*.png", "*.jpg"}});
  expect_rows({two_hosts, two_paths, rule({}, {"/a/*"}), rule({}, {})},
              {{"www.x.com", "/a/b", 0},
               {"ftp.x.com", "/a/b", 2},
               {"ftp.x.com", "/a/b.jpg", 1},
               {"www.x.org", "/a/", 2},
               {"www.x.com", "/b", 3}});
}

TEST(RuleTable, methods_are_compared_as_they_are) {
  model::Rule reads = rule({"*.com"}, {});
  reads.conditions.push_back(model::HttpRequestMethodCondition{{"GET", "HEAD", "VERSION-CONTROL"}});
  model::Rule writes;
  writes.conditions.push_back(model::HttpRequestMethodCondition{{"POST"}});
  const std::vector<model::Rule> rules = {reads, writes, rule({}, {})};
  const auto table = RuleTable::compile(rules);
  struct Asked {
    const char* host;
    const char* method;
    uint32_t rule;
  };
  for (const Asked& row :
       {Asked{"a.com", "GET", 0}, Asked{"a.com", "VERSION-CONTROL", 0}, Asked{"a.com", "get", 2},
        Asked{"a.com", "GETS", 2}, Asked{"a.com", "", 2}, Asked{"a.org", "GET", 2},
        Asked{"a.com", "POST", 1}, Asked{"", "POST", 1}}) {
    EXPECT_EQ(table->match({.host = row.host, .path = "/", .method = row.method}), row.rule)
        << row.host << " " << row.method;
  }
}

// A request of which the tests below vary one thing or two.
struct Request {
  std::string host = "a.com";
  std::string path = "/";
  std::string host_and_port{};
  std::string query{};
  http::Fields fields{};
  Address source{};

  MatchInput input() const {
    return {.host = host,
            .path = path,
            .method = "GET",
            .host_and_port = host_and_port,
            .query = query,
            .fields = &fields,
            .source = &source};
  }
};

// The table's answer, and the definition's, are the same.
bool takes(const model::Condition& condition, const Request& request) {
  model::Rule one;
  one.conditions.push_back(condition);
  const std::vector<model::Rule> rules = {one, model::Rule()};
  const uint32_t found = RuleTable::compile(rules)->match(request.input());
  EXPECT_EQ(found, LinearScan(rules).match(request.input()));
  one.conditions[0].negate = true;
  EXPECT_EQ(
      RuleTable::compile(std::vector<model::Rule>{one, model::Rule()})->match(request.input()),
      1 - found)
      << "negated";
  return found == 0;
}

http::Fields fields_of(const std::vector<std::pair<const char*, const char*>>& list) {
  http::Fields fields;
  for (const auto& [name, value] : list) fields.add(name, value);
  return fields;
}

TEST(RuleTable, header_names_and_values_are_compared_without_case) {
  const model::HttpHeaderCondition chrome{"User-Agent", {"*Chrome*", "cu?l/*"}};
  const auto with = [](const std::vector<std::pair<const char*, const char*>>& list) {
    return Request{.fields = fields_of(list)};
  };
  EXPECT_TRUE(takes(chrome, with({{"user-AGENT", "Mozilla chrome/1"}})));
  EXPECT_TRUE(takes(chrome, with({{"User-Agent", "CURL/7.88"}})));
  EXPECT_FALSE(takes(chrome, with({{"User-Agent", "curl"}})));
  EXPECT_FALSE(takes(chrome, with({{"User-Agents", "Chrome"}})));
  EXPECT_FALSE(takes(chrome, with({})));
  // Repeated fields are searched until one matches.
  EXPECT_TRUE(takes(chrome, with({{"User-Agent", "x"}, {"A", "b"}, {"user-agent", "Chrome"}})));
  // A line that two readers could take for different things is no field.
  Request invalid;
  invalid.fields.add("User-Agent", "Chrome", http::FieldId::invalid);
  EXPECT_FALSE(takes(chrome, invalid));
  const model::HttpHeaderCondition subject{"X-Amzn-Mtls-Clientcert-Subject", {"CN=admin"}};
  EXPECT_FALSE(takes(subject, with({{"X-Amzn-Mtls-Clientcert-Subject", "CN=admin"}})));
  EXPECT_FALSE(takes(chrome, Request{}));
  EXPECT_TRUE(takes(model::HttpHeaderCondition{"X-A", {}, {"^v[0-9]$"}}, with({{"x-a", "V1"}})));
  EXPECT_FALSE(takes(model::HttpHeaderCondition{"X-A", {}, {"^v[0-9]$"}}, with({{"x-a", "v12"}})));
}

TEST(RuleTable, query_pairs_are_compared_without_case_and_nothing_is_decoded) {
  using Pairs = std::vector<model::QueryStringCondition::Pair>;
  const Pairs version = {{"version", "v1"}, {std::nullopt, "*example*"}};
  const Pairs stars = {{"a*", "\\*x\\?"}};
  struct Asked {
    const Pairs& pairs;
    const char* query;
    bool taken;
  };
  for (const Asked& row : {Asked{version, "version=v1", true},
                           {version, "VERSION=V1", true},
                           {version, "x=y&version=v1&z", true},
                           {version, "version=v12", false},
                           {version, "version", false},
                           {version, "xversion=v1", false},
                           {version, "q=an-Example-", true},
                           {version, "example", false},
                           {version, "example=", false},
                           {version, "q=%65xample", false},
                           {version, "", false},
                           {version, "&&=&", false},
                           {version, "=example", true},
                           {version, "a=b=example", true},
                           {stars, "ab=*x?", true},
                           {stars, "ab=yxz", false},
                           {stars, "ba=*x?", false}}) {
    EXPECT_EQ(takes(model::QueryStringCondition{row.pairs}, {.query = row.query}), row.taken)
        << row.query;
  }
}

TEST(RuleTable, source_addresses_are_those_of_the_connection) {
  const auto range = [](const char* text) { return CidrRange::parse(text).value(); };
  const model::SourceIpCondition ranges{{range("192.0.2.0/28"), range("2001:db8::/32")}};
  const auto from = [](const char* ip) { return Request{.source = *Address::parse(ip, 5000)}; };
  EXPECT_TRUE(takes(ranges, from("192.0.2.15")));
  EXPECT_FALSE(takes(ranges, from("192.0.2.16")));
  EXPECT_TRUE(takes(ranges, from("2001:db8:ffff::1")));
  EXPECT_FALSE(takes(ranges, from("2001:db9::1")));
  EXPECT_TRUE(takes(model::SourceIpCondition{{range("0.0.0.0/0")}}, from("203.0.113.1")));
  EXPECT_FALSE(takes(model::SourceIpCondition{{range("0.0.0.0/0")}}, from("2001:db8::1")));
}

TEST(RuleTable, regular_expressions_are_searched_for) {
  const model::HostHeaderCondition host{{}, {"^(www|shop)\\.a\\.com$", "^x\\.com:8443$"}};
  EXPECT_TRUE(takes(host, {.host = "WWW.a.com", .host_and_port = "WWW.a.com:80"}));
  EXPECT_FALSE(takes(host, {.host = "ftp.a.com", .host_and_port = "ftp.a.com"}));
  EXPECT_TRUE(takes(host, {.host = "x.com", .host_and_port = "x.com:8443"}));
  EXPECT_FALSE(takes(host, {.host = "x.com", .host_and_port = "x.com"}));
  const model::PathPatternCondition path{{}, {"^/v[0-9]+/", "\\.php$"}};
  EXPECT_TRUE(takes(path, {.path = "/v12/x"}));
  EXPECT_FALSE(takes(path, {.path = "/V12/x"}));
  EXPECT_TRUE(takes(path, {.path = "/a/b.php"}));
  EXPECT_FALSE(takes(path, {.path = "/a/b.php/c"}));
}

TEST(RuleTable, negated_conditions_narrow_a_rule) {
  model::Rule but_internal = rule({"*.com"}, {"/a/*"});
  but_internal.conditions.emplace_back(model::HostHeaderCondition{{"internal.*"}}, true);
  but_internal.conditions.emplace_back(model::PathPatternCondition{{"*.png", "*.jpg"}}, true);
  expect_rows({but_internal, rule({}, {})}, {{"www.com", "/a/b", 0},
                                             {"internal.com", "/a/b", 1},
                                             {"www.com", "/a/b.jpg", 1},
                                             {"www.org", "/a/b", 1}});
}

TEST(RuleTable, a_condition_without_values_never_holds) {
  model::Rule nothing;
  nothing.conditions.push_back(model::HostHeaderCondition{});
  expect_rows({nothing, rule({}, {})}, {{"", "/", 1}, {"a", "/", 1}});
}

TEST(RuleTable, rules_behind_one_without_conditions_are_never_reached) {
  expect_rows({rule({}, {}), rule({"a.com"}, {}), rule({}, {})}, {{"a.com", "/", 0}});
}

// ---- against the definition, at random ----

struct Alphabet {
  const char* characters;
  int wildcard_percent;
};

std::string drawn_pattern(Random& random, const Alphabet& alphabet, size_t length_max) {
  std::string text;
  const std::string_view characters = alphabet.characters;
  for (size_t n = 1 + random.below(length_max); n > 0; --n) {
    if (random.chance(static_cast<uint32_t>(alphabet.wildcard_percent), 100)) {
      text += random.chance(2, 3) ? '*' : '?';
    } else {
      text += characters[random.below(characters.size())];
    }
  }
  return text;
}

// A subject that the pattern matches, or nearly: wildcards filled in, sometimes one character off.
std::string subject_like(Random& random, const std::string& pattern, const Alphabet& alphabet) {
  std::string text;
  const std::string_view characters = alphabet.characters;
  const auto any = [&random, characters] { return characters[random.below(characters.size())]; };
  for (const char c : pattern) {
    if (c == '*') {
      for (size_t n = random.below(5); n > 0; --n) text += any();
    } else {
      text += c == '?' ? any() : c;
    }
  }
  if (!text.empty() && random.chance(1, 4)) text[random.below(text.size())] = any();
  return text;
}

struct World {
  Alphabet hosts;
  Alphabet paths;
  size_t rules_max;
  size_t pattern_max;
};

struct Patterns {
  Values hosts{"a"};
  Values paths{"/"};
};

std::vector<model::Rule> drawn_rules(Random& random, const World& world, Patterns& seen) {
  std::vector<model::Rule> rules;
  const auto values = [&random, &world](const Alphabet& alphabet, Values& all) {
    Values drawn;
    for (size_t n = 1 + random.below(3); n > 0; --n) {
      const bool repeat = random.chance(1, 4);
      drawn.push_back(repeat ? all[random.below(all.size())]
                             : drawn_pattern(random, alphabet, world.pattern_max));
      all.push_back(drawn.back());
    }
    return drawn;
  };
  for (size_t n = random.below(world.rules_max + 1); n > 0; --n) {
    model::Rule next;
    while (next.conditions.empty()) {
      if (random.chance(1, 2)) {
        next.conditions.push_back(model::HostHeaderCondition{values(world.hosts, seen.hosts)});
      }
      if (random.chance(1, 2)) {
        next.conditions.push_back(model::PathPatternCondition{values(world.paths, seen.paths)});
      }
      if (random.chance(1, 20)) {
        next.conditions.push_back(model::PathPatternCondition{values(world.paths, seen.paths)});
      }
    }
    rules.push_back(std::move(next));
  }
  rules.emplace_back();
  return rules;
}

// Returns how many requests some rule but the default one took.
int compare(const World& world, uint64_t seed, int tables, int requests) {
  Random random(seed);
  int taken = 0;
  for (int i = 0; i < tables; ++i) {
    Patterns seen;
    const std::vector<model::Rule> rules = drawn_rules(random, world, seen);
    const auto table = RuleTable::compile(rules);
    const LinearScan reference(rules);
    for (int j = 0; j < requests; ++j) {
      const std::string host =
          subject_like(random, seen.hosts[random.below(seen.hosts.size())], world.hosts);
      const std::string path =
          subject_like(random, seen.paths[random.below(seen.paths.size())], world.paths);
      const MatchInput input{host, path};
      const uint32_t expected = reference.match(input);
      EXPECT_EQ(table->match(input), expected)
          << "seed " << seed << " table " << i << ": " << host << " " << path;
      if (testing::Test::HasFailure()) return taken;
      taken += expected + 1 < rules.size();
    }
  }
  return taken;
}

TEST(RuleTable, agrees_with_a_linear_scan_on_few_rules) {
  const World world{{"ab.A", 25}, {"ab/A", 25}, 12, 6};
  EXPECT_GT(compare(world, 1, 600, 20), 3'000);
}

TEST(RuleTable, agrees_with_a_linear_scan_on_many_rules_with_rare_wildcards) {
  const World world{{"abcdefgh.xyzXYZ", 6}, {"abcdefgh/-xyzXYZ", 6}, 300, 24};
  EXPECT_GT(compare(world, 2, 20, 100), 300);
}

TEST(RuleTable, agrees_with_a_linear_scan_on_many_rules_with_many_wildcards) {
  const World world{{"abc.", 40}, {"abc/", 40}, 200, 12};
  EXPECT_GT(compare(world, 3, 20, 100), 1'000);
}

// Hosts and paths longer than eight characters take another way through the hash.
TEST(RuleTable, agrees_with_a_linear_scan_on_long_patterns) {
  const World world{{"abcdefgh.XYZ[@`{", 2}, {"abcdefgh/XYZ%\xc3\xa9", 2}, 200, 120};
  EXPECT_GT(compare(world, 4, 20, 60), 100);
}

TEST(RuleTable, agrees_with_a_linear_scan_where_every_pattern_is_contained_text) {
  std::vector<model::Rule> rules;
  for (int i = 0; i < 2'000; ++i) rules.push_back(rule({}, {"*w" + std::to_string(i * 37) + "x*"}));
  rules.emplace_back();
  const auto table = RuleTable::compile(rules);
  const LinearScan reference(rules);
  for (int i = 0; i < 500; ++i) {
    const std::string path =
        "/w" + std::to_string(i * 41) + "xw" + std::to_string(i * 37) + "x/w1/w1x";
    const MatchInput input{"h", path};
    ASSERT_EQ(table->match(input), reference.match(input)) << path;
  }
}

// More different pieces of the path are known than a short list holds, and each stands there twice.
TEST(RuleTable, finds_a_rule_behind_many_near_misses) {
  std::vector<model::Rule> rules;
  for (int i = 0; i < 300; ++i) {
    rules.push_back(rule({}, {"*/item" + std::to_string(1000 + i) + "/*.html?"}));
  }
  rules.emplace_back();
  const auto table = RuleTable::compile(rules);
  for (int wanted = 0; wanted < 300; wanted += 37) {
    std::string path;
    for (int i = 0; i < 600; ++i) path += "/item" + std::to_string(1000 + i % 300) + "/.htm";
    EXPECT_EQ(table->match({"h", path}), 300u);
    path += "/item" + std::to_string(1000 + wanted) + "/.htmlx";
    EXPECT_EQ(table->match({"h", path}), 0u);
    path.erase(0, path.size() - 800);
    const LinearScan reference(rules);
    const MatchInput input{"h", path};
    EXPECT_EQ(table->match(input), reference.match(input));
  }
}

TEST(RuleTable, survives_hosts_and_paths_of_any_length) {
  const auto table = RuleTable::compile(std::vector<model::Rule>{
      rule({"*a?a*b"}, {"*/x*y"}), rule({"a*"}, {"/*"}), rule({}, {"*ab*"}), rule({}, {})});
  const std::string host(100'000, 'a');
  const std::string path = "/" + std::string(100'000, 'x');
  EXPECT_EQ(table->match({host, path}), 1u);
  EXPECT_EQ(table->match({host + "b", path + "y"}), 0u);
  EXPECT_EQ(table->match({"", ""}), 3u);
}

// ---- every field ----

// Draws conditions and requests that often meet.
class Fields {
 public:
  explicit Fields(Random& random) : random_(random) {}

  std::vector<model::Rule> rules(size_t count) {
    std::vector<model::Rule> rules(count + 1);
    for (size_t i = 0; i < count; ++i) {
      for (size_t n = 1 + random_.below(4); n > 0; --n) rules[i].conditions.push_back(condition());
    }
    return rules;
  }

  Request request() {
    Request request;
    request.host = word() + ".com";
    request.host_and_port = request.host + (random_.chance(1, 3) ? ":81" : "");
    request.path = "/" + word() + "/" + word();
    for (size_t n = random_.below(4); n > 0; --n) request.query += word() + "=" + word() + "&";
    for (size_t n = random_.below(4); n > 0; --n) texts_.push_back(word() + word());
    // The names' and values' texts must outlive the fields.
    static const char* const names[] = {"x-a", "X-B", "X-C"};
    for (const std::string& text : texts_) request.fields.add(names[random_.below(3)], text);
    request.source = address();
    return request;
  }
  void forget() { texts_.clear(); }

 private:
  std::string word() {
    static const char* const words[] = {"one", "Two", "three", "four", "five", "six", "x1"};
    return words[random_.below(std::size(words))];
  }
  std::string pattern() {
    static const char* const wild[] = {"*", "?", "*e", "o*", "*i*", "t*e"};
    return random_.chance(1, 3) ? wild[random_.below(std::size(wild))] : word();
  }
  std::string regex() {
    static const char* const some[] = {"^.?one",    "two|three", "[a-f]{2}", "i[vx]e?",
                                       "(four|x1)", "^$",        "e\\.com$", "e\\.com:81$"};
    return some[random_.below(std::size(some))];
  }
  Address address() {
    const auto low = static_cast<uint8_t>(random_.below(4));
    if (random_.chance(2, 3)) return Address::v4({10, 0, low, low}, 80);
    return Address::v6({0x20, 1, 0xd, 0xb8, low}, 80);
  }
  Values values(const char* before, const char* after) {
    Values values;
    for (size_t n = 1 + random_.below(2); n > 0; --n) values.push_back(before + pattern() + after);
    return values;
  }
  model::Condition::Test test() {
    const bool regexes = random_.chance(1, 4);
    switch (random_.below(6)) {
      case 0:
        if (regexes) return model::HostHeaderCondition{{}, {regex()}};
        return model::HostHeaderCondition{values("", ".com")};
      case 1:
        if (regexes) return model::PathPatternCondition{{}, {regex(), regex()}};
        return model::PathPatternCondition{values("/", "/*")};
      case 2: {
        const std::string name = std::string("X-") + "ABc"[random_.below(3)];
        if (regexes) return model::HttpHeaderCondition{name, {}, {regex()}};
        return model::HttpHeaderCondition{name, values("", "*")};
      }
      case 3:
        return model::HttpRequestMethodCondition{{random_.chance(1, 2) ? "GET" : "PUT", "x1"}};
      case 4: {
        model::QueryStringCondition query;
        for (const std::string& value : values("", "")) {
          query.values.push_back({std::nullopt, value});
          if (random_.chance(2, 3)) query.values.back().key = pattern();
        }
        return query;
      }
      default: {
        const Address base = address();
        const auto bits = base.family() == Address::Family::v4 ? random_.below(33)  //
                                                               : random_.below(129);
        return model::SourceIpCondition{{CidrRange::around(base, static_cast<uint8_t>(bits))}};
      }
    }
  }
  model::Condition condition() {
    return std::visit([this](auto made) { return model::Condition(made, random_.chance(1, 6)); },
                      test());
  }

  Random& random_;
  std::deque<std::string> texts_;
};

TEST(RuleTable, agrees_with_a_linear_scan_on_every_field) {
  Random random(5);
  int taken = 0;
  for (const size_t count : {1, 3, 8, 30, 30, 30, 200, 200, 1'000}) {
    Fields fields(random);
    const std::vector<model::Rule> rules = fields.rules(count);
    const auto table = RuleTable::compile(rules);
    const LinearScan reference(rules);
    for (int i = 0; i < 300; ++i) {
      const Request request = fields.request();
      const uint32_t expected = reference.match(request.input());
      ASSERT_EQ(table->match(request.input()), expected) << count << " rules, request " << i;
      taken += expected < count;
      fields.forget();
    }
  }
  EXPECT_GT(taken, 1'500);
  EXPECT_LT(taken, 2'690);
}

// One host, one path: only header and query tell ten thousand rules apart.
TEST(RuleTable, finds_a_rule_by_fields_that_many_share) {
  std::vector<model::Rule> rules;
  for (int i = 0; i < 10'000; ++i) {
    model::Rule each = rule({"a.com"}, {"/*"});
    each.conditions.emplace_back(model::HttpHeaderCondition{"X-A", {std::to_string(i / 100)}});
    each.conditions.emplace_back(model::QueryStringCondition{{{"q", std::to_string(i % 100)}}});
    rules.push_back(std::move(each));
  }
  rules.emplace_back();
  const auto table = RuleTable::compile(rules);
  for (const int wanted : {0, 1, 99, 100, 5'555, 9'999}) {
    const std::string value = std::to_string(wanted / 100);
    Request request{.query = "a=b&q=" + std::to_string(wanted % 100)};
    request.fields.add("x-a", value);
    EXPECT_EQ(table->match(request.input()), static_cast<uint32_t>(wanted));
    request.query = "q=100";
    EXPECT_EQ(table->match(request.input()), 10'000u);
  }
}

// Where "any value" is the first of a header's rules, the name alone decides; nowhere else.
TEST(RuleTable, a_header_of_any_value_hides_only_what_stands_behind_it) {
  std::vector<model::Rule> rules;
  const auto add = [&rules](const char* name, const char* value) -> model::Rule& {
    rules.emplace_back().conditions.emplace_back(model::HttpHeaderCondition{name, {value}});
    return rules.back();
  };
  add("X-A", "*");
  add("X-A", "hidden");
  add("X-B", "first");
  add("X-B", "*");
  add("X-C", "*").conditions.emplace_back(model::QueryStringCondition{{{"q", "1"}}});
  add("X-C", "*");
  rules.emplace_back();
  const auto table = RuleTable::compile(rules);
  const auto match = [&table](const char* name, const char* value, const char* query) {
    Request request{.query = query};
    request.fields.add(name, value);
    return table->match(request.input());
  };
  EXPECT_EQ(match("x-a", "hidden", ""), 0u);
  EXPECT_EQ(match("x-a", "", ""), 0u);
  EXPECT_EQ(match("x-b", "first", ""), 2u);
  EXPECT_EQ(match("x-b", "other", ""), 3u);
  EXPECT_EQ(match("x-c", "any", "q=1"), 4u);
  EXPECT_EQ(match("x-c", "any", "q=2"), 5u);
  EXPECT_EQ(match("x-d", "any", "q=1"), 6u);
}

// Under a quadratic cost this would take minutes.
TEST(RuleTable, survives_a_pair_that_is_repeated_thousands_of_times) {
  std::vector<model::Rule> rules;
  for (int i = 0; i < 100; ++i) {
    model::Rule each;
    each.conditions.emplace_back(model::QueryStringCondition{{{"a", "*"}}});
    each.conditions.emplace_back(model::QueryStringCondition{{{"z", "1"}}}, true);
    rules.push_back(std::move(each));
  }
  rules.emplace_back();
  const auto table = RuleTable::compile(rules);
  Request request;
  while (request.query.size() < 16'000) request.query += "a=b&";
  request.query += "z=1";  // where each rule that is asked looks last
  EXPECT_EQ(table->match(request.input()), 100u);
}

}  // namespace
}  // namespace daruma::routing
