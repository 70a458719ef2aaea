// SPDX-License-Identifier: Apache-2.0
#include "api/export.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace daruma::api {
namespace {

namespace shapes = model::api;
using std::string_view;

// ---- resources as JSON ----

Json json_of(const shapes::Admin& admin) {
  Json json;
  JsonWriter writer(json);
  writer.text("Address", admin.address);
  writer.number("Port", admin.port);
  writer.text("Authentication", admin.authentication);
  for (const shapes::AccessKey& key : admin.access_keys) {
    if (!key.secret_file) continue;
    JsonWriter inner(json["AccessKeys"].emplace_back());
    inner.text("Id", key.id);
    inner.text("SecretFile", key.secret_file);
    inner.text("Role", key.role);
  }
  for (const shapes::User& user : admin.users) {
    JsonWriter inner(json["Users"].emplace_back());
    inner.text("Name", user.name);
    inner.text("PasswordHash", user.password_hash);
    inner.text("Role", user.role);
  }
  if (const auto& ec2 = admin.ec2; ec2 && ec2->secret_access_key_file) {
    JsonWriter inner(json["Ec2"]);
    inner.text("Endpoint", ec2->endpoint);
    inner.text("Region", ec2->region);
    inner.text("AccessKeyId", ec2->access_key_id);
    inner.text("SecretAccessKeyFile", ec2->secret_access_key_file);
  }
  return json;
}

// Ways whose secrets stand in the file itself are left out.
Json json_of(const shapes::Alarms& alarms) {
  Json json = Json::object();
  if (alarms.defaults) json["Defaults"] = *alarms.defaults;
  if (alarms.console_url) json["ConsoleUrl"] = *alarms.console_url;
  for (const shapes::Webhook& webhook : alarms.webhooks) {
    if (webhook.url_file)
      json["Webhooks"].push_back({{"Name", webhook.name}, {"UrlFile", *webhook.url_file}});
  }
  for (const shapes::Mail& mail : alarms.mail) {
    if (mail.password && !mail.password_file) continue;
    JsonWriter writer(json["Mail"].emplace_back());
    writer.text("Name", mail.name);
    writer.text("Server", mail.server);
    writer.text("From", mail.from);
    writer.texts("To", mail.to);
    writer.text("User", mail.user);
    writer.text("PasswordFile", mail.password_file);
  }
  for (const shapes::NoticeCommand& command : alarms.commands) {
    JsonWriter writer(json["Commands"].emplace_back());
    writer.text("Name", command.name);
    writer.texts("Command", command.command);
  }
  return json;
}

// A key that stands in the file itself is left out, and with it what it was for.
Json json_of(const shapes::Mackerel& mackerel) {
  Json json = Json::object();
  if (!mackerel.api_key_file) return json;
  JsonWriter writer(json);
  writer.text("ApiKeyFile", mackerel.api_key_file);
  writer.text("BaseUrl", mackerel.base_url);
  writer.text("Service", mackerel.service);
  writer.texts("Roles", mackerel.roles);
  writer.number("IntervalSeconds", mackerel.interval_seconds);
  return json;
}

// Left out where its secret stands in the file itself.
Json json_of(const shapes::Bucket& bucket) {
  Json json;
  JsonWriter writer(json);
  writer.text("Name", bucket.name);
  writer.text("Directory", bucket.directory);
  writer.text("Endpoint", bucket.endpoint);
  writer.text("Region", bucket.region);
  writer.text("AccessKeyId", bucket.access_key_id);
  writer.text("SecretAccessKeyFile", bucket.secret_access_key_file);
  return json;
}

Json json_of(const shapes::Certificate& certificate, const std::string& folder) {
  const bool declared = !certificate.certificate_file.empty();
  const std::string file = folder + certificate.name;
  Json json;
  JsonWriter writer(json);
  writer.text("Name", certificate.name);
  writer.text("CertificateFile", declared ? certificate.certificate_file : file + ".crt");
  writer.text("PrivateKeyFile", declared ? certificate.private_key_file : file + ".key");
  return json;
}

Json json_of(const shapes::TrustStore& store, const std::string& folder) {
  Json json;
  JsonWriter writer(json);
  writer.text("Name", store.name);
  writer.text("CaCertificatesFile", bundle_file_of(store, folder));
  std::vector<std::string> files;
  for (const auto& each : store.revocations)
    files.push_back(revocation_file_of(store, each, folder));
  writer.texts("RevocationFiles", files);
  return json;
}

Json json_of(const shapes::TargetGroup& group) {
  Json json = exported_group(group);
  if (group.target_type) json["TargetType"] = "ip";
  JsonWriter writer(json, JsonWriter::Begin::as_it_is);
  writer.map("Attributes", group.attributes);
  const auto targets = exported_targets(group);
  if (!targets.empty()) writer.objects("Targets", targets);
  return json;
}

Json json_of(const shapes::Rule& rule) {
  Json json;
  JsonWriter writer(json);
  write_rule(writer, rule);
  return json;
}

Json json_of(const shapes::Listener& listener) {
  Json json;
  JsonWriter writer(json);
  writer.number("Port", listener.port);
  writer.text("Protocol", listener.protocol);
  writer.texts("Certificates", listener.certificates);
  writer.text("SslPolicy", listener.ssl_policy);
  writer.object("MutualAuthentication", listener.mutual_authentication);
  writer.map("Attributes", listener.attributes);
  writer.objects("DefaultActions", listener.default_actions);
  for (const shapes::Rule& rule : listener.rules) json["Rules"].push_back(json_of(rule));
  return json;
}

Json json_of(const shapes::LoadBalancer& balancer) {
  Json json;
  JsonWriter writer(json);
  writer.text("Name", balancer.name);
  writer.text("Scheme", balancer.scheme);
  writer.text("Type", balancer.type);
  writer.map("Attributes", balancer.attributes);
  for (const auto& listener : balancer.listeners) json["Listeners"].push_back(json_of(listener));
  return json;
}

Json json_of(const shapes::Resources& resources, const std::string& folder) {
  Json json = Json::object();
  if (Json admin = json_of(resources.admin); !admin.empty()) json["Admin"] = std::move(admin);
  Json node;
  JsonWriter writer(node);
  writer.texts("Addresses", resources.node.addresses);
  writer.text("AvailabilityZone", resources.node.availability_zone);
  writer.text("CookieKeyFile", resources.node.cookie_key_file);
  writer.texts("Resolvers", resources.node.resolvers);
  if (!node.empty()) json["Node"] = std::move(node);
  if (Json mackerel = json_of(resources.mackerel); !mackerel.empty())
    json["Mackerel"] = std::move(mackerel);
  if (Json alarms = json_of(resources.alarms); !alarms.empty()) json["Alarms"] = std::move(alarms);
  if (resources.logs.directory) json["Logs"]["Directory"] = *resources.logs.directory;
  if (resources.logs.format) json["Logs"]["Format"] = *resources.logs.format;
  if (resources.logs.compress) json["Logs"]["Compress"] = *resources.logs.compress;
  for (const auto& bucket : resources.buckets) {
    if (bucket.secret_access_key && !bucket.secret_access_key_file) continue;
    json["Buckets"].push_back(json_of(bucket));
  }
  Json files = Json::array();
  for (const auto& certificate : resources.certificates) {
    files.push_back(json_of(certificate, folder));
  }
  if (resources.local_authority.value_or(false)) {
    json["Certificates"]["LocalAuthority"] = true;
    if (!files.empty()) json["Certificates"]["Files"] = std::move(files);
  } else if (!files.empty()) {
    json["Certificates"] = std::move(files);
  }
  for (const auto& store : resources.trust_stores)
    json["TrustStores"].push_back(json_of(store, folder));
  for (const auto& group : resources.target_groups) json["TargetGroups"].push_back(json_of(group));
  for (const auto& balancer : resources.load_balancers) {
    json["LoadBalancers"].push_back(json_of(balancer));
  }
  return json;
}

// ---- JSON as YAML ----

bool is_plain(string_view text) {
  static constexpr std::array<string_view, 10> words{"true", "false", "null", "yes", "no",
                                                     "on",   "off",   "y",    "n",   "~"};
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_good = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' || c == '-';
  };
  if (text.empty() || !(is_letter(text[0]) || text[0] == '/')) return false;
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return std::ranges::all_of(text, is_good) &&
         std::ranges::find(words, string_view(lowered)) == words.end();
}

