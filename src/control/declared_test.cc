// SPDX-License-Identifier: Apache-2.0
#include "control/declared.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "control/yaml_tree.h"

namespace daruma::control {
namespace {

namespace fs = std::filesystem;

// When the certificates in testdata are valid.
Surroundings system_in_2027() {
  return Surroundings::system(
      [] { return WallTime(std::chrono::sys_days(std::chrono::year(2027) / 1 / 1)); });
}

// Files are named as an operator would, relative to where they are checked from.
class TestData : public testing::Test {
 protected:
  TestData() { fs::current_path(DARUMA_SOURCE_DIR "/src/control/testdata"); }
  ~TestData() override { fs::current_path(before_); }

  static std::vector<std::string> files_in(const std::string& folder) {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
    }
    std::ranges::sort(files);
    return files;
  }

 private:
  fs::path before_ = fs::current_path();
};

// testdata/bad/expected.txt: every line that checking each file must say.
TEST_F(TestData, bad_files_give_exactly_the_expected_messages) {
  std::map<std::string, std::string> expected;
  std::ifstream stream("bad/expected.txt");
  for (std::string line; std::getline(stream, line);) {
    expected[line.substr(0, line.find(':'))] += line + "\n";
  }
  const std::vector<std::string> files = files_in("bad");
  EXPECT_GE(files.size(), 230u);
  EXPECT_EQ(files.size(), expected.size());
  for (const std::string& file : files) {
    const Diagnostics diagnostics = check_file(file, system_in_2027());
    EXPECT_TRUE(has_errors(diagnostics)) << file;
    EXPECT_EQ(to_text(diagnostics), expected[file]);
  }
}

TEST_F(TestData, good_files_give_none) {
  const std::vector<std::string> files = files_in("good");
  EXPECT_GE(files.size(), 3u);
  for (const std::string& file : files)
    EXPECT_EQ(to_text(check_file(file, system_in_2027())), "") << file;
}

TEST_F(TestData, missing_file_is_a_message) {
  EXPECT_EQ(to_text(check_file("none.yaml", system_in_2027())),
            "none.yaml: cannot read the file: No such file or directory\n");
  EXPECT_EQ(to_text(check_file("good", system_in_2027())),
            "good: cannot read the file: Is a directory\n");
}

Surroundings nothing_outside() {
  return {.read_file = [](const std::string& path) -> Result<std::string> { return path; },
          .check_certificate = [](const tls::CertificateText& text) -> Result<CheckedCertificate> {
            return CheckedCertificate{text.chain_pem + "+" + text.key_pem, ""};
          },
          .check_ssl_policy = [](std::string_view) -> Result<void> { return {}; }};
}

TEST(Declared, finds_files_relative_to_its_own_folder) {
  const Declared declared = parse_declared(
      "Logs: {Directory: ./logs}\n"
      "Certificates:\n"
      "  - {Name: a, CertificateFile: certs/a.crt, PrivateKeyFile: /keys/a.key}\n",
      "/etc/daruma/daruma.yaml", nothing_outside());
  EXPECT_FALSE(has_errors(declared.diagnostics)) << to_text(declared.diagnostics);
  ASSERT_EQ(declared.resources.certificates.size(), 1u);
  EXPECT_EQ(declared.resources.certificates[0].fingerprint, "/etc/daruma/certs/a.crt+/keys/a.key");
  EXPECT_EQ(declared.settings.logs_directory, "/etc/daruma/logs");
  EXPECT_EQ(declared.settings.admin.to_string(), "127.0.0.1:9090");
  const std::map<std::string, std::string> files{{"certs/a.crt", "/etc/daruma/certs/a.crt"},
                                                 {"/keys/a.key", "/keys/a.key"}};
  EXPECT_EQ(declared.files, files);
}

TEST_F(TestData, warns_of_a_certificate_that_is_not_valid_now) {
  const auto with = Surroundings::system(
      [] { return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)); });
  const Declared declared = parse_declared(
      "Certificates:\n"
      "  - {Name: site, CertificateFile: tls/site.crt, PrivateKeyFile: tls/site.key}\n",
      "d.yaml", with);
  EXPECT_EQ(declared.diagnostics.back().to_string(),
            "d.yaml:2:35: warning: certificate 'site' is not valid before 2026-11-22");
}

