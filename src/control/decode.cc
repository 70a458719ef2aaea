// SPDX-License-Identifier: Apache-2.0
#include "control/decode.h"

#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/decode_rules.h"

namespace daruma::control {
namespace {

namespace api = model::api;
using std::string_view;
using enum ForeignKind;

constexpr string_view port_text = "a number from 1 to 65535";
constexpr string_view by_name = "references are by name here; write TargetGroup: NAME";
constexpr string_view is_made = "is made by Daruma; remove it";
constexpr string_view is_name = "write Name";

constexpr ForeignMember load_balancer_foreign[] = {
    {"LoadBalancerName", feature, is_name},
    {"LoadBalancerArn", feature, is_made},
    {"DNSName", feature, is_made},
    {"Subnets", nowhere},
    {"SubnetMappings", nowhere},
    {"SecurityGroups", nowhere},
    {"VpcId", nowhere},
    {"CustomerOwnedIpv4Pool", nowhere},
    {"IpamPools", nowhere},
    {"EnablePrefixForIpv6SourceNat", elsewhere},
    {"IpAddressType", feature, "listeners bind to Node.Addresses, v4 and v6; remove it"},
    {"MinimumLoadBalancerCapacity"},
    {"Tags"},
};
constexpr ForeignMember listener_foreign[] = {
    {"ListenerArn", feature, is_made},
    {"LoadBalancerArn", feature, is_made},
    {"Tags"},
    {"AlpnPolicy", elsewhere},
};
constexpr ForeignMember rule_foreign[] = {
    {"RuleArn", feature, is_made},
    {"ListenerArn", feature, is_made},
    {"IsDefault", feature, "the default rule is the listener's DefaultActions; remove it"},
    {"Tags"},
};
constexpr ForeignMember action_foreign[] = {
    {"TargetGroupArn", feature, by_name},
    {"AuthenticateOidcConfig"},
    {"AuthenticateCognitoConfig"},
    {"JwtValidationConfig"},
};
constexpr ForeignMember tuple_foreign[] = {{"TargetGroupArn", feature, by_name}};
constexpr ForeignMember target_group_foreign[] = {
    {"TargetGroupName", feature, is_name},
    {"TargetGroupArn", feature, is_made},
    {"LoadBalancerArns", feature, is_made},
    {"VpcId", nowhere},
    {"IpAddressType", feature, "targets may be IPv4, IPv6 or names; remove it"},
    {"TargetControlPort"},
    {"Tags"},
};
constexpr ForeignMember target_foreign[] = {{"QuicServerId", elsewhere}};
constexpr ForeignMember certificate_foreign[] = {
    {"CertificateArn", feature, "certificates are files here; write CertificateFile"},
};

constexpr ForeignMember mutual_foreign[] = {
    {"TrustStoreArn", feature, "references are by name here; write TrustStore: NAME"},
    {"TrustStoreAssociationStatus", feature, is_made},
};
constexpr ForeignMember trust_store_foreign[] = {
    {"TrustStoreArn", feature, is_made},
    {"CaCertificatesBundleS3Bucket", feature, "a bundle is a file here; write CaCertificatesFile"},
    {"CaCertificatesBundleS3Key", feature, "a bundle is a file here; write CaCertificatesFile"},
    {"Tags"},
};

constexpr string_view foreign_actions[] = {"authenticate-oidc", "authenticate-cognito",
                                           "jwt-validation"};

class Decoder {
 public:
  explicit Decoder(DecodeProblems& problems) : problems_(problems) {}

  void root(const YamlNode& node, api::Resources& out) {
    const Path path;
    Members members(node, path, "the file", problems_);
    members.mapping("Admin", [&](auto& n, auto& p) { admin(n, p, out.admin); });
    members.mapping("Node", [&](auto& n, auto& p) { this->node(n, p, out.node); });
    members.mapping("Logs", [&](auto& n, auto& p) { logs(n, p, out.logs); });
    members.list("Buckets", out.buckets, [&](auto& n, auto& p, auto& item) { bucket(n, p, item); });
    members.mapping("Mackerel", [&](auto& n, auto& p) { mackerel(n, p, out.mackerel); });
    members.mapping("Alarms", [&](auto& n, auto& p) { alarms(n, p, out.alarms); });
    certificates(node, members, out);
    members.list("TrustStores", out.trust_stores,
                 [&](auto& n, auto& p, auto& item) { trust_store(n, p, item); });
    members.list("TargetGroups", out.target_groups,
                 [&](auto& n, auto& p, auto& item) { target_group(n, p, item); });
    members.list("LoadBalancers", out.load_balancers,
                 [&](auto& n, auto& p, auto& item) { load_balancer(n, p, item); });
    members.finish();
  }

