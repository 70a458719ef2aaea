// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a request to IAM's server certificates, the first line choosing the operation, on a
// node with one that a listener has: decoding ends, an error has a code and a text, and what a
// change makes comes back from the store as it went in.
#include <optional>
#include <string>
#include <vector>

#include "api/iam.h"
#include "api/operation_tables.h"
#include "api/query_parameters.h"
#include "chosen_operation.h"
#include "fake_node_state.h"
#include "fuzz_input.h"
#include "store_check.h"

using namespace daruma;
using namespace daruma::api;

namespace {

shapes::Resources some_resources() {
  shapes::Resources all;
  shapes::Certificate& certificate = all.certificates.emplace_back();
  certificate.name = "c";
  certificate.chain_pem = "chain";
  certificate.key_pem = "key";
  certificate.path = "/a/";
  certificate.identity.id = "00000000-0000-0000-0000-000000000001";
  shapes::LoadBalancer& balancer = all.load_balancers.emplace_back();
  balancer.name = "b";
  balancer.identity.id = "0000000000000002";
  shapes::Listener& listener = balancer.listeners.emplace_back();
  listener.port = 443;
  listener.protocol = "HTTPS";
  listener.certificates = {"c"};
  listener.identity.id = "0000000000000003";
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const shapes::Resources declared;
  static const shapes::Resources created = some_resources();
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
  const iam::IamRow& operation = fuzz::chosen(iam::operation_table(), input.line());
  const auto parameters = parse_form(input.rest());
  if (!parameters) {
    FUZZ_CHECK(!parameters.error().message.empty());
    return 0;
  }
  Catalog catalog(declared, created, file);
  if (operation.effect == Effect::changes) catalog.begin_change();
  const fuzz::FakeNodeState state;
  static const std::optional<shapes::Ec2Endpoint> nobody;
  static const Ec2Cache cache;
  static const std::vector<shapes::Bucket> buckets;
  static const OutsideAnswers nothing;
  Outside outside({catalog.inventory(), catalog.node(), nobody, cache, buckets, file, nothing, {}});
  Call call{
      catalog, state, outside,
      QueryReader(*parameters, [](const std::string& arn) { return Expected<std::string>(arn); }),
      XmlWriter()};
  acm::FactsCache facts;
  iam::IamCall iam_call{call, with, facts};
  const auto done = operation.run(iam_call);
  if (!done) {
    FUZZ_CHECK(!done.error().code.empty() && !done.error().message.empty());
  } else if (operation.effect == Effect::changes) {
    fuzz::check_store(catalog.take_created());
  }
  return 0;
}
