// SPDX-License-Identifier: Apache-2.0
#include "http/uri.h"

#include <gtest/gtest.h>

namespace daruma::http {
namespace {

TEST(SplitTarget, knows_the_four_forms) {
  struct Case {
    std::string_view target;
    TargetForm form;
    std::string_view authority, path_and_query, path, query;
  };
  constexpr Case cases[] = {
      {"/", TargetForm::origin, "", "/", "/", ""},
      {"/a/b?c=d?e", TargetForm::origin, "", "/a/b?c=d?e", "/a/b", "c=d?e"},
      {"/a?", TargetForm::origin, "", "/a?", "/a", ""},
      {"//a", TargetForm::origin, "", "//a", "//a", ""},
      {"/http://x/y", TargetForm::origin, "", "/http://x/y", "/http://x/y", ""},
      {"*", TargetForm::asterisk, "", "*", "*", ""},
      {"http://h:81/p?q", TargetForm::absolute, "h:81", "/p?q", "/p", "q"},
      {"http://user:pw@h/p", TargetForm::absolute, "h", "/p", "/p", ""},
      {"http://a@b@h/p", TargetForm::absolute, "h", "/p", "/p", ""},
      {"http://h/p@q", TargetForm::absolute, "h", "/p@q", "/p@q", ""},
      // No path is the path "/".
      {"http://h", TargetForm::absolute, "h", "", "/", ""},
      {"HTTPS://[::1]:8443?q", TargetForm::absolute, "[::1]:8443", "?q", "/", "q"},
      // A fragment is no part of it, whatever it looks like.
      {"/a#/../b", TargetForm::origin, "", "/a", "/a", ""},
      {"/a?b#c?d", TargetForm::origin, "", "/a?b", "/a", "b"},
      {"/a#b?c", TargetForm::origin, "", "/a", "/a", ""},
      {"/#", TargetForm::origin, "", "/", "/", ""},
      {"http://h/p#f", TargetForm::absolute, "h", "/p", "/p", ""},
      {"http://h#f@g", TargetForm::absolute, "h", "", "/", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.target);
    const TargetParts parts = split_target(c.target);
    EXPECT_EQ(parts.form, c.form);
    EXPECT_EQ(parts.authority, c.authority);
    EXPECT_EQ(parts.path_and_query, c.path_and_query);
    EXPECT_EQ(parts.path, c.path);
    EXPECT_EQ(parts.query, c.query);
    EXPECT_EQ(parts.path_is_implied(), c.path == "/" && !c.path_and_query.starts_with('/'));
  }
}

TEST(SplitTarget, knows_what_is_no_target) {
  for (const std::string_view target :
       {"", "a", "a/b", "**", "http:/h/", "http:///p", "://h", "1http://h/", "ht tp://h/",
        "http://", "http://u@/p", "http://a b/p", "http://a\tb/", "http://a\x7f/", "h:80", "?q"}) {
    EXPECT_EQ(split_target(target).form, TargetForm::none) << target;
  }
}

TEST(SplitTarget, authority_form_is_for_connect_alone) {
  const TargetParts parts = split_target("h.example:443", true);
  EXPECT_EQ(parts.form, TargetForm::authority);
  EXPECT_EQ(parts.authority, "h.example:443");
  EXPECT_EQ(parts.path, "");
  for (const std::string_view target : {"", "/", "h/p", "h?q", "h#f", "u@h:1", "http://h:1"}) {
    EXPECT_EQ(split_target(target, true).form, TargetForm::none) << target;
  }
}

TEST(SplitHost, takes_the_port_off) {
  struct Case {
    std::string_view authority, host;
    std::optional<uint16_t> port;
  };
  const Case cases[] = {{"h.example", "h.example", {}},
                        {"h.example:8080", "h.example", 8080},
                        {"h:0", "h", 0},
                        {"h:65535", "h", 65535},
                        {"h:", "h", {}},
                        {"[::1]", "[::1]", {}},
                        {"[::1]:80", "[::1]", 80},
                        {"[::1]:", "[::1]", {}},
                        {"", "", {}},
                        {":80", "", 80},
                        {"192.0.2.1:1", "192.0.2.1", 1}};
  for (const Case& c : cases) {
    const std::optional<HostPort> split = split_host(c.authority);
    ASSERT_TRUE(split) << c.authority;
    EXPECT_EQ(split->host, c.host);
    EXPECT_EQ(split->port, c.port);
  }
}

TEST(SplitHost, knows_what_is_no_host) {
  for (const std::string_view authority :
       {"a b", "a/b", "a?b", "a#b", "user@a", "a\\b", "a\"b", "<a>", "a\tb", "a\x7f",
        "z\xc3\xbcrich", "a|b", "a,b c:80", "[::1 ]", "[a/b]:80", "[::1@]", "[]", "a[b]", "a]"}) {
    EXPECT_FALSE(split_host(authority)) << authority;
  }
  for (const std::string_view authority :
       {"a_b.example", "a%20b", "A-1.~!$&'()*+,;=", "[fe80::1]", "[v1.fe:x]:80"}) {
    EXPECT_TRUE(split_host(authority)) << authority;
  }
}

TEST(SplitHost, knows_what_is_no_port) {
  for (const std::string_view authority :
       {"h:x", "h:65536", "h:-1", "h:+1", "h: 1", "h:1:2", "::1", "[::1", "[::1]x", "[::1]x:80",
        "[::1]80", "h:99999999999999999999"}) {
    EXPECT_FALSE(split_host(authority)) << authority;
  }
}

TEST(NormalisedPath, resolves_what_means_the_same) {
  constexpr std::pair<std::string_view, std::string_view> cases[] = {
      {"/%61%7E%2d%5F%2e", "/a~-_."},
      {"/%41bc", "/Abc"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/.", "/a/"},
      {"/..", "/"},
      {"/../../a", "/a"},
      {"/a/../../../b/c/./../d", "/b/d"},
      {"/%2e%2e/%2E/a", "/a"},
      {"/a/%2e%2e/b", "/b"},
      {"/a//../b", "/a/b"},
      {"/a//b/", "/a//b/"},
      {"//..//", "//"},
      {"/.a/..b/...", "/.a/..b/..."},
      {"/%2f%25%20", "/%2f%25%20"},
      {"/%6", "/%6"},
      {"/%", "/%"},
      {"/%zz%61", "/%zza"},
      {"/%2561", "/%2561"},
      {"/.", "/"},
      {"/", "/"},
  };
  std::string storage;
  for (const auto& [path, normal] : cases) {
    EXPECT_EQ(normalised_path(path, storage), normal) << path;
  }
}

TEST(NormalisedPath, leaves_what_is_normal_where_it_lies) {
  std::string storage;
  for (const std::string_view path : {"/", "/a/b", "//a//", "*", "", "../a", "a/%61", "/a.b/..c"}) {
    const std::string_view normal = normalised_path(path, storage);
    EXPECT_EQ(normal, path);
    EXPECT_EQ(normal.data(), path.data());
  }
}

}  // namespace
}  // namespace daruma::http