 private:
  void admin(const YamlNode& node, const Path& path, api::Admin& out) {
    Members members(node, path, "Admin", problems_);
    members.text("Address", out.address);
    members.number("Port", port_text, out.port);
    members.text("Authentication", out.authentication);
    members.list("AccessKeys", out.access_keys,
                 [&](auto& n, auto& p, auto& item) { access_key(n, p, item); });
    members.list("Users", out.users, [&](auto& n, auto& p, auto& item) { user(n, p, item); });
    members.mapping("Ec2", [&](auto& n, auto& p) { ec2_endpoint(n, p, out.ec2.emplace()); });
    members.finish();
  }

  void ec2_endpoint(const YamlNode& node, const Path& path, api::Ec2Endpoint& out) {
    Members members(node, path, "Ec2", problems_);
    members.text("Endpoint", out.endpoint);
    members.text("Region", out.region);
    members.text("AccessKeyId", out.access_key_id);
    members.text("SecretAccessKey", out.secret_access_key);
    members.text("SecretAccessKeyFile", out.secret_access_key_file);
    members.finish();
  }

  void user(const YamlNode& node, const Path& path, api::User& out) {
    Members members(node, path, "a user", problems_);
    members.text("Name", out.name);
    members.text("PasswordHash", out.password_hash);
    members.text("Role", out.role);
    members.finish();
  }

  void access_key(const YamlNode& node, const Path& path, api::AccessKey& out) {
    Members members(node, path, "an access key", problems_);
    members.text("Id", out.id);
    members.text("Secret", out.secret);
    members.text("SecretFile", out.secret_file);
    members.text("Role", out.role);
    members.finish();
  }

  void node(const YamlNode& node, const Path& path, api::Node& out) {
    Members members(node, path, "Node", problems_);
    members.texts("Addresses", out.addresses);
    members.text("AvailabilityZone", out.availability_zone);
    members.text("CookieKeyFile", out.cookie_key_file);
    members.texts("Resolvers", out.resolvers);
    members.finish();
  }

  void logs(const YamlNode& node, const Path& path, api::Logs& out) {
    Members members(node, path, "Logs", problems_);
    members.text("Directory", out.directory);
    members.text("Format", out.format);
    members.boolean("Compress", out.compress);
    members.finish();
  }

  void bucket(const YamlNode& node, const Path& path, api::Bucket& out) {
    Members members(node, path, "a bucket", problems_);
    members.text("Name", out.name);
    members.text("Directory", out.directory);
    members.text("Endpoint", out.endpoint);
    members.text("Region", out.region);
    members.text("AccessKeyId", out.access_key_id);
    members.text("SecretAccessKey", out.secret_access_key);
    members.text("SecretAccessKeyFile", out.secret_access_key_file);
    members.finish();
  }

  // A list, or a mapping that has the list as Files; then its items are still Certificates[i] in
  // what is said of them.
  void certificates(const YamlNode& root, Members& members, api::Resources& out) {
    const YamlNode::Entry* entry = root.find("Certificates");
    if (entry == nullptr || entry->value->kind != YamlNode::Kind::mapping) {
      return members.list("Certificates", out.certificates,
                          [&](auto& n, auto& p, auto& item) { certificate(n, p, item); });
    }
    members.mapping("Certificates", [&](auto& node, auto& path) {
      Members inner(node, path, "Certificates", problems_);
      inner.boolean("LocalAuthority", out.local_authority);
      inner.list(certificate_files_key, out.certificates, [&](auto& n, auto&, auto& item) {
        const Path whole;
        certificate(n, whole.at("Certificates", out.certificates.size() - 1), item);
      });
      inner.finish();
    });
  }

  void alarms(const YamlNode& node, const Path& path, api::Alarms& out) {
    Members members(node, path, "Alarms", problems_);
    members.boolean("Defaults", out.defaults);
    members.text("ConsoleUrl", out.console_url);
    members.list("Webhooks", out.webhooks,
                 [&](auto& n, auto& p, auto& item) { webhook(n, p, item); });
    members.list("Mail", out.mail, [&](auto& n, auto& p, auto& item) { mail(n, p, item); });
    members.list("Commands", out.commands,
                 [&](auto& n, auto& p, auto& item) { notice_command(n, p, item); });
    members.finish();
  }

  void webhook(const YamlNode& node, const Path& path, api::Webhook& out) {
    Members members(node, path, "a webhook", problems_);
    members.text("Name", out.name);
    members.text("Url", out.url);
    members.text("UrlFile", out.url_file);
    members.finish();
  }

