// SPDX-License-Identifier: Apache-2.0
#include "notify/ec2_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "http/percent_encoding.h"
#include "notify/text.h"
#include "notify/xml_tree.h"

namespace daruma::notify {
namespace {

using std::string_view;

constexpr size_t problem_characters_max = 300;

// Where an answer has what is asked for.
struct Kind {
  Ec2Kind kind;
  string_view action;
  string_view filter;
  string_view set;  // the element whose items they are
  string_view id;
};
constexpr Kind kinds[] = {
    {Ec2Kind::vpc, "DescribeVpcs", "vpc-id", "vpcSet", "vpcId"},
    {Ec2Kind::subnet, "DescribeSubnets", "subnet-id", "subnetSet", "subnetId"},
    {Ec2Kind::security_group, "DescribeSecurityGroups", "group-id", "securityGroupInfo", "groupId"},
    {Ec2Kind::instance, "DescribeInstances", "instance-id", "reservationSet", "instanceId"},
};

using Ids = std::vector<std::string>;

std::string form_of(const Kind& kind, const Ids& ids, const std::string& token) {
  std::string form = fmt::format("Action={}&Version=2016-11-15&Filter.1.Name={}", kind.action,
                                 http::percent_encoded(kind.filter));
  for (size_t i = 0; i < ids.size(); ++i)
    form += fmt::format("&Filter.1.Value.{}={}", i + 1, http::percent_encoded(ids[i]));
  if (!token.empty()) form += "&NextToken=" + http::percent_encoded(token);
  return form;
}

AwsSigner signer_of(const model::api::Ec2Endpoint& endpoint) {
  return {endpoint.access_key_id.value_or(""), endpoint.secret_access_key.value_or(""),
          endpoint.region.value_or(std::string(aws_standard_region)), "ec2"};
}

Ec2Fact fact_of(Ec2Kind kind, const XmlElement& item) {
  Ec2Fact fact{.vpc = item.text_at("vpcId")};
  if (kind == Ec2Kind::subnet) fact.zone = item.text_at("availabilityZone");
  if (kind != Ec2Kind::instance) return fact;
  fact.zone = item.text_at("placement/availabilityZone");
  fact.address = item.text_at("privateIpAddress");
  fact.state = item.text_at("instanceState/name");
  return fact;
}

// What a load balancer cannot do without, or "". An instance that has ended lies nowhere.
string_view missing_of(Ec2Kind kind, const Ec2Fact& fact) {
  if (kind == Ec2Kind::instance) return "";
  if (fact.vpc.empty()) return "vpcId";
  return kind == Ec2Kind::subnet && fact.zone.empty() ? "availabilityZone" : "";
}

// Fails with the end of a sentence about the answer. An instance is an item of the set of a
// reservation, which is an item itself.
Result<void> take_items(const Kind& kind, const XmlElement& set, Ec2Facts& facts) {
  for (const XmlElement& item : set.children) {
    const XmlElement* instances = item.find("instancesSet");
    if (kind.kind == Ec2Kind::instance && instances != nullptr) {
      if (auto taken = take_items(kind, *instances, facts); !taken) return taken;
    } else if (std::string id = item.text_at(kind.id); !id.empty()) {
      Ec2Fact fact = fact_of(kind.kind, item);
      if (const string_view missing = missing_of(kind.kind, fact); !missing.empty())
        return fail(fmt::format("has {} without {}", id, missing));
      facts[std::move(id)] = std::move(fact);
    }
  }
  return {};
}

class Conversation {
 public:
  Conversation(const Ec2Question& question, const Kind& kind, const Deadline& deadline,
               HttpSender& sender)
      : question_(question), kind_(kind), deadline_(deadline), sender_(sender) {}

  // All pages of it.
  tl::expected<void, ServiceProblem> ask(const Ids& ids, Ec2Facts& facts) {
    std::string token;
    for (size_t page = 0; page < ec2_pages_max; ++page) {
      const auto root = ask(form_of(kind_, ids, token));
      if (!root) return tl::unexpected(root.error());
      const XmlElement* set = root->find(kind_.set);
      if (set == nullptr) return problem("its answer has no " + std::string(kind_.set), false);
      if (const auto taken = take_items(kind_, *set, facts); !taken)
        return problem("its answer " + taken.error().message, false);
      token = root->text_at("nextToken");
      if (token.empty()) return {};
    }
    return problem(fmt::format("its answer has more than {} pages", ec2_pages_max), false);
  }

 private:
  tl::unexpected<ServiceProblem> problem(const std::string& what, bool may_pass) const {
    return tl::unexpected(
        ServiceProblem{fmt::format("The EC2 endpoint {} did not answer {}: {}",
                                   question_.endpoint.endpoint.value_or(""), kind_.action, what),
                       may_pass});
  }

  tl::expected<XmlElement, ServiceProblem> ask(std::string form) {
    const Duration left = deadline_.left();
    if (left <= 0s) return problem("there was no time left for it", true);
    const Result<HttpReply> reply = sender_.send(
        {.method = "POST",
         .url = question_.endpoint.endpoint.value_or("") + "/",
         .fields = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
         .body = std::move(form),
         .signer = signer_of(question_.endpoint),
         .timeout = std::min(left, http_timeout),
         .reply_bytes_max = ec2_reply_bytes_max});
    if (!reply) return problem(reply.error().message, true);
    if (reply->cut_off)
      return problem(fmt::format("more than {} bytes came", ec2_reply_bytes_max), false);
    Result<XmlElement> root = parse_xml(reply->body);
    if (!reply->ok()) {
      const XmlElement* errors = root ? root->find("Errors") : nullptr;
      std::string text = fmt::format("it said {}", reply->status);
      if (errors != nullptr)
        text += " " + errors->text_at("Error/Code") + ": " + errors->text_at("Error/Message");
      return problem(shortened(text, problem_characters_max), reply->may_pass());
    }
    if (!root) return problem(root.error().message, false);
    return std::move(*root);
  }

  const Ec2Question& question_;
  const Kind& kind_;
  const Deadline& deadline_;
  HttpSender& sender_;
};

}  // namespace

Ec2Answer ask_ec2(const Ec2Question& question, const Deadline& deadline, HttpSender& sender) {
  const Kind& kind = *std::ranges::find(kinds, question.kind, &Kind::kind);
  Conversation conversation(question, kind, deadline, sender);
  Ec2Facts facts;
  const Ids ids(question.ids.begin(), question.ids.end());
  for (size_t begin = 0; begin < ids.size(); begin += ec2_ids_at_once_max) {
    const size_t end = std::min(begin + ec2_ids_at_once_max, ids.size());
    const Ids some(ids.begin() + static_cast<ptrdiff_t>(begin),
                   ids.begin() + static_cast<ptrdiff_t>(end));
    if (const auto asked = conversation.ask(some, facts); !asked)
      return tl::unexpected(asked.error());
  }
  // Somebody who does not filter must not be believed to have been asked for more.
  std::erase_if(facts, [&](const auto& fact) { return !question.ids.contains(fact.first); });
  return facts;
}

}  // namespace daruma::notify
