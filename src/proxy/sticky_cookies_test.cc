// SPDX-License-Identifier: Apache-2.0
#include "proxy/sticky_cookies.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/base64.h"
#include "model/limits.h"

namespace daruma::proxy {
namespace {

using Read = StickyCookies::Read;

const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 26);
const routing::StickyEntry entry{1, 2, 1'795'000'000};

// What a client keeps of Set-Cookie fields, and its Cookie field.
struct Jar {
  std::map<std::string, std::string> cookies;
  std::vector<std::string> lines;

  explicit Jar(std::string_view fields) {
    while (!fields.empty()) {
      std::string line(fields.substr(0, fields.find("\r\n")));
      fields.remove_prefix(line.size() + 2);
      const std::string pair = line.substr(12, line.find(';') - 12);
      cookies[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
      lines.push_back(std::move(line));
    }
  }
  std::string field() const {
    std::string text = "theme=dark";
    for (const auto& [name, value] : cookies) text += "; " + name + "=" + value;
    return text;
  }
};

routing::StickyRecord record_of(size_t groups) {
  routing::StickyRecord record;
  for (uint64_t i = 0; i < groups; ++i) record.put({i, i, entry.issued}, groups);
  return record;
}

class Cookies : public testing::Test {
 protected:
  Cookies() { cookies.set_own_keys(keys); }

  Jar written(StickyCookie which, const routing::StickyRecord& record) {
    std::string fields;
    cookies.write(which, record, now, fields);
    return Jar(fields);
  }
  Read read(StickyCookie which, const std::string& field) {
    http::Fields fields;
    fields.add("Cookie", field);
    return cookies.read(which, fields, seen);
  }

  const tls::CookieKeys keys{tls::make_cookie_key(), ""};
  StickyCookies cookies;
  routing::StickyRecord seen;
};

TEST_F(Cookies, of_a_target_come_twice_and_expire_after_a_week) {
  const Jar jar = written(StickyCookie::target, record_of(1));
  ASSERT_EQ(jar.lines.size(), 2u);
  const std::string value = jar.cookies.at("AWSALB");
  EXPECT_EQ(jar.lines[0],
            "Set-Cookie: AWSALB=" + value + "; Expires=Thu, 03 Dec 2026 00:00:00 GMT; Path=/");
  EXPECT_EQ(jar.lines[1],
            "Set-Cookie: AWSALBCORS=" + value +
                "; Expires=Thu, 03 Dec 2026 00:00:00 GMT; Path=/; SameSite=None; Secure");
  EXPECT_EQ(read(StickyCookie::target, jar.field()), Read::read);
  EXPECT_EQ(*seen.begin(), *record_of(1).begin());
}

TEST_F(Cookies, of_a_group_have_names_of_their_own_and_are_not_taken_for_a_targets) {
  const Jar jar = written(StickyCookie::group, record_of(1));
  const std::string value = jar.cookies.at("AWSALBTGCORS");
  EXPECT_EQ(jar.cookies.at("AWSALBTG"), value);
  EXPECT_EQ(read(StickyCookie::group, jar.field()), Read::read);
  EXPECT_EQ(read(StickyCookie::target, jar.field()), Read::absent);
  EXPECT_EQ(read(StickyCookie::target, "AWSALB=" + value), Read::refused);
}

TEST_F(Cookies, that_end_in_cors_are_read_first) {
  const std::string one = written(StickyCookie::target, record_of(1)).cookies.at("AWSALB");
  const std::string two = written(StickyCookie::target, record_of(2)).cookies.at("AWSALB");
  EXPECT_EQ(read(StickyCookie::target, "AWSALB=" + one + "; AWSALBCORS=" + two), Read::read);
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_EQ(read(StickyCookie::target, "AWSALB=" + one + "; AWSALBCORS=no"), Read::refused);
  EXPECT_EQ(read(StickyCookie::target, "AWSALB=" + one), Read::read);
  EXPECT_EQ(seen.size(), 1u);
}

TEST_F(Cookies, of_an_application_are_four_of_which_those_without_content_say_so) {
  const Jar few = written(StickyCookie::application, record_of(3));
  ASSERT_EQ(few.lines.size(), 4u);
  EXPECT_EQ(few.cookies.at("AWSALBAPP-1"), "_remove_");
  EXPECT_EQ(few.cookies.at("AWSALBAPP-3"), "_remove_");
  EXPECT_EQ(read(StickyCookie::application, few.field()), Read::read);
  EXPECT_EQ(seen.size(), 3u);

  Jar many = written(StickyCookie::application, record_of(model::limits::app_sticky_groups_max));
  for (const std::string& line : many.lines) EXPECT_LE(line.size(), 4096u);
  EXPECT_NE(many.cookies.at("AWSALBAPP-3"), "_remove_");
  EXPECT_EQ(read(StickyCookie::application, many.field()), Read::read);
  EXPECT_EQ(seen.size(), model::limits::app_sticky_groups_max);
  many.cookies.erase("AWSALBAPP-2");
  EXPECT_EQ(read(StickyCookie::application, many.field()), Read::refused);
  EXPECT_TRUE(seen.empty());
}

TEST_F(Cookies, of_as_many_groups_as_one_remembers_fit_into_what_browsers_keep) {
  const Jar jar = written(StickyCookie::target, record_of(model::limits::sticky_groups_max));
  for (const std::string& line : jar.lines) EXPECT_LE(line.size(), 4096u);
}

TEST_F(Cookies, are_read_by_whoever_shares_the_keys_until_they_have_changed_twice) {
  const std::string field = written(StickyCookie::target, record_of(1)).field();
  const tls::CookieKeys shared{tls::make_cookie_key(), keys.current};
  cookies.set_shared_keys(shared);
  EXPECT_EQ(read(StickyCookie::target, field), Read::read);
  const std::string later = written(StickyCookie::target, record_of(1)).field();
  StickyCookies other;
  other.set_shared_keys({shared.current, ""});
  http::Fields fields;
  fields.add("Cookie", later);
  EXPECT_EQ(other.read(StickyCookie::target, fields, seen), Read::read);
  cookies.set_own_keys({tls::make_cookie_key(), ""});  // of no effect while there are shared ones
  EXPECT_EQ(read(StickyCookie::target, later), Read::read);
  cookies.set_shared_keys({});
  EXPECT_EQ(read(StickyCookie::target, later), Read::refused);
  EXPECT_EQ(read(StickyCookie::target, field), Read::refused);
}

TEST_F(Cookies, without_keys_are_sealed_by_one_that_nobody_else_has) {
  StickyCookies own;
  std::string fields;
  own.write(StickyCookie::target, record_of(1), now, fields);
  http::Fields request;
  const std::string field = Jar(fields).field();
  request.add("Cookie", field);
  EXPECT_EQ(own.read(StickyCookie::target, request, seen), Read::read);
  EXPECT_EQ(cookies.read(StickyCookie::target, request, seen), Read::refused);
}

// A cookie that is not ours to the last bit says nothing, and harms nobody.
class BadCookie : public Cookies, public testing::WithParamInterface<const char*> {};
TEST_P(BadCookie, says_nothing) {
  const std::string good = written(StickyCookie::target, record_of(1)).cookies.at("AWSALB");
  std::string value = GetParam();
  if (const size_t at = value.find('@'); at != std::string::npos) value.replace(at, 1, good);
  if (const size_t at = value.find('<'); at != std::string::npos)
    value.replace(at, 1, good.substr(0, good.size() - 1));
  if (const size_t at = value.find('>'); at != std::string::npos)
    value.replace(at, 1, good.substr(1));
  for (const char* name : {"AWSALB", "AWSALBCORS"}) {
    seen.put(entry, 9);
    EXPECT_EQ(read(StickyCookie::target, std::string(name) + "=" + value),
              value.empty() ? Read::absent : Read::refused)
        << value;
    EXPECT_TRUE(seen.empty());
  }
}
INSTANTIATE_TEST_SUITE_P(
    Table, BadCookie,
    testing::Values("", "x", "AA", "AAAA", "_remove_", "null", "\"@\"", "@=", "@==", "@A", "A@",
                    "@@", "<", ">", "%40@", "@%3D", "127.0.0.2:80", "../../etc/passwd",
                    "eyJhbGciOiJub25lIn0.e30.",
                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));

TEST_F(Cookies, whose_content_is_sealed_and_makes_no_sense_are_refused) {
  tls::CookieSealer sealer(keys);
  for (const std::string& content :
       {std::string(), std::string("\x01x"), std::string(21, '\x02')}) {
    std::string text;
    append_base64url(sealer.seal("AWSALB", content), text);
    EXPECT_EQ(read(StickyCookie::target, "AWSALB=" + text), Read::refused);
  }
}

}  // namespace
}  // namespace daruma::proxy
