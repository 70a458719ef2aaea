// SPDX-License-Identifier: Apache-2.0
#include "routing/transforms.h"

#include <gtest/gtest.h>

#include <string>

namespace daruma::routing {
namespace {

Rewrite rewrite(std::string_view regex, std::string_view replace, Case letters = Case::sensitive) {
  Result<Rewrite> compiled = Rewrite::compile(regex, replace, letters);
  EXPECT_TRUE(compiled) << compiled.error().message;
  return std::move(*compiled);
}

TEST(Rewrite, replaces_by_table) {
  struct Row {
    const char* regex;
    const char* replace;
    const char* subject;
    const char* expected;  // nullptr: no match
  };
  const Row rows[] = {
      {"^/dp/([A-Za-z0-9]+)/?$", "/product.php?id=$1", "/dp/B09G3HRP0C/",
       "/product.php?id=B09G3HRP0C"},
      {"^/dp/([A-Za-z0-9]+)/?$", "/product.php?id=$1", "/dp/", nullptr},
      {"a", "b", "xaxa", "xbxa"},  // the first place, and only that
      {"^/old", "/new", "/old/page?old", "/new/page?old"},
      {"", "/x", "/y", "/x/y"},
      {"y*$", "", "/yyy", "/"},
      {"(a)(b)", "$2$1$0", "ab", "baab"},
      {"(a)(x)?", "[$2]", "a", "[]"},
      {"(a)", "$10", "a", "a0"},  // there is no group 10
      {"(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)", "$10", "abcdefghij", "j"},
      {"a", "$", "a", "$"},
      {"a", "$$x", "a", "$$x"},
      {"a", "\\1", "a", "\\1"},
      {"^(.*)\\?(.*)$", "/s?$2&p=$1", "/a?b=c", "/s?b=c&p=/a"},
  };
  for (const Row& row : rows) {
    std::string result = "before";
    const auto outcome = rewrite(row.regex, row.replace).apply(row.subject, 100, result);
    EXPECT_EQ(outcome, row.expected ? Rewrite::Outcome::rewritten : Rewrite::Outcome::no_match)
        << row.regex;
    EXPECT_EQ(result, row.expected ? row.expected : "before") << row.regex << " " << row.replace;
  }
}

TEST(Rewrite, says_what_is_wrong) {
  const auto message = [](std::string_view regex, std::string_view replace) {
    const auto compiled = Rewrite::compile(regex, replace, Case::sensitive);
    return compiled ? "" : compiled.error().message;
  };
  EXPECT_EQ(message("(a)", "$2"), "Replace has $2, but Regex has 1 group");
  EXPECT_EQ(message("a", "$1"), "Replace has $1, but Regex has 0 groups");
  EXPECT_EQ(message("(a", "b"), "regular expression '(a': missing ): (a");
  EXPECT_EQ(message("a", "$0"), "");
}

TEST(Rewrite, has_a_limit) {
  const Rewrite doubled = rewrite("^(.*)$", "$1$1");
  std::string result;
  EXPECT_EQ(doubled.apply("12345", 10, result), Rewrite::Outcome::rewritten);
  EXPECT_EQ(doubled.apply("123456", 10, result), Rewrite::Outcome::too_long);
  EXPECT_EQ(rewrite("a", "").apply("123456a789012", 10, result), Rewrite::Outcome::too_long);
}

struct Applied {
  TransformStatus status;
  std::string host;
  std::string url;
  bool operator==(const Applied&) const = default;
};

Applied apply(const Transforms& transforms, std::string_view host, std::string_view url) {
  Transforms::Rewritten result;
  const TransformStatus status = transforms.apply(host, url, result);
  return {status, result.host, result.url};
}

TEST(Transforms, rewrite_host_and_url_each_by_itself) {
  Transforms both;
  both.host = rewrite("^mywebsite-(.+).com$", "internal.dev.$1.myweb.com", Case::insensitive);
  both.url = rewrite("^/(v[0-9])/", "/api/$1/");
  const auto success = TransformStatus::success;
  EXPECT_EQ(apply(both, "MyWebsite-Example.com", "/v1/x?y"),
            (Applied{success, "internal.dev.Example.myweb.com", "/api/v1/x?y"}));
  EXPECT_EQ(apply(both, "other.com", "/v1/"), (Applied{success, "", "/api/v1/"}));
  EXPECT_EQ(apply(both, "mywebsite-a.com", "/x"),
            (Applied{success, "internal.dev.a.myweb.com", ""}));
  EXPECT_EQ(apply(both, "other.com", "/x"), (Applied{success, "", ""}));
}

TEST(Transforms, to_the_same_is_no_change) {
  Transforms same;
  same.url = rewrite("^/a$", "/a");
  EXPECT_EQ(apply(same, "h", "/a"), (Applied{TransformStatus::success, "", ""}));
}

TEST(Transforms, fail_as_a_whole) {
  Transforms transforms;
  transforms.host = rewrite("^(.*)$", "$1.internal");
  transforms.url = rewrite("^/(.*)$", "$1");
  EXPECT_EQ(apply(transforms, "a.com", "/x"), (Applied{TransformStatus::invalid_path, "", ""}));
  EXPECT_EQ(apply(transforms, "a.com", "//x"),
            (Applied{TransformStatus::success, "a.com.internal", "/x"}));
  EXPECT_EQ(apply(transforms, "a b", "/x"), (Applied{TransformStatus::invalid_host, "", ""}));
  EXPECT_EQ(apply(transforms, std::string(250, 'a'), "//x"),
            (Applied{TransformStatus::buffer_too_small, "", ""}));
}

TEST(Transforms, know_a_valid_host) {
  Transforms transforms;
  transforms.host = rewrite("^.*$", "$0");
  const auto status_of = [&transforms](std::string_view host) {
    return apply(transforms, host, "/").status;
  };
  for (const char* host : {"a", "a.b-c_d.example", "192.0.2.1", "[2001:db8::1]", "a:80"}) {
    EXPECT_EQ(status_of(host), TransformStatus::success) << host;
  }
  for (const char* host :
       {"", "a/b", "a b", "user@a", ":80", "a:b", "a:99999", "a?", "\xc3\xa9", "a,b"}) {
    EXPECT_EQ(status_of(host), TransformStatus::invalid_host) << host;
  }
}

TEST(Transforms, have_the_names_of_the_log) {
  EXPECT_EQ(name_of(TransformStatus::none), "");
  EXPECT_EQ(name_of(TransformStatus::success), "TransformSuccess");
  EXPECT_EQ(name_of(TransformStatus::buffer_too_small), "TransformBufferTooSmall");
  EXPECT_EQ(name_of(TransformStatus::invalid_host), "TransformInvalidHost");
  EXPECT_EQ(name_of(TransformStatus::invalid_path), "TransformInvalidPath");
}

}  // namespace
}  // namespace daruma::routing
