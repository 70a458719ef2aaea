// SPDX-License-Identifier: Apache-2.0
#include "tls/trust_store.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <string>
#include <vector>

#include "tls/authority_for_test.h"
#include "tls/revocation_list.h"

namespace daruma::tls {
namespace {

using namespace testing;  // NOLINT: this folder's own test helpers

constexpr int64_t far = 4'102'444'800;

void add(X509_CRL* list, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, nullptr, nullptr, nullptr, list, 0);
  const std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  ASSERT_TRUE(extension) << value;
  X509_CRL_add_ext(list, extension.get(), -1);
}

using OwnedExtension = std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>>;

OwnedExtension critical(const char* oid, const std::string& bytes) {
  const std::unique_ptr<ASN1_OCTET_STRING, Releaser<ASN1_STRING_free>> data(
      ASN1_OCTET_STRING_new());
  ASN1_STRING_set(data.get(), bytes.data(), static_cast<int>(bytes.size()));
  const std::unique_ptr<ASN1_OBJECT, Releaser<ASN1_OBJECT_free>> object(OBJ_txt2obj(oid, 1));
  return OwnedExtension(X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 1, data.get()));
}

std::string message_of(const std::string& content) {
  const auto facts = describe_revocations(content);
  return facts ? "" : facts.error().message;
}

TestAuthority::Change point(const char* value) {
  return [value](X509_CRL* list) { add(list, NID_issuing_distribution_point, value); };
}

TestAuthority::Change extension(const char* oid, const std::string& bytes) {
  return [oid, bytes](X509_CRL* list) { X509_CRL_add_ext(list, critical(oid, bytes).get(), -1); };
}

// The library's own look-up would take each of these for no list at all.
TEST(TrustStore, lists_that_are_not_complete_are_refused) {
  const TestAuthority root("root");
  struct Row {
    TestAuthority::Change change;
    std::string_view problem;
  };
  const Row rows[] = {
      {{}, ""},
      {point("critical,onlyuser:TRUE"), ""},
      {point("critical,fullname:URI:http://a/list"), ""},
      {extension("2.5.29.27", {"\x02\x01\x01", 3}), "is a delta"},
      {point("critical,indirectCRL:TRUE"), "is an indirect one"},
      {point("critical,onlysomereasons:keyCompromise"), "some reasons"},
      {point("critical,onlyAA:TRUE"), "attribute certificates"},
      {point("critical,onlyuser:TRUE,onlyCA:TRUE"), "no certificates at all"},
      {extension("2.5.29.28", "junk"), "damaged issuingDistributionPoint"},
      {extension("1.2.3.4", {"\x05\x00", 2}), "critical extension"},
      {[](X509_CRL* list) {
         X509_REVOKED* entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(list), 0);
         X509_REVOKED_add_ext(entry, critical("1.2.3.4", {"\x05\x00", 2}).get(), -1);
       },
       "entry with a critical extension"},
  };
  for (const Row& row : rows) {
    const std::string message = message_of(root.revocations({1}, far, row.change));
    EXPECT_EQ(message.empty(), row.problem.empty()) << row.problem << ": " << message;
    EXPECT_NE(message.find(row.problem), std::string::npos) << message;
  }
}

TEST(TrustStore, every_block_is_read_or_all_is_refused) {
  const TestAuthority root("root");
  const std::string list = root.revocations({1});
  const std::string byte_order_mark = "\xEF\xBB\xBF";
  for (const std::string& bad : {"  " + list, list + " " + list, "#" + list}) {
    EXPECT_NE(message_of(bad).find("start of a line"), std::string::npos) << message_of(bad);
  }
  for (const std::string& bad :
       {root.pem() + "\t" + root.pem(), " " + root.pem(), "#" + root.pem()}) {
    EXPECT_FALSE(describe_authorities(bad));
  }
  // Some libraries know a byte order mark for what it is.
  const auto facts = describe_revocations(byte_order_mark + list + byte_order_mark + list);
  EXPECT_TRUE(!facts || facts->lists == 2);
}

TEST(TrustStore, nothing_else_may_be_in_the_file) {
  TestAuthority root("root");
  const std::string key = root.issue().key_pem;
  const std::string list = root.revocations({1});
  for (const std::string& bad : {key + root.pem(), root.pem() + key, root.pem() + list}) {
    const auto facts = describe_authorities(bad);
    ASSERT_FALSE(facts);
    EXPECT_NE(facts.error().message.find("take out"), std::string::npos) << facts.error().message;
  }
  for (const std::string& bad : {key + list, list + key, list + root.pem()})
    EXPECT_NE(message_of(bad).find("take out"), std::string::npos) << message_of(bad);
}

