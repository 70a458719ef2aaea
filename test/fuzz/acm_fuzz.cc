// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the body of a request to ACM, the first byte choosing the operation, on a node with
// one certificate: decoding ends, an error has a code and a text, an answer can be written.
#include <array>
#include <string>

#include "api/acm.h"
#include "control/arns.h"
#include "fake_node_state.h"
#include "fuzz_input.h"

using namespace daruma;
using namespace daruma::api;

namespace {

shapes::Resources one_certificate() {
  shapes::Resources all;
  shapes::Certificate& certificate = all.certificates.emplace_back();
  certificate.name = "c";
  certificate.chain_pem = "chain";
  certificate.key_pem = "key";
  certificate.identity.id = "00000000-0000-0000-0000-000000000001";
  return all;
}

constexpr std::array operations{"ImportCertificate",    "DescribeCertificate",
                                "ListCertificates",     "GetCertificate",
                                "DeleteCertificate",    "ListTagsForCertificate",
                                "AddTagsToCertificate", "RemoveTagsFromCertificate"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const shapes::Resources declared;
  static const shapes::Resources created = one_certificate();
  static const std::string file = "daruma.yaml";
  static const control::Surroundings with{
      .read_file = {},
      .check_certificate =
          [](const tls::CertificateText& text) -> Result<control::CheckedCertificate> {
        if (text.chain_pem == text.key_pem) return fail("the key is the certificate");
        return control::CheckedCertificate{"fingerprint", ""};
      },
      .check_ssl_policy = {}};
  fuzz::Input input(data, size);
  const auto* operation = acm::find_operation(operations[input.choice() % operations.size()]);
  FUZZ_CHECK(operation != nullptr);
  const auto in = acm::parse_body(input.rest());
  if (!in) {
    FUZZ_CHECK(in.error().code == "SerializationException" && !in.error().message.empty());
    return 0;
  }
  Catalog catalog(declared, created, file);
  if (operation->effect == Effect::changes) catalog.begin_change();
  const fuzz::FakeNodeState state;
  acm::FactsCache facts;
  acm::JsonCall call{catalog, state, with, facts, *in};
  const auto done = operation->run(call);
  if (!done) {
    FUZZ_CHECK(!done.error().code.empty() && !done.error().message.empty());
  } else {
    FUZZ_CHECK(!call.out.dump(-1, ' ', false, acm::Json::error_handler_t::replace).empty());
  }
  return 0;
}
