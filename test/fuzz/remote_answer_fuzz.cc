// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what an EC2 endpoint or an S3 service answers: reading ends, nothing is believed
// that was not asked for, and a problem names the endpoint.
#include <string>

#include "fuzz_input.h"
#include "notify/buckets.h"
#include "notify/ec2_client.h"

using namespace daruma;

namespace {

constexpr Instant now{100s};
const std::set<std::string> asked{"i-1", "sg-1", "subnet-1", "vpc-1"};

class OneAnswer final : public notify::HttpSender {
 public:
  explicit OneAnswer(notify::HttpReply reply) : reply_(std::move(reply)) {}
  Result<notify::HttpReply> send(const notify::HttpRequest&) override { return reply_; }

 private:
  const notify::HttpReply reply_;
};

void ask(notify::Ec2Kind kind, notify::HttpSender& sender) {
  const notify::Ec2Question question{{.endpoint = "https://ec2"}, kind, asked};
  const auto facts = notify::ask_ec2(question, {[] { return now; }, now + 5s}, sender);
  if (!facts) {
    FUZZ_CHECK(facts.error().message.starts_with("The EC2 endpoint https://ec2 did not answer"));
    return;
  }
  for (const auto& [id, fact] : *facts) {
    FUZZ_CHECK(asked.contains(id));
    FUZZ_CHECK(kind == notify::Ec2Kind::instance || !fact.vpc.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int statuses[] = {200, 400, 503};
  fuzz::Input input(data, size);
  const auto kind = static_cast<notify::Ec2Kind>(input.choice() % 4);
  const int status = statuses[input.choice() % 3];
  OneAnswer sender({status, std::string(input.rest())});
  ask(kind, sender);
  notify::Buckets buckets({{.name = "b", .endpoint = "https://s3"}}, sender);
  FUZZ_CHECK(buckets.get("b", "k", 1 << 20).has_value() == (status == 200));
  return 0;
}