std::string scalar(const Json& json) {
  if (json.is_string() && is_plain(json.get_ref<const std::string&>())) return json;
  return json_text(json);
}

bool is_leaf(const Json& json) {
  return !json.is_structured() || json.empty();
}

// Every line begins with `indent`; the first only if `first` says so.
void emit(const Json& json, size_t indent, bool first, std::string& out) {
  const auto begin_line = [&] {
    if (first) out.append(indent, ' ');
    first = true;
  };
  if (json.is_array()) {
    for (const Json& item : json) {
      begin_line();
      out += "- ";
      if (is_leaf(item)) {
        out += scalar(item) + "\n";
      } else {
        emit(item, indent + 2, false, out);
      }
    }
    return;
  }
  for (const auto& [key, value] : json.items()) {
    begin_line();
    out += scalar(key) + ":";
    if (is_leaf(value)) {
      out += " " + scalar(value) + "\n";
    } else {
      out += "\n";
      emit(value, indent + 2, true, out);
    }
  }
}

}  // namespace

std::string yaml_of(const Json& json) {
  if (is_leaf(json)) return scalar(json) + "\n";
  std::string out;
  emit(json, 0, true, out);
  return out;
}

void write_rule(JsonWriter& writer, const shapes::Rule& rule) {
  writer.number("Priority", rule.priority);
  writer.objects("Conditions", rule.conditions);
  writer.objects("Actions", rule.actions);
  if (!rule.transforms.empty()) writer.objects("Transforms", rule.transforms);
}

Json exported_group(const shapes::TargetGroup& group) {
  Json json;
  JsonWriter writer(json);
  writer.text("Name", group.name);
  writer.text("Protocol", group.protocol);
  writer.text("ProtocolVersion", group.protocol_version);
  writer.number("Port", group.port);
  describe_health_check(writer, group);
  if (group.http_code) json["Matcher"]["HttpCode"] = *group.http_code;
  if (group.grpc_code) json["Matcher"]["GrpcCode"] = *group.grpc_code;
  return json;
}

std::vector<shapes::TargetDescription> exported_targets(const shapes::TargetGroup& group) {
  std::vector<shapes::TargetDescription> targets = group.targets;
  for (auto& target : targets) {
    if (!target.address.empty()) target.id = std::exchange(target.address, "");
  }
  return targets;
}

std::string bundle_file_of(const shapes::TrustStore& store, const std::string& folder) {
  return store.bundle_file.empty() ? folder + store.name + ".ca.pem" : store.bundle_file;
}

std::string revocation_file_of(const shapes::TrustStore& store, const shapes::Revocation& one,
                               const std::string& folder) {
  if (!one.file.empty()) return one.file;
  return folder + store.name + "." + std::to_string(one.id) + ".crl";
}

std::string export_yaml(const shapes::Resources& resources, const std::string& folder) {
  return yaml_of(json_of(resources, folder));
}

}  // namespace daruma::api