  void mail(const YamlNode& node, const Path& path, api::Mail& out) {
    Members members(node, path, "an item of Mail", problems_);
    members.text("Name", out.name);
    members.text("Server", out.server);
    members.text("From", out.from);
    members.texts("To", out.to);
    members.text("User", out.user);
    members.text("Password", out.password);
    members.text("PasswordFile", out.password_file);
    members.finish();
  }

  void notice_command(const YamlNode& node, const Path& path, api::NoticeCommand& out) {
    Members members(node, path, "an item of Commands", problems_);
    members.text("Name", out.name);
    members.texts("Command", out.command);
    members.finish();
  }

  void mackerel(const YamlNode& node, const Path& path, api::Mackerel& out) {
    Members members(node, path, "Mackerel", problems_);
    members.text("ApiKey", out.api_key);
    members.text("ApiKeyFile", out.api_key_file);
    members.text("BaseUrl", out.base_url);
    members.text("Service", out.service);
    members.texts("Roles", out.roles);
    members.number("IntervalSeconds", "a number from 1 to 600", out.interval_seconds);
    members.finish();
  }

  void certificate(const YamlNode& node, const Path& path, api::Certificate& out) {
    Members members(node, path, "a certificate", problems_);
    members.text("Name", out.name);
    members.text("CertificateFile", out.certificate_file);
    members.text("PrivateKeyFile", out.private_key_file);
    members.finish(certificate_foreign);
  }

  void trust_store(const YamlNode& node, const Path& path, api::TrustStore& out) {
    Members members(node, path, "a trust store", problems_);
    members.text("Name", out.name);
    members.text("CaCertificatesFile", out.bundle_file);
    std::vector<std::string> files;
    members.texts("RevocationFiles", files);
    for (std::string& file : files) out.revocations.emplace_back().file = std::move(file);
    members.finish(trust_store_foreign);
  }

  void target_group(const YamlNode& node, const Path& path, api::TargetGroup& out) {
    Members members(node, path, "a target group", problems_);
    members.text("Name", out.name);
    members.text("Protocol", out.protocol);
    members.text("ProtocolVersion", out.protocol_version);
    members.text("TargetType", out.target_type);
    members.number("Port", port_text, out.port);
    members.boolean("HealthCheckEnabled", out.health_check_enabled);
    members.text("HealthCheckProtocol", out.health_check_protocol);
    members.text("HealthCheckPort", out.health_check_port);
    members.text("HealthCheckPath", out.health_check_path);
    members.number("HealthCheckIntervalSeconds", "a number from 5 to 300",
                   out.health_check_interval_seconds);
    members.number("HealthCheckTimeoutSeconds", "a number from 2 to 120",
                   out.health_check_timeout_seconds);
    members.number("HealthyThresholdCount", "a number from 2 to 10", out.healthy_threshold_count);
    members.number("UnhealthyThresholdCount", "a number from 2 to 10",
                   out.unhealthy_threshold_count);
    members.mapping("Matcher", [&](auto& n, auto& p) { matcher(n, p, out); });
    members.attributes("Attributes", out.attributes);
    members.list("Targets", out.targets, [&](auto& n, auto& p, auto& item) { target(n, p, item); });
    members.finish(target_group_foreign);
  }

  void matcher(const YamlNode& node, const Path& path, api::TargetGroup& out) {
    Members members(node, path, "Matcher", problems_);
    members.text("HttpCode", out.http_code);
    members.text("GrpcCode", out.grpc_code);
    members.finish();
  }

  void target(const YamlNode& node, const Path& path, api::TargetDescription& out) {
    Members members(node, path, "a target", problems_);
    members.text("Id", out.id);
    members.number("Port", port_text, out.port);
    members.text("AvailabilityZone", out.availability_zone);
    members.finish(target_foreign);
  }

  void load_balancer(const YamlNode& node, const Path& path, api::LoadBalancer& out) {
    Members members(node, path, "a load balancer", problems_);
    members.text("Name", out.name);
    members.text("Scheme", out.scheme);
    members.text("Type", out.type);
    members.attributes("Attributes", out.attributes);
    members.list("Listeners", out.listeners,
                 [&](auto& n, auto& p, auto& item) { listener(n, p, item); });
    members.finish(load_balancer_foreign);
  }

