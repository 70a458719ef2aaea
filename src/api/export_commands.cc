// SPDX-License-Identifier: Apache-2.0
#include "api/export_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "api/export.h"
#include "control/error_pages.h"
#include "control/target_tls.h"

namespace daruma::api {
namespace {

namespace shapes = model::api;
using std::string_view;

// AWS wants a VPC and subnets; a node needs neither. Of a file the first certificate is the leaf.
constexpr string_view beginning = R"(#!/bin/sh
# Made by `daruma export --as aws`. Endpoint and keys are those of the environment or the `aws`
# configuration; at AWS set VPC_ID and SUBNETS too.
set -eu

import_certificate() { # CHAIN KEY
  leaf=$(mktemp)
  rest=$(mktemp)
  awk -v leaf="$leaf" -v rest="$rest" '/BEGIN CERT/ { ++n } { print >(n < 2 ? leaf : rest) }' "$1"
  set -- "$2"
  if [ -s "$rest" ]; then set -- "$1" --certificate-chain "fileb://$rest"; fi
  key=$1
  shift
  aws acm import-certificate --output text --query CertificateArn --certificate "fileb://$leaf" \
    --private-key "fileb://$key" "$@"
  rm "$leaf" "$rest"
}
)";

// Stands in JSON for what a variable of the script holds.
std::string variable(string_view name) {
  return fmt::format("\x01{}\x01", name);
}

// Within double quotes of a shell.
std::string shell_quoted(string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\\' || c == '"' || c == '$' || c == '`') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string last_step(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

class Script {
 public:
  explicit Script(const std::string& folder) : folder_(folder) {}

  std::string run(const shapes::Resources& resources) {
    for (const auto& each : resources.certificates) add(each);
    for (const auto& each : resources.trust_stores) add(each);
    for (const auto& each : resources.target_groups) add(each);
    for (const auto& each : resources.load_balancers) add(each);
    return std::move(text_);
  }

 private:
  // A variable of its own, "group_3", which `aws` sets.
  std::string make(const char* kind, size_t number, const std::string& command, const Json& input) {
    const std::string name = fmt::format("{}_{}", kind, number);
    names_.push_back(name);
    text_ += fmt::format("{}=$({} \\\n  --cli-input-json {})\n", name, command, argument(input));
    return name;
  }
  void call(string_view operation, const Json& input) {
    text_ += fmt::format("aws elbv2 {} \\\n  --cli-input-json {} >/dev/null\n", operation,
                         argument(input));
  }
  void comment(const std::string& text) {
    std::string line = text;
    std::ranges::replace(line, '\n', ' ');
    text_ += "# " + line + "\n";
  }

  // Only the script's own variables stand for something.
  std::string argument(const Json& input) const {
    std::string text = shell_quoted(json_text(input));
    for (const std::string& name : names_) {
      const std::string escaped = fmt::format("\\\\u0001{}\\\\u0001", name);
      for (size_t at = text.find(escaped); at != std::string::npos; at = text.find(escaped, at)) {
        text.replace(at, escaped.size(), "${" + name + "}");
      }
    }
    return text;
  }

  void add(const shapes::Certificate& certificate) {
    const bool declared = !certificate.certificate_file.empty();
    const std::string file = folder_ + certificate.name;
    const std::string name = fmt::format("certificate_{}", certificates_.size() + 1);
    names_.push_back(name);
    certificates_[certificate.name] = name;
    text_ += fmt::format("\n{}=$(import_certificate {} {})\n", name,
                         shell_quoted(declared ? certificate.certificate_file : file + ".crt"),
                         shell_quoted(declared ? certificate.private_key_file : file + ".key"));
  }

  // Their files have to be in a bucket first.
  void add(const shapes::TrustStore& store) {
    const std::string bucket = "${TRUST_BUCKET:?the bucket that has the files of trust stores}";
    Json json;
    json["Name"] = store.name;
    add_tags(json, store.identity.tags);
    text_ += "\n";
    comment(fmt::format("aws s3 cp {} \"s3://$TRUST_BUCKET\"", bundle_file_of(store, folder_)));
    const std::string name = make(
        "trust_store", trust_stores_.size() + 1,
        fmt::format(
            "aws elbv2 create-trust-store --output text --query 'TrustStores[0].TrustStoreArn' \\\n"
            "  --ca-certificates-bundle-s3-bucket \"{}\" \\\n"
            "  --ca-certificates-bundle-s3-key {}",
            bucket, shell_quoted(last_step(bundle_file_of(store, folder_)))),
        json);
    trust_stores_[store.name] = name;
    for (const shapes::Revocation& each : store.revocations) {
      const std::string file = revocation_file_of(store, each, folder_);
      comment(fmt::format("aws s3 cp {} \"s3://$TRUST_BUCKET\"", file));
      text_ += fmt::format(
          "aws elbv2 add-trust-store-revocations --trust-store-arn \"${{{}}}\" \\\n"
          "  --revocation-contents \"S3Bucket={},S3Key={},RevocationType=CRL\" >/dev/null\n",
          name, "$TRUST_BUCKET", last_step(file));
    }
  }

  void add(const shapes::TargetGroup& group) {
    text_ += "\n";
    Json json = exported_group(group);
    json["TargetType"] = "ip";
    add_tags(json, group.identity.tags);
    const std::string name =
        make("group", groups_.size() + 1,
             "aws elbv2 create-target-group --output text --query 'TargetGroups[0].TargetGroupArn' "
             "${VPC_ID:+--vpc-id \"$VPC_ID\"}",
             json);
    groups_[group.name] = name;
    add_attributes("modify-target-group-attributes", "TargetGroupArn", name, group.attributes);
    if (group.targets.empty()) return;
    Json targets;
    JsonWriter list(targets);
    targets["TargetGroupArn"] = variable(name);
    list.objects("Targets", exported_targets(group));
    call("register-targets", targets);
  }

  void add(const shapes::LoadBalancer& balancer) {
    text_ += "\n";
    Json json;
    JsonWriter writer(json);
    writer.text("Name", balancer.name);
    writer.text("Scheme", balancer.scheme);
    add_tags(json, balancer.identity.tags);
    const std::string name = make(
        "balancer", ++balancers_,
        "aws elbv2 create-load-balancer --output text --query 'LoadBalancers[0].LoadBalancerArn' "
        "${SUBNETS:+--subnets $SUBNETS}",
        json);
    add_attributes("modify-load-balancer-attributes", "LoadBalancerArn", name, balancer.attributes);
    for (const shapes::Listener& listener : balancer.listeners) add(listener, name);
  }

  void add(const shapes::Listener& listener, const std::string& balancer) {
    Json json;
    JsonWriter writer(json);
    json["LoadBalancerArn"] = variable(balancer);
    writer.number("Port", listener.port);
    writer.text("Protocol", listener.protocol);
    writer.text("SslPolicy", listener.ssl_policy);
    if (!listener.certificates.empty()) {
      json["Certificates"].push_back(certificate(listener.certificates.front()));
    }
    add_mutual(json, listener);
    writer.objects("DefaultActions", listener.default_actions);
    name_groups(json);
    add_tags(json, listener.identity.tags);
    const std::string name =
        make("listener", ++listeners_,
             "aws elbv2 create-listener --output text --query 'Listeners[0].ListenerArn'", json);
    if (listener.certificates.size() > 1) {
      Json others;
      others["ListenerArn"] = variable(name);
      for (size_t i = 1; i < listener.certificates.size(); ++i) {
        others["Certificates"].push_back(certificate(listener.certificates[i]));
      }
      call("add-listener-certificates", others);
    }
    add_attributes("modify-listener-attributes", "ListenerArn", name, listener.attributes);
    for (const shapes::Rule& rule : listener.rules) add(rule, name);
  }

  void add_mutual(Json& json, const shapes::Listener& listener) const {
    if (!listener.mutual_authentication) return;
    JsonWriter writer(json, JsonWriter::Begin::as_it_is);
    writer.object("MutualAuthentication", listener.mutual_authentication);
    Json& mutual = json["MutualAuthentication"];
    const auto found = trust_stores_.find(listener.mutual_authentication->trust_store);
    mutual.erase("TrustStore");
    if (found != trust_stores_.end()) mutual["TrustStoreArn"] = variable(found->second);
  }

  void add(const shapes::Rule& rule, const std::string& listener) {
    if (std::ranges::any_of(rule.conditions, [](const auto& c) { return c.negate == true; })) {
      return comment(
          fmt::format("The rule with priority {} of {} is left out: commands cannot say "
                      "daruma.negate",
                      rule.priority.value_or(0), listener));
    }
    Json json;
    JsonWriter writer(json);
    json["ListenerArn"] = variable(listener);
    write_rule(writer, rule);
    name_groups(json);
    add_tags(json, rule.identity.tags);
    call("create-rule", json);
  }

  // AWS's and, apart from them, Daruma's own.
  void add_attributes(string_view operation, const char* member, const std::string& name,
                      const shapes::Attributes& attributes) {
    Json aws = Json::array();
    Json own = Json::array();
    for (const auto& [key, value] : attributes) {
      if (control::is_error_page_file_key(key) || key == control::target_tls_ca_key) {
        comment(fmt::format("{} of {} is left out: it names a file of the node", key, name));
        continue;
      }
      (key.starts_with("daruma.") ? own : aws).push_back({{"Key", key}, {"Value", value}});
    }
    for (const auto& [list, what] : {std::pair{aws, ""}, {own, "Daruma's own; AWS knows none"}}) {
      if (list.empty()) continue;
      if (*what != '\0') comment(what);
      call(operation, {{member, variable(name)}, {"Attributes", list}});
    }
  }

  static void add_tags(Json& json, const shapes::Tags& tags) {
    for (const auto& [key, value] : tags) {
      json["Tags"].push_back({{"Key", key}, {"Value", value}});
    }
  }

  Json certificate(const std::string& name) const {
    const auto found = certificates_.find(name);
    return {{"CertificateArn", found == certificates_.end() ? name : variable(found->second)}};
  }

  // By the variable with its ARN, all the way down.
  void name_groups(Json& json) const {
    if (json.is_object()) {
      if (const auto found = json.find("TargetGroup"); found != json.end()) {
        const auto known = groups_.find(found->get<std::string>());
        const std::string arn = known == groups_.end() ? "" : variable(known->second);
        json.erase("TargetGroup");
        json["TargetGroupArn"] = arn;
      }
    }
    if (!json.is_structured()) return;
    for (Json& inner : json) name_groups(inner);
  }

  const std::string& folder_;
  std::string text_ = std::string(beginning);
  std::vector<std::string> names_;
  std::map<std::string, std::string> certificates_;  // → its variable
  std::map<std::string, std::string> groups_;
  std::map<std::string, std::string> trust_stores_;
  size_t balancers_ = 0;
  size_t listeners_ = 0;
};

}  // namespace

std::string export_commands(const shapes::Resources& resources, const std::string& folder) {
  return Script(folder).run(resources);
}

}  // namespace daruma::api
