// SPDX-License-Identifier: Apache-2.0
//
// Signatures that botocore made, the ways to spoil them, and AWS's own test vectors where they are
// at hand.
#include "api/sigv4.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace daruma::api {
namespace {

using model::api::AccessKey;

// A request's text taken apart; folded lines are joined, as the vectors have them.
struct Message {
  explicit Message(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);
    const size_t first = line.find(' ');
    const size_t last = line.rfind(' ');
    method = line.substr(0, first);
    const std::string target = line.substr(first + 1, last - first - 1);
    path = target.substr(0, target.find('?'));
    if (path.size() < target.size()) query = target.substr(path.size() + 1);
    while (std::getline(lines, line) && !line.empty()) {
      if (line[0] == ' ') {
        values.back() += " " + line;
        continue;
      }
      names.push_back(line.substr(0, line.find(':')));
      values.push_back(line.substr(line.find(':') + 1));
    }
    std::getline(lines, body, '\0');
    for (size_t i = 0; i < names.size(); ++i) {
      std::string& value = values[i];
      value.erase(0, value.find_first_not_of(' '));
      fields.add(names[i], value);
    }
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  SignedRequest request() const { return {method, path, query, fields, body}; }

  std::string method;
  std::string path;
  std::string query;
  std::deque<std::string> names;
  std::deque<std::string> values;
  http::Fields fields;
  std::string body;
};

const std::vector<AccessKey> keys{
    {.id = "AKIDOTHER123", .secret = "another-secret-of-another", .secret_file = {}, .role = {}},
    {.id = "AKIDEXAMPLE",
     .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
     .secret_file = {},
     .role = "admin"}};

WallTime at(int year, unsigned month, unsigned day, int hour, int minute) {
  using namespace std::chrono;
  return sys_days(year_month_day(std::chrono::year(year), std::chrono::month(month),
                                 std::chrono::day(day))) +
         hours(hour) + minutes(minute);
}
const WallTime noon = at(2026, 8, 1, 12, 0);

// The code it is refused with, or the id of the key that signed it.
std::string verdict(const std::string& text, WallTime now = noon) {
  static constexpr std::string_view services[] = {"elasticloadbalancing", "sts", "service"};
  const Message message(text);
  const auto key = verify_signature(message.request(), {keys, services, now});
  return key ? (*key)->id : key.error().code;
}

const std::string credential =
    "AKIDEXAMPLE/20260801/eu-central-1/elasticloadbalancing/aws4_request";
const std::string signature = "00ca152412e74982f5c65a7a97b39cdca52f4546923274270ccd376f6aa4ef70";
const std::string posted =
    "POST / HTTP/1.1\n"
    "Host: localhost:9090\n"
    "Content-Type: application/x-www-form-urlencoded; charset=utf-8\n"
    "X-Amz-Date: 20260801T120000Z\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=" +
    credential + ", SignedHeaders=content-type;host;x-amz-date, Signature=" + signature +
    "\n\nAction=DescribeLoadBalancers&Version=2015-12-01";
const std::string presigned =
    "GET /?Action=DescribeLoadBalancers&Version=2015-12-01&Names.member.1=a%20b%2Bc"
    "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260801%2Fus-east-1"
    "%2Felasticloadbalancing%2Faws4_request&X-Amz-Date=20260801T120000Z&X-Amz-Expires=900"
    "&X-Amz-SignedHeaders=host&X-Amz-Signature="
    "8a72ae562d23bc8a87a09077c8697413e140fb995c33e1d63f4bb0dae1943f3e HTTP/1.1\n"
    "Host: localhost:9090\n\n";
const std::string with_token =
    "POST / HTTP/1.1\nHost: localhost:9090\nX-Amz-Date: 20260801T120000Z\n"
    "X-Amz-Security-Token: TOKEN/=+\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260801/us-east-1/sts/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature="
    "47e389513a8088f067ac8d6dc3b41d4e4106c94cd06330175770c2e0b63481a1"
    "\n\nAction=GetCallerIdentity&Version=2011-06-15";

std::string changed(std::string text, const std::string& from, const std::string& to) {
  const size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return place == std::string::npos ? text : text.replace(place, from.size(), to);
}

TEST(Sigv4, knows_who_signed) {
  EXPECT_EQ(verdict(posted), "AKIDEXAMPLE");
  EXPECT_EQ(verdict(presigned), "AKIDEXAMPLE");
  EXPECT_EQ(verdict(with_token), "AKIDEXAMPLE");
}

// The example of AWS's documentation of the signing process, which has no body.
TEST(Sigv4, agrees_with_the_documentation) {
  static constexpr std::string_view services[] = {"iam"};
  const Message message(
      "GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\nHost: iam.amazonaws.com\n"
      "Content-Type: application/x-www-form-urlencoded; charset=utf-8\n"
      "X-Amz-Date: 20150830T123600Z\n"
      "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
      "SignedHeaders=content-type;host;x-amz-date, Signature="
      "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7\n\n");
  const auto key = verify_signature(message.request(), {keys, services, at(2015, 8, 30, 12, 36)});
  EXPECT_TRUE(key) << key.error().message;
}

TEST(Sigv4, takes_what_changes_nothing) {
  const std::string same[] = {
      changed(posted, "Host:", "X-Other: 1\nHost:"),
      changed(posted, "Host: localhost", "hOST:   localhost"),
      changed(posted, ", SignedHeaders", ",SignedHeaders"),
      changed(posted, "Host:",
              "X-Amz-Content-Sha256: "
              "b0f52a10bbab1bd5a3a3d3a1a4ab4c4a9dbcb7bba55e2ea2dd6bcb1dd55d52fd\nX-B: 1\nHost:")};
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(verdict(same[i]), "AKIDEXAMPLE") << same[i];
  EXPECT_EQ(verdict(same[3]), "SignatureDoesNotMatch") << "the told hash is not the body's";
  EXPECT_EQ(verdict(posted, noon + 5min), "AKIDEXAMPLE");
  EXPECT_EQ(verdict(posted, noon - 5min), "AKIDEXAMPLE");
  EXPECT_EQ(verdict(presigned, noon + 900s), "AKIDEXAMPLE");
}

struct Wrong {
  std::string text;
  const char* code;
  WallTime now = noon;
};

constexpr const char* missing = "MissingAuthenticationToken";
constexpr const char* incomplete = "IncompleteSignature";
constexpr const char* mismatch = "SignatureDoesNotMatch";
constexpr const char* unknown = "InvalidClientTokenId";

std::vector<Wrong> wrong_headers() {
  const auto with = [](const char* from, const char* to) { return changed(posted, from, to); };
  const std::string line = posted.substr(posted.find("Authorization"));
  return {
      {changed(posted, line.substr(0, line.find('\n') + 1), ""), missing},
      {with("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), incomplete},
      {with("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), incomplete},
      {with("AWS4-HMAC-SHA256", "Basic"), incomplete},
      {with("Credential=", "Credentials="), incomplete},
      {with("SignedHeaders=", "Signed="), incomplete},
      {with("Signature=", "Sig="), incomplete},
      {with("X-Amz-Date: 20260801T120000Z\n", ""), incomplete},
      {with("X-Amz-Date: 20260801T120000Z", "X-Amz-Date: 2026-08-01T12:00:00Z"), incomplete},
      {with("X-Amz-Date: 20260801T120000Z", "X-Amz-Date: 20261301T120000Z"), incomplete},
      {with("X-Amz-Date: 20260801T120000Z", "X-Amz-Date: 20260801T1200x0Z"), incomplete},
      {with("/aws4_request", ""), incomplete},
      {with("/aws4_request", "/aws4_request/x"), incomplete},
      {with("Credential=AKIDEXAMPLE/", "Credential="), incomplete},
      {with("/aws4_request", "/aws4_reques"), mismatch},
      {with("/20260801/", "/20260802/"), mismatch},
      {with("/eu-central-1/", "//"), mismatch},
      {with("/eu-central-1/", "/us-east-1/"), mismatch},
      {with("/elasticloadbalancing/", "/s3/"), mismatch},
      {with("/elasticloadbalancing/", "/sts/"), mismatch},
      {with("AKIDEXAMPLE", "AKIDUNKNOWN1"), unknown},
      {with("AKIDEXAMPLE", ""), unknown},
      {with("AKIDEXAMPLE", "AKIDOTHER123"), mismatch},
      {with("Signature=00", "Signature=01"), mismatch},
      {with("Signature=00ca", "Signature=00CA"), mismatch},
      {with("6aa4ef70", "6aa4ef7"), mismatch},
      {with("6aa4ef70", "6aa4ef700"), mismatch},
      {with("content-type;host;x-amz-date", "host;x-amz-date"), mismatch},
      {with("content-type;host;x-amz-date", "content-type;x-amz-date"), mismatch},
      {with("content-type;host;x-amz-date", "content-type;host"), mismatch},
      {with("content-type;host;x-amz-date", "host;content-type;x-amz-date"), mismatch},
      {with("content-type;host;x-amz-date", "accept;content-type;host;x-amz-date"), mismatch},
      {with("POST /", "PUT /"), mismatch},
      {with("POST /", "POST /x"), mismatch},
      {with("POST /", "POST /?a=b"), mismatch},
      {with("localhost:9090", "localhost:9091"), mismatch},
      {with("charset=utf-8", "charset=utf-16"), mismatch},
      {with("Host:", "Content-Type: x\nHost:"), mismatch},
      {with("DescribeLoadBalancers", "DeleteLoadBalancer"), mismatch},
      {with("2015-12-01", "2015-12-01&"), mismatch},
      {with("Host:", "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\nHost:"), mismatch},
      {with("Host:", "X-Amz-Target: CertificateManager.DeleteCertificate\nHost:"), mismatch},
      {posted, mismatch, noon + 5min + 1s},
      {posted, mismatch, noon - 5min - 1s},
      {changed(with_token, "TOKEN", "OTHER"), mismatch},
  };
}

std::vector<Wrong> wrong_queries() {
  const auto with = [](const char* from, const char* to) { return changed(presigned, from, to); };
  return {
      {with("AWS4-HMAC-SHA256", "AWS4"), incomplete},
      {with("X-Amz-Expires=900", "X-Amz-Expires=0"), incomplete},
      {with("X-Amz-Expires=900", "X-Amz-Expires=604801"), incomplete},
      {with("X-Amz-Expires=900", "X-Amz-Expires=901"), mismatch},
      {with("&X-Amz-Expires=900", ""), incomplete},
      {with("&X-Amz-SignedHeaders=host", ""), incomplete},
      {with("a%20b%2Bc", "a%20b%2Bd"), mismatch},
      {with("Host:", "Authorization: AWS4-HMAC-SHA256 Credential=a\nHost:"), incomplete},
      {presigned + "body", mismatch},
      {presigned, mismatch, noon + 901s},
      {presigned, mismatch, noon - 5min - 1s},
  };
}

TEST(Sigv4, refuses_wrong_signatures_with_the_right_code) {
  const std::vector<Wrong> headers = wrong_headers();
  EXPECT_GE(headers.size(), 40U);
  for (const Wrong& row : headers) EXPECT_EQ(verdict(row.text, row.now), row.code) << row.text;
  for (const Wrong& row : wrong_queries()) {
    EXPECT_EQ(verdict(row.text, row.now), row.code) << row.text;
  }
}

TEST(Sigv4, tells_the_claimed_key) {
  const auto claimed = [](const std::string& text) {
    const Message message(text);
    return claimed_key(message.request());
  };
  EXPECT_EQ(claimed(changed(posted, "Signature=00", "Signature=01")), "AKIDEXAMPLE");
  EXPECT_EQ(claimed(changed(presigned, "AKIDEXAMPLE", "AKIDX")), "AKIDX");
  EXPECT_EQ(claimed("GET / HTTP/1.1\nHost: localhost\n\n"), "");
  EXPECT_EQ(claimed(changed(posted, "AKIDEXAMPLE", std::string(1000, 'A'))).size(), 128U);
}

TEST(Sigv4, says_what_is_wrong_in_awss_words) {
  static constexpr std::string_view services[] = {"elasticloadbalancing"};
  const auto message_of = [](const std::string& text, WallTime now) {
    const Message message(text);
    const auto key = verify_signature(message.request(), {keys, services, now});
    return key ? "" : key.error().message;
  };
  EXPECT_EQ(message_of(posted, noon + 6min),
            "Signature expired: 20260801T120000Z is now earlier than 20260801T120100Z "
            "(20260801T120600Z - 5 min.)");
  EXPECT_EQ(message_of(changed(posted, "/aws4_request", ""), noon),
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            "keyid/date/region/service/term, got "
            "'AKIDEXAMPLE/20260801/eu-central-1/elasticloadbalancing'");
  EXPECT_EQ(message_of(changed(posted, "/elasticloadbalancing/", "/sts/"), noon),
            "Credential should be scoped to correct service: 'elasticloadbalancing'.");
  EXPECT_EQ(message_of(changed(posted, "Host:", "X-Amz-Target: A.B\nHost:"), noon),
            "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.");
  EXPECT_EQ(message_of(changed(posted, "AKIDEXAMPLE", "AKIDUNKNOWN1"), noon),
            "The security token included in the request is invalid.");
}

// Left out: those that ask for no normalisation, as only S3 signs, and what our parser refuses.
bool is_for_us(const std::filesystem::path& folder) {
  std::ifstream file(folder / "context.json");
  const auto context = nlohmann::json::parse(file);
  return context.at("normalize").get<bool>();
}

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(Sigv4, passes_the_vectors) {
  const std::filesystem::path folder = DARUMA_SOURCE_DIR "/../shared/vectors/sigv4/v4";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at hand";
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!is_for_us(entry.path())) continue;
    const WallTime then = at(2015, 8, 30, 12, 36);
    const std::string name = entry.path().filename().string();
    EXPECT_EQ(verdict(content(entry.path() / "header-signed-request.txt"), then), "AKIDEXAMPLE")
        << name;
    // The token joins the query after it was signed, which only some services of AWS do.
    if (name != "post-sts-header-after") {
      EXPECT_EQ(verdict(content(entry.path() / "query-signed-request.txt"), then), "AKIDEXAMPLE")
          << name;
    }
    ++count;
  }
  EXPECT_GE(count, 28U);
}

}  // namespace
}  // namespace daruma::api