TEST(Declared, settings_are_what_the_file_says) {
  const Declared declared =
      parse_declared("Admin: {Address: \"::1\", Port: 19090}\n", "d.yaml", nothing_outside());
  EXPECT_EQ(declared.settings.admin.to_string(), "[::1]:19090");
  EXPECT_EQ(declared.settings.logs_directory, "logs");
}

TEST(Declared, warns_of_what_is_hardly_meant) {
  const Declared declared = parse_declared(
      "Admin: {Address: 127.0.0.1}\n"
      "TargetGroups:\n"
      "  - {Name: a, Protocol: HTTP, Port: 80, HealthCheckIntervalSeconds: 300,"
      " UnhealthyThresholdCount: 10}\n"
      "LoadBalancers:\n"
      "  - Name: web\n"
      "    Listeners:\n"
      "      - Port: 80\n"
      "        Protocol: HTTP\n"
      "        DefaultActions: [{Type: forward, TargetGroup: a}]\n"
      "        Rules:\n"
      "          - Priority: 1\n"
      "            Conditions: [{Field: path-pattern, Values: [images/*]}]\n"
      "            Actions: [{Type: forward, ForwardConfig: {TargetGroups: [{TargetGroup: a,"
      " Weight: 0}]}}]\n"
      "  - Name: idle\n",
      "d.yaml", nothing_outside());
  EXPECT_FALSE(has_errors(declared.diagnostics));
  EXPECT_EQ(to_text(declared.diagnostics),
            "d.yaml:3:69: warning: a target that dies gets requests for up to 3005 s: interval 300 "
            "x UnhealthyThresholdCount 10 + timeout 5\n"
            "d.yaml:9:55: warning: target group 'a' has no Targets: its requests are answered with "
            "503\n"
            "d.yaml:12:57: warning: path-pattern 'images/*' matches nothing: every path begins "
            "with '/'\n"
            "d.yaml:13:55: warning: every Weight is 0: these requests are answered with 503\n"
            "d.yaml:14:5: warning: a load balancer without Listeners serves nothing\n");
}

// A listener whose only action is this redirect.
bool is_refused(const std::string& redirect) {
  const Declared declared = parse_declared(
      "LoadBalancers:\n  - Name: web\n    Listeners:\n      - Port: 80\n        Protocol: HTTP\n"
      "        DefaultActions: [{Type: redirect, RedirectConfig: {" +
          redirect + ", StatusCode: HTTP_301}}]\n",
      "d.yaml", nothing_outside());
  return has_errors(declared.diagnostics);
}

// AWS, "Redirect actions".
TEST(Redirect, keywords_may_stand_where_aws_has_them) {
  struct Part {
    std::string before;  // the keyword
    std::string after;
    std::set<std::string> allowed;
  };
  const Part parts[] = {
      {"Path: /other, Protocol: \"#{", "}\"", {"protocol"}},
      {"Path: /other, Host: \"a.#{", "}\"", {"host"}},
      {"Path: /other, Port: \"#{", "}\"", {"port"}},
      {"Path: \"/x/#{", "}/y\"", {"host", "port", "path"}},
      {"Path: /other, Query: \"q=#{", "}&r\"", {"protocol", "host", "port", "path", "query"}},
  };
  for (const Part& part : parts) {
    for (const std::string keyword :
         {"protocol", "host", "port", "path", "query", "Host", "", "method", "host}#{x"}) {
      const std::string redirect = part.before + keyword + part.after;
      EXPECT_EQ(is_refused(redirect), !part.allowed.contains(keyword)) << redirect;
    }
  }
}

