// SPDX-License-Identifier: Apache-2.0
#include "api/export.h"

#include <gtest/gtest.h>

#include <string>

#include "control/declared.h"

namespace daruma::api {
namespace {

TEST(Yaml, is_written_in_blocks_and_quoted_where_it_must_be) {
  const Json json = Json::parse(R"({
    "Name": "web", "Empty": [], "List": [1, "a b", {"K": "true", "L": [{"M": "/x"}]}],
    "daruma.negate": true, "Text": "a: \"b\"\n", "Number": "80", "Word": "No"})");
  EXPECT_EQ(yaml_of(json),
            "Name: web\n"
            "Empty: []\n"
            "List:\n"
            "  - 1\n"
            "  - \"a b\"\n"
            "  - K: \"true\"\n"
            "    L:\n"
            "      - M: /x\n"
            "daruma.negate: true\n"
            "Text: \"a: \\\"b\\\"\\n\"\n"
            "Number: \"80\"\n"
            "Word: \"No\"\n");
}

TEST(Export, instances_are_written_as_where_they_are) {
  model::api::Resources all;
  auto& group = all.target_groups.emplace_back();
  group.name = "group";
  group.target_type = "instance";
  group.targets.push_back({"i-0123", 81, "zone-a", "127.0.0.2"});
  EXPECT_EQ(export_yaml(all, ""),
            "TargetGroups:\n"
            "  - Name: group\n"
            "    TargetType: ip\n"
            "    Targets:\n"
            "      - Id: \"127.0.0.2\"\n"
            "        Port: 81\n"
            "        AvailabilityZone: zone-a\n");
}

TEST(Export, the_local_authority_stands_beside_the_certificates_files) {
  model::api::Resources all;
  all.local_authority = true;
  EXPECT_EQ(export_yaml(all, ""), "Certificates:\n  LocalAuthority: true\n");
  all.certificates.emplace_back().name = "site";
  EXPECT_EQ(export_yaml(all, ""),
            "Certificates:\n"
            "  LocalAuthority: true\n"
            "  Files:\n"
            "    - Name: site\n"
            "      CertificateFile: site.crt\n"
            "      PrivateKeyFile: site.key\n");
}

// What a file says is said by what is exported of it.
TEST(Export, of_a_file_says_what_the_file_says) {
  const control::Surroundings with{
      .read_file = [](const std::string& path) -> Result<std::string> {
        return "secret-of-" + path;
      },
      .check_certificate = [](const tls::CertificateText&) -> Result<control::CheckedCertificate> {
        return control::CheckedCertificate{"fingerprint", ""};
      },
      .check_ssl_policy = [](std::string_view) -> Result<void> { return {}; }};
  const std::string file = DARUMA_SOURCE_DIR "/src/control/testdata/good/0";
  for (const char* name : {"2-everything.yaml", "4-rules.yaml", "5-listener.yaml"}) {
    control::Surroundings real = with;
    real.read_file = control::Surroundings::system([] { return WallTime(); }).read_file;
    const auto text = real.read_file(file + name);
    ASSERT_TRUE(text) << name;
    const auto first = control::parse_declared(*text, "a.yaml", with);
    ASSERT_FALSE(control::has_errors(first.diagnostics)) << control::to_text(first.diagnostics);
    const std::string exported = export_yaml(first.resources, "");
    const auto second = control::parse_declared(exported, "a.yaml", with);
    EXPECT_FALSE(control::has_errors(second.diagnostics))
        << control::to_text(second.diagnostics) << exported;
    EXPECT_EQ(second.resources.load_balancers, first.resources.load_balancers) << exported;
    EXPECT_EQ(second.resources.target_groups, first.resources.target_groups) << exported;
    EXPECT_EQ(second.resources.certificates, first.resources.certificates) << exported;
    EXPECT_EQ(second.resources.node.addresses, first.resources.node.addresses);
  }
}

}  // namespace
}  // namespace daruma::api
