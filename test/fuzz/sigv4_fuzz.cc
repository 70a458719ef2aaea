// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a request that may be signed: "POST /path?query", fields, an empty line, a body.
// Verifying ends; a refusal is one of AWS's, in words; and whoever is let in signed with the secret
// of the key that is named: with another secret, or another key only, nobody is.
#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/sigv4.h"
#include "fuzz_input.h"

using namespace daruma;
using namespace daruma::api;
using model::api::AccessKey;

namespace {

constexpr WallTime now{std::chrono::seconds(1'785'585'600)};  // 2026-08-01 12:00

struct Message {
  explicit Message(fuzz::Input& input) {
    const std::string line = input.line();
    const size_t space = line.find(' ');
    method = line.substr(0, space);
    path = space == std::string::npos ? "/" : line.substr(space + 1);
    const size_t mark = path.find('?');
    if (mark != std::string::npos) query = path.substr(mark + 1);
    path.resize(std::min(mark, path.size()));
    for (std::string field = input.line(); !field.empty(); field = input.line()) add(field);
    body = input.rest();
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  void add(const std::string& field) {
    const size_t colon = std::min(field.find(':'), field.size());
    const std::string& name = texts.emplace_back(field.substr(0, colon));
    const size_t begin = field.find_first_not_of(": ", colon);
    const std::string& value =
        texts.emplace_back(begin == std::string::npos ? "" : field.substr(begin));
    fields.add(name, value);
  }
  SignedRequest request() const { return {method, path, query, fields, body}; }

  std::string method;
  std::string path;
  std::string query;
  std::deque<std::string> texts;
  http::Fields fields;
  std::string body;
};

AccessKey key_of(const char* id, const char* secret) {
  return {.id = id, .secret = secret, .secret_file = {}, .role = {}};
}

Expected<const AccessKey*> verified(const Message& message, const std::vector<AccessKey>& keys) {
  static constexpr std::string_view services[] = {"elasticloadbalancing", "sts", "iam"};
  const auto key = verify_signature(message.request(), {keys, services, now});
  static constexpr std::array refusals{
      std::pair("MissingAuthenticationToken", 403), std::pair("IncompleteSignature", 400),
      std::pair("InvalidClientTokenId", 403), std::pair("SignatureDoesNotMatch", 403)};
  FUZZ_CHECK(key ||
             (!key.error().message.empty() && std::ranges::any_of(refusals, [&](const auto& each) {
               return each.first == key.error().code && each.second == key.error().status;
             })));
  return key;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<AccessKey> keys{
      key_of("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
      {.id = "AKIDNOSECRET", .secret = {}, .secret_file = {}, .role = {}}};
  static const std::vector<AccessKey> same_id{key_of("AKIDEXAMPLE", "another secret")};
  static const std::vector<AccessKey> same_secret{
      key_of("AKIDOTHER", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
  fuzz::Input input(data, size);
  const Message message(input);
  FUZZ_CHECK(claimed_key(message.request()).size() <= 128);
  const auto key = verified(message, keys);
  if (!key) return 0;
  FUZZ_CHECK((*key)->id == "AKIDEXAMPLE");
  FUZZ_CHECK(!verified(message, same_id));
  FUZZ_CHECK(!verified(message, same_secret));
  return 0;
}