  void listener(const YamlNode& node, const Path& path, api::Listener& out) {
    Members members(node, path, "a listener", problems_);
    members.number("Port", port_text, out.port);
    members.text("Protocol", out.protocol);
    members.texts("Certificates", out.certificates);
    members.text("SslPolicy", out.ssl_policy);
    members.mapping("MutualAuthentication", [&](auto& n, auto& p) {
      mutual_authentication(n, p, out.mutual_authentication.emplace());
    });
    members.attributes("Attributes", out.attributes);
    members.list("DefaultActions", out.default_actions,
                 [&](auto& n, auto& p, auto& item) { action(n, p, item); });
    members.list("Rules", out.rules, [&](auto& n, auto& p, auto& item) { rule(n, p, item); });
    members.finish(listener_foreign);
  }

  void mutual_authentication(const YamlNode& node, const Path& path,
                             api::MutualAuthentication& out) {
    Members members(node, path, "MutualAuthentication", problems_);
    members.text("Mode", out.mode);
    members.text("TrustStore", out.trust_store);
    members.boolean("IgnoreClientCertificateExpiry", out.ignore_client_certificate_expiry);
    members.text("AdvertiseTrustStoreCaNames", out.advertise_trust_store_ca_names);
    members.finish(mutual_foreign);
  }

  void rule(const YamlNode& node, const Path& path, api::Rule& out) {
    Members members(node, path, "a rule", problems_);
    members.number("Priority", "a number from 1 to 50000", out.priority);
    members.list("Conditions", out.conditions,
                 [&](auto& n, auto& p, auto& item) { decode_condition(n, p, item, problems_); });
    members.list("Actions", out.actions, [&](auto& n, auto& p, auto& item) { action(n, p, item); });
    members.list("Transforms", out.transforms,
                 [&](auto& n, auto& p, auto& item) { decode_transform(n, p, item, problems_); });
    members.finish(rule_foreign);
  }

  void action(const YamlNode& node, const Path& path, api::Action& out) {
    if (problems_.refuse_choice(node, path, "Type", foreign_actions)) return;
    Members members(node, path, "an action", problems_);
    members.text("Type", out.type);
    members.number("Order", "a number from 1 to 50000", out.order);
    members.text("TargetGroup", out.target_group);
    members.mapping("ForwardConfig", [&](auto& n, auto& p) { forward_config(n, p, out); });
    members.mapping("RedirectConfig", [&](auto& n, auto& p) {
      redirect_config(n, p, out.redirect_config.emplace());
    });
    members.mapping("FixedResponseConfig", [&](auto& n, auto& p) {
      fixed_response_config(n, p, out.fixed_response_config.emplace());
    });
    members.finish(action_foreign);
    problems_.excuse(node, path, action_foreign);
  }

  void forward_config(const YamlNode& node, const Path& path, api::Action& out) {
    Members members(node, path, "ForwardConfig", problems_);
    members.list("TargetGroups", out.forward_config.emplace(),
                 [&](auto& n, auto& p, auto& item) { tuple(n, p, item); });
    members.mapping("TargetGroupStickinessConfig",
                    [&](auto& n, auto& p) { stickiness(n, p, out.stickiness_config.emplace()); });
    members.finish();
  }

  void tuple(const YamlNode& node, const Path& path, api::TargetGroupTuple& out) {
    Members members(node, path, "an item of TargetGroups", problems_);
    members.text("TargetGroup", out.target_group);
    members.number("Weight", "a number from 0 to 999", out.weight);
    members.finish(tuple_foreign);
    problems_.excuse(node, path, tuple_foreign);
  }

  void stickiness(const YamlNode& node, const Path& path, api::TargetGroupStickinessConfig& out) {
    Members members(node, path, "TargetGroupStickinessConfig", problems_);
    members.boolean("Enabled", out.enabled);
    members.number("DurationSeconds", "a number from 1 to 604800", out.duration_seconds);
    members.finish();
  }

  void redirect_config(const YamlNode& node, const Path& path, api::RedirectConfig& out) {
    Members members(node, path, "RedirectConfig", problems_);
    members.text("Protocol", out.protocol);
    members.text("Host", out.host);
    members.text("Port", out.port);
    members.text("Path", out.path);
    members.text("Query", out.query);
    members.text("StatusCode", out.status_code);
    members.finish();
  }

  void fixed_response_config(const YamlNode& node, const Path& path,
                             api::FixedResponseConfig& out) {
    Members members(node, path, "FixedResponseConfig", problems_);
    members.text("StatusCode", out.status_code);
    members.text("ContentType", out.content_type);
    members.text("MessageBody", out.message_body);
    members.finish();
  }

  DecodeProblems& problems_;
};

}  // namespace

api::Resources decode(const YamlNode& root, DecodeProblems& problems) {
  api::Resources resources;
  Decoder(problems).root(root, resources);
  return resources;
}

}  // namespace daruma::control