std::string refusal(const std::string& ca_pem, const std::string& list) {
  const std::string_view view = list;
  const auto made = TrustStore::create(ca_pem, std::span(&view, 1));
  return made ? "" : made.error().message;
}

TEST(TrustStore, lists_are_those_of_its_own_authorities) {
  const TestAuthority root("root");
  const TestAuthority middle("middle", &root);
  const TestAuthority twin("root");  // another key under the same name
  EXPECT_EQ(refusal(root.pem(), root.revocations({1})), "");
  EXPECT_EQ(refusal(twin.pem() + root.pem(), root.revocations({1})), "");
  EXPECT_EQ(refusal(root.pem() + middle.pem(), middle.revocations({1})), "");
  const std::string message = refusal(root.pem(), middle.revocations({1}));
  EXPECT_NE(message.find("CN=middle"), std::string::npos) << message;
  EXPECT_NE(message.find("add its certificate to the bundle"), std::string::npos) << message;
  EXPECT_NE(refusal(root.pem(), twin.revocations({1})).find("not signed"), std::string::npos);
  const TestAuthority silent("silent", nullptr, {.usage = "critical,keyCertSign"});
  EXPECT_NE(refusal(silent.pem(), silent.revocations({1})).find("cRLSign"), std::string::npos);
}

std::string signed_with(const EVP_MD* digest, bool pss) {
  const OwnedKey key = make_rsa_key(2048);
  const std::unique_ptr<X509_CRL, Releaser<X509_CRL_free>> list(X509_CRL_new());
  X509_CRL_set_version(list.get(), 1);
  const std::unique_ptr<ASN1_TIME, Releaser<ASN1_TIME_free>> begin(ASN1_TIME_set(nullptr, far));
  X509_CRL_set1_lastUpdate(list.get(), begin.get());
  const std::unique_ptr<EVP_MD_CTX, Releaser<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  EXPECT_EQ(EVP_DigestSignInit(context.get(), &settings, digest, nullptr, key.get()), 1);
  const int padding = pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
  EXPECT_GT(EVP_PKEY_CTX_set_rsa_padding(settings, padding), 0);
  EXPECT_GT(X509_CRL_sign_ctx(list.get(), context.get()), 0);
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_X509_CRL(memory.get(), list.get()), 1);
  return text_of(memory.get());
}

TEST(TrustStore, lists_are_signed_with_strong_hashes) {
  for (const bool pss : {false, true}) {
    EXPECT_EQ(message_of(signed_with(EVP_sha256(), pss)), "");
    EXPECT_EQ(message_of(signed_with(EVP_sha512(), pss)), "");
    EXPECT_NE(message_of(signed_with(EVP_sha1(), pss)).find("is signed with"), std::string::npos);
  }
}

TEST(TrustStore, a_root_and_the_topmost_authority_stay) {
  const TestAuthority root("root");
  const TestAuthority middle("middle", &root);
  const TestAuthority low("low", &middle);
  EXPECT_EQ(refusal(root.pem() + middle.pem(), root.revocations({middle.serial()})), "");
  EXPECT_EQ(refusal(middle.pem() + low.pem(), middle.revocations({low.serial()})), "");
}

TEST(TrustStore, lists_in_der_become_pem) {
  const TestAuthority root("root");
  const std::string pem = root.revocations({1, 2});
  const auto lists = parse_revocations(pem);
  ASSERT_TRUE(lists);
  unsigned char* bytes = nullptr;
  const int size = i2d_X509_CRL(lists->front().get(), &bytes);
  const std::string der(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  EXPECT_EQ(message_of(der), "");
  EXPECT_EQ(*revocations_as_pem(der), pem);
  EXPECT_NE(message_of(der + "x"), "");
}

TEST(TrustStore, bundles_and_lists_are_looked_at) {
  TestAuthority root("root");
  TestAuthority other("other");
  const std::string leaf = root.issue().chain_pem;
  const auto facts = describe_authorities("# the first\n" + root.pem() + other.pem());
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->certificates, 2U);
  EXPECT_GT(facts->subject_bytes, 20U);
  for (const std::string& bad : {std::string(), leaf, root.pem() + leaf, root.revocations({})})
    EXPECT_FALSE(describe_authorities(bad));
  const auto lists = describe_revocations(root.revocations({1, 2}) + other.revocations({3}));
  ASSERT_TRUE(lists);
  EXPECT_EQ(lists->lists, 2U);
  EXPECT_EQ(lists->entries, 3U);
  for (const std::string& bad : {std::string(), leaf, std::string("\x30\x03\x02\x01\x01", 5),
                                 root.revocations({}).substr(0, 120)})
    EXPECT_FALSE(describe_revocations(bad));
}

}  // namespace
}  // namespace daruma::tls