TEST(Redirect, parts_are_as_long_as_aws_has_them) {
  const auto letters = [](size_t count) { return std::string(count, 'a'); };
  EXPECT_FALSE(is_refused("Host: " + letters(128)));
  EXPECT_TRUE(is_refused("Host: " + letters(129)));
  EXPECT_TRUE(is_refused("Host: \"\""));
  EXPECT_FALSE(is_refused("Path: /" + letters(127)));
  EXPECT_TRUE(is_refused("Path: /" + letters(128)));
  EXPECT_TRUE(is_refused("Path: \"\""));
  EXPECT_FALSE(is_refused("Path: /b, Query: " + letters(128)));
  EXPECT_TRUE(is_refused("Path: /b, Query: " + letters(129)));
  EXPECT_FALSE(is_refused("Path: /b, Query: \"\""));
  for (const char* port : {"0", "65536", "80a", "-1", "\"\""})
    EXPECT_TRUE(is_refused(std::string("Port: ") + port)) << port;
  EXPECT_FALSE(is_refused("Port: 65535"));
}

TEST(Declared, says_at_most_a_hundred_things) {
  std::string text = "TargetGroups:\n";
  for (int i = 0; i < 150; ++i) text += "  - {Name: a b, Protocol: HTTP, Port: 80}\n";
  const Declared declared = parse_declared(text, "d.yaml", nothing_outside());
  ASSERT_EQ(declared.diagnostics.size(), 101u);
  EXPECT_EQ(declared.diagnostics.back().to_string(), "d.yaml: and 199 more");
}

TEST(Declared, holds_the_quotas_of_a_node) {
  const auto lines = [](int count, const std::string& before, const std::string& after) {
    std::string text;
    for (int i = 0; i < count; ++i) text += before + std::to_string(i) + after;
    return text;
  };
  const std::string groups = lines(3001, "  - {Name: g", ", Protocol: HTTP, Port: 80}\n");
  const std::string balancers = lines(501, "  - {Name: b", "}\n");
  Declared declared = parse_declared("TargetGroups:\n" + groups + "LoadBalancers:\n" + balancers,
                                     "d.yaml", nothing_outside());
  std::erase_if(declared.diagnostics,
                [](const Diagnostic& each) { return each.severity == Severity::warning; });
  EXPECT_EQ(to_text(declared.diagnostics),
            "d.yaml:1:1: a node has at most 3000 TargetGroups, not 3001\n"
            "d.yaml:3003:1: a node has at most 500 LoadBalancers, not 501\n");
}

// Every name is unknown, and each would be compared with every one that is known.
TEST(Declared, a_file_full_of_mistakes_is_checked_in_no_time) {
  std::string text = "TargetGroups:\n";
  for (int i = 0; i < 3000; ++i) {
    text += "  - {Name: group-number-" + std::to_string(i) + ", Protocol: HTTP, Port: 80}\n";
  }
  text += "LoadBalancers:\n  - Name: web\n    Listeners:\n";
  for (int i = 1; i <= 20'000; ++i) {
    text += "      - {Port: " + std::to_string(i) +
            ", Protocol: HTTP, DefaultActions: [{Type: forward, TargetGroup: grouq-mumber-" +
            std::to_string(i) + "}]}\n";
  }
  const Declared declared = parse_declared(text, "d.yaml", nothing_outside());
  ASSERT_EQ(declared.diagnostics.size(), 101u);
}

TEST(Declared, survives_being_cut_anywhere) {
  std::ifstream stream(DARUMA_SOURCE_DIR "/src/control/testdata/good/02-everything.yaml");
  std::ostringstream whole;
  whole << stream.rdbuf();
  const std::string text = whole.str();
  ASSERT_GT(text.size(), 1000u);
  for (size_t length = 0; length < text.size(); length += 13) {
    const Declared declared = parse_declared(text.substr(0, length), "d.yaml", nothing_outside());
    for (const Diagnostic& diagnostic : declared.diagnostics) {
      EXPECT_FALSE(diagnostic.message.empty());
      EXPECT_GE(diagnostic.line, 1);
    }
  }
}

}  // namespace
}  // namespace daruma::control
