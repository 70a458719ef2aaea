// SPDX-License-Identifier: Apache-2.0
#include "notify/buckets.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "telemetry/temporary_directory.h"

namespace daruma::notify {
namespace {

class FakeSender final : public HttpSender {
 public:
  explicit FakeSender(Result<HttpReply> first = HttpReply{200, ""}) : answer(std::move(first)) {}
  Result<HttpReply> send(const HttpRequest& request) override {
    asked.push_back(request);
    return answer;
  }
  std::vector<HttpRequest> asked;
  Result<HttpReply> answer;
};

model::api::Bucket service_bucket() {
  return {.name = "lb-logs",
          .endpoint = "https://s3.example.com",
          .region = "eu-central-1",
          .access_key_id = "AKIA1",
          .secret_access_key = "secret"};
}

TEST(Buckets, puts_by_path_signed_for_the_region) {
  FakeSender sender;
  Buckets buckets({service_bucket()}, sender);
  ASSERT_TRUE(buckets.put("lb-logs", "a b/ü+.gz", "body", "application/gzip"));
  ASSERT_EQ(sender.asked.size(), 1u);
  EXPECT_EQ(sender.asked[0].method, "PUT");
  EXPECT_EQ(sender.asked[0].url, "https://s3.example.com/lb-logs/a%20b/%C3%BC%2B.gz");
  EXPECT_EQ(sender.asked[0].body, "body");
  ASSERT_TRUE(sender.asked[0].signer);
  EXPECT_EQ(sender.asked[0].signer->region, "eu-central-1");
  EXPECT_EQ(sender.asked[0].signer->service, "s3");
}

TEST(Buckets, says_what_the_service_says) {
  FakeSender sender;
  sender.answer =
      HttpReply{403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"};
  Buckets buckets({service_bucket()}, sender);
  EXPECT_EQ(buckets.put("lb-logs", "k", "", "text/plain").error().message,
            "the service answered 403 AccessDenied: Access Denied");
  sender.answer = fail("Couldn't connect to server");
  EXPECT_EQ(buckets.get("lb-logs", "k", 10).error().message, "Couldn't connect to server");
}

TEST(Buckets, says_whether_what_was_wrong_may_pass) {
  const auto may_pass = [](Result<HttpReply> answer) {
    FakeSender sender(std::move(answer));
    const auto content = Buckets({service_bucket()}, sender).get("lb-logs", "k", 10);
    return !content && content.error().may_pass;
  };
  EXPECT_TRUE(may_pass(fail("Couldn't connect to server")));
  EXPECT_TRUE(may_pass(HttpReply{503, ""}));
  EXPECT_FALSE(may_pass(HttpReply{404, ""}));
  EXPECT_FALSE(may_pass(HttpReply{403, "no XML"}));
}

TEST(Buckets, gets_no_object_that_is_too_large) {
  FakeSender sender(HttpReply{200, "0123456789", {}, true});
  Buckets buckets({service_bucket()}, sender);
  EXPECT_FALSE(buckets.get("lb-logs", "k", 10));
  sender.answer->cut_off = false;
  EXPECT_EQ(*buckets.get("lb-logs", "k", 10), "0123456789");
}

TEST(Buckets, gets_a_version_within_its_time) {
  FakeSender sender;
  Buckets buckets({service_bucket()}, sender);
  ASSERT_TRUE(buckets.get("lb-logs", "k", 10, {.version = "a+b/c", .timeout = 7s}));
  EXPECT_EQ(sender.asked[0].url, "https://s3.example.com/lb-logs/k?versionId=a%2Bb%2Fc");
  EXPECT_EQ(sender.asked[0].timeout, 7s);
}

TEST(Buckets, keeps_objects_in_a_directory) {
  const telemetry::TemporaryDirectory directory;
  FakeSender sender;
  Buckets buckets({{.name = "here", .directory = directory.path().string()}}, sender);
  ASSERT_TRUE(buckets.put("here", "a/b/c.gz", "body", "application/gzip"));
  EXPECT_EQ(*buckets.get("here", "a/b/c.gz", 10), "body");
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "a/b/c.gz.part"));
  EXPECT_FALSE(buckets.get("here", "a/b/d.gz", 10));
  EXPECT_FALSE(buckets.get("here", "a/b/c.gz", 10, {.version = "1"}));
  EXPECT_TRUE(sender.asked.empty());
}

TEST(Buckets, refuses_keys_that_lead_elsewhere_and_buckets_that_are_not_there) {
  const telemetry::TemporaryDirectory directory;
  FakeSender sender;
  Buckets buckets({{.name = "here", .directory = directory.path().string()}}, sender);
  for (const char* key : {"", "..", "a/../../b", "/etc/passwd", "a//b", "a/", "./a"}) {
    EXPECT_FALSE(buckets.put("here", key, "body", "text/plain")) << key;
    EXPECT_FALSE(buckets.get("here", key, 10)) << key;
  }
  EXPECT_EQ(buckets.get("there", "a", 10).error().message,
            "bucket 'there' is not among Buckets in the configuration");
}

TEST(Buckets, leaves_nothing_of_what_a_full_disk_did_not_take) {
  FakeSender sender;
  const telemetry::TemporaryDirectory directory;
  std::filesystem::create_directories(directory.path() / "x");
  std::filesystem::create_symlink("/dev/full", directory.path() / "x/k.part");
  Buckets buckets({{.name = "here", .directory = directory.path().string()}}, sender);
  EXPECT_FALSE(buckets.put("here", "x/k", std::string(100'000, 'b'), "text/plain"));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "x/k"));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "x/k.part"));
}

}  // namespace
}  // namespace daruma::notify
