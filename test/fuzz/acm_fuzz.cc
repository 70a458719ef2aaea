// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the body of a request to ACM, the first line choosing the operation, on a node that
// issues certificates and has one that was imported and one that was issued: decoding ends, an
// error has a code and a text, an answer can be written.
#include <string>

#include "api/acm.h"
#include "api/local_authority.h"
#include "api/operation_tables.h"
#include "chosen_operation.h"
#include "control/arns.h"
#include "fake_node_state.h"
#include "fuzz_input.h"

using namespace daruma;
using namespace daruma::api;

namespace {

shapes::Resources two_certificates() {
  shapes::Resources all;
  shapes::Certificate& imported = all.certificates.emplace_back();
  imported.name = "c";
  imported.chain_pem = "chain";
  imported.key_pem = "key";
  imported.identity.id = "00000000-0000-0000-0000-000000000001";
  shapes::Certificate issued;
  FUZZ_CHECK(issue_certificate(all, {"one.example.com"}, tls::LeafKey::p256,
                               fuzz::FakeNodeState().wall_now(), issued));
  issued.name = issued.identity.id = "00000000-0000-0000-0000-000000000002";
  all.certificates.push_back(std::move(issued));
  return all;
}

shapes::Resources issuing() {
  shapes::Resources all;
  all.local_authority = true;
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const shapes::Resources declared = issuing();
  static const shapes::Resources created = two_certificates();
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
  const auto* operation = &fuzz::chosen(acm::operation_table(), input.line());
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
