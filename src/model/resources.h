// SPDX-License-Identifier: Apache-2.0
//
// Configuration as people write it: the shapes of the elbv2 API, with references by name instead of
// ARN. Decoded, but not yet checked: texts are as given, numbers may be out of range, an absent
// member is nullopt. control/validate says whether it makes sense, control/snapshot_compiler turns
// it into a Snapshot. Values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace daruma::model::api {

// Attribute key → value, both as the API spells them: every value is a text.
using Attributes = std::map<std::string, std::string>;

// What the API gives to a resource that it makes. Empty for what daruma.yaml declares, whose ids
// are made of names (control/arns).
using Tags = std::map<std::string, std::string>;
struct Identity {
  std::string id;       // the last part of its ARN: 16 hexadecimal digits; a certificate's UUID
  std::string created;  // ISO 8601, UTC
  Tags tags;
  bool operator==(const Identity&) const = default;
};

struct TargetDescription {
  std::string id;  // IP address or host name; of TargetType instance an instance's
  std::optional<int64_t> port;
  std::string availability_zone;
  std::string address{};  // the instance's, as it was registered; else ""
  bool operator==(const TargetDescription&) const = default;
};

struct TargetGroup {
  std::string name;
  std::optional<std::string> protocol;
  std::optional<std::string> protocol_version;
  std::optional<std::string> target_type;
  std::optional<int64_t> port;
  std::optional<bool> health_check_enabled;
  std::optional<std::string> health_check_protocol;
  std::optional<std::string> health_check_port;
  std::optional<std::string> health_check_path;
  std::optional<int64_t> health_check_interval_seconds;
  std::optional<int64_t> health_check_timeout_seconds;
  std::optional<int64_t> healthy_threshold_count;
  std::optional<int64_t> unhealthy_threshold_count;
  std::optional<std::string> http_code;  // Matcher.HttpCode
  std::optional<std::string> grpc_code;  // Matcher.GrpcCode
  std::string target_ca_pem;             // what the file of daruma.target_tls.ca_bundle.file holds
  Attributes attributes;
  std::vector<TargetDescription> targets;
  std::string vpc;  // "": the node's own network
  Identity identity;
  bool operator==(const TargetGroup&) const = default;
};

struct TargetGroupTuple {
  std::string target_group;  // by name
  std::optional<int64_t> weight;
  bool operator==(const TargetGroupTuple&) const = default;
};
struct RedirectConfig {
  std::optional<std::string> protocol;
  std::optional<std::string> host;
  std::optional<std::string> port;
  std::optional<std::string> path;
  std::optional<std::string> query;
  std::string status_code;
  bool operator==(const RedirectConfig&) const = default;
};
struct FixedResponseConfig {
  std::string status_code;
  std::optional<std::string> content_type;
  std::optional<std::string> message_body;
  bool operator==(const FixedResponseConfig&) const = default;
};
struct TargetGroupStickinessConfig {
  std::optional<bool> enabled;
  std::optional<int64_t> duration_seconds;
  bool operator==(const TargetGroupStickinessConfig&) const = default;
};
struct Action {
  std::string type;
  std::optional<int64_t> order;
  std::optional<std::string> target_group;                       // short for a forward to one group
  std::optional<std::vector<TargetGroupTuple>> forward_config;   // ForwardConfig.TargetGroups
  std::optional<TargetGroupStickinessConfig> stickiness_config;  // of ForwardConfig
  std::optional<RedirectConfig> redirect_config;
  std::optional<FixedResponseConfig> fixed_response_config;
  bool operator==(const Action&) const = default;
};

// A …Config of a condition; which of its members may be given depends on the Field.
struct ConditionConfig {
  std::optional<std::string> http_header_name;
  std::optional<std::vector<std::string>> values;
  std::optional<std::vector<std::string>> regex_values;
  bool operator==(const ConditionConfig&) const = default;
};
struct QueryStringKeyValuePair {
  std::optional<std::string> key;
  std::optional<std::string> value;
  bool operator==(const QueryStringKeyValuePair&) const = default;
};
struct RuleCondition {
  std::string field;
  std::optional<std::vector<std::string>> values;  // short for a …Config
  std::optional<std::vector<std::string>> regex_values;
  std::optional<ConditionConfig> host_header_config;
  std::optional<ConditionConfig> path_pattern_config;
  std::optional<ConditionConfig> http_header_config;
  std::optional<ConditionConfig> http_request_method_config;
  std::optional<ConditionConfig> source_ip_config;
  std::optional<std::vector<QueryStringKeyValuePair>> query_string_config;  // ….Values
  std::optional<bool> negate;                                               // daruma.negate
  bool operator==(const RuleCondition&) const = default;
};
struct RewriteConfig {
  std::optional<std::string> regex;
  std::optional<std::string> replace;
  bool operator==(const RewriteConfig&) const = default;
};
struct RuleTransform {
  std::string type;
  std::optional<std::vector<RewriteConfig>> host_header_rewrite_config;  // ….Rewrites
  std::optional<std::vector<RewriteConfig>> url_rewrite_config;
  bool operator==(const RuleTransform&) const = default;
};
struct Rule {
  std::optional<int64_t> priority;
  std::vector<RuleCondition> conditions;
  std::vector<Action> actions;
  std::vector<RuleTransform> transforms;
  Identity identity;
  bool operator==(const Rule&) const = default;
};

struct MutualAuthentication {
  std::string mode;         // off, passthrough, verify
  std::string trust_store;  // by name; "": none
  std::optional<bool> ignore_client_certificate_expiry;
  std::optional<std::string> advertise_trust_store_ca_names;  // on, off
  bool operator==(const MutualAuthentication&) const = default;
};
struct Listener {
  std::optional<int64_t> port;
  std::optional<std::string> protocol;
  std::vector<std::string> certificates;  // by name; the first is the default
  std::optional<std::string> ssl_policy;
  std::optional<MutualAuthentication> mutual_authentication;
  Attributes attributes;
  Attributes error_page_files;  // daruma.error_page.….file → what the file holds
  std::vector<Action> default_actions;
  std::vector<Rule> rules;
  Identity identity;
  bool operator==(const Listener&) const = default;
};

struct LoadBalancer {
  std::string name;
  std::optional<std::string> scheme;
  std::optional<std::string> type;
  Attributes attributes;
  std::vector<Listener> listeners;
  // What the API was given of the network; a node's listeners bind to its own addresses.
  std::string ip_address_type;
  std::vector<std::string> subnets;
  std::vector<std::string> security_groups;
  // Of subnets that an EC2 endpoint told of: their VPC, and the zone of each.
  std::string vpc;
  std::map<std::string, std::string> zones;
  std::optional<int64_t> capacity_units;  // MinimumLoadBalancerCapacity
  std::string capacity_modified;          // ISO 8601, UTC; "" if nothing was ever reserved
  Identity identity;
  bool operator==(const LoadBalancer&) const = default;
};

// A file with one list or more of what authorities have revoked.
struct Revocation {
  int64_t id = 0;
  std::string file;  // as written; "" of one that the API made
  // Shared, as it may be large and every change of anything copies the tree. Null if it could not
  // be read.
  std::shared_ptr<const std::string> content;
  std::string fingerprint;  // hex SHA-256
  std::optional<int64_t> entries;
  bool operator==(const Revocation&) const = default;
};
struct TrustStore {
  std::string name;
  std::string bundle_file;  // as written; "" of one that the API made
  std::string ca_pem;       // what the file holds; "" if it could not be read
  std::string fingerprint;  // of ca_pem
  std::optional<int64_t> certificates;
  std::optional<int64_t> revocations_made;  // ever: ids are not given twice
  std::vector<Revocation> revocations;
  Identity identity;
  bool operator==(const TrustStore&) const = default;
};

// The rest is Daruma's own: what AWS keeps in other services or does not show.

// How a certificate that the local authority issued was asked for.
struct CertificateRequest {
  std::string validation_method;  // DNS, EMAIL: nobody is asked, clients are told what they chose
  std::string transparency_logging;  // ENABLED, DISABLED
  std::string token;                 // asked for twice with the same, it is issued once
  std::string issued;                // ISO 8601, UTC: the one that is served now; "": it was not
  bool operator==(const CertificateRequest&) const = default;
};
struct Certificate {
  std::string name;
  std::string certificate_file;  // as written
  std::string private_key_file;
  std::string chain_pem;  // what the files hold; "" if they could not be read
  std::string key_pem;
  std::string fingerprint;
  CertificateRequest request{};
  std::string path{};  // in IAM: "/cloudfront/"; "": "/"
  Identity identity;
  bool operator==(const Certificate&) const = default;
};
// The node's own certificate authority, with which it answers RequestCertificate.
struct Authority {
  std::string chain_pem;
  std::string key_pem;
  Identity identity;
  bool operator==(const Authority&) const = default;
};
struct Node {
  std::vector<std::string> addresses;  // where listeners bind; empty: every address, v4 and v6
  std::string availability_zone;
  std::vector<std::string> resolvers;    // name servers, for targets; empty: the system's
  std::string cookie_key_file;           // as written; "" if there is none
  std::vector<std::string> cookie_keys;  // what it holds; empty if it could not be read
};
struct AccessKey {
  std::string id;
  std::optional<std::string> secret;
  std::optional<std::string> secret_file;  // as written; what it holds goes to `secret`
  std::optional<std::string> role;         // admin, read-only
  bool operator==(const AccessKey&) const = default;
};
// Who logs in to the console with a password.
struct User {
  std::string name;
  std::string password_hash;        // control/password_hash
  std::optional<std::string> role;  // admin, read-only
  bool operator==(const User&) const = default;
};
// The EC2 API that knows the networks and machines, instead of the inventory.
struct Ec2Endpoint {
  std::optional<std::string> endpoint{};  // "https://ec2.eu-central-1.amazonaws.com"
  std::optional<std::string> region{};
  std::optional<std::string> access_key_id{};
  std::optional<std::string> secret_access_key{};
  std::optional<std::string> secret_access_key_file{};  // as written; what it holds goes above
  bool operator==(const Ec2Endpoint&) const = default;
};
struct Admin {
  std::optional<std::string> address;
  std::optional<int64_t> port;
  std::optional<std::string> authentication;  // "none": requests need no signature
  std::vector<AccessKey> access_keys;
  std::vector<User> users;
  std::optional<Ec2Endpoint> ec2;
};
// Where objects that attributes and requests name by bucket and key lie: in a directory, or with a
// service that speaks S3. By name, as S3's.
struct Bucket {
  std::string name;
  std::optional<std::string> directory{};  // as written
  std::optional<std::string> endpoint{};   // "https://s3.eu-central-1.amazonaws.com"
  std::optional<std::string> region{};
  std::optional<std::string> access_key_id{};
  std::optional<std::string> secret_access_key{};
  std::optional<std::string> secret_access_key_file{};  // as written; what it holds goes above
  bool operator==(const Bucket&) const = default;
};
struct Logs {
  std::optional<std::string> directory;
  std::optional<std::string> format;  // alb, json, ltsv
  std::optional<bool> compress;
};
// Where figures, alarms and changes are pushed to. Without a key: nowhere.
struct Mackerel {
  std::optional<std::string> api_key;
  std::optional<std::string> api_key_file;  // as written; what it holds goes to `api_key`
  std::optional<std::string> base_url;
  std::optional<std::string> service;
  std::vector<std::string> roles;
  std::optional<int64_t> interval_seconds;
  bool operator==(const Mackerel&) const = default;
};
// Who is told of alarms, and how.
struct Webhook {
  std::string name;
  std::optional<std::string> url;
  std::optional<std::string> url_file;  // as written; what it holds goes to `url`
  bool operator==(const Webhook&) const = default;
};
struct Mail {
  std::string name;
  std::string server;  // "smtp://mail.example.com:25"
  std::string from;
  std::vector<std::string> to;
  std::optional<std::string> user;
  std::optional<std::string> password;
  std::optional<std::string> password_file;  // as written; what it holds goes to `password`
  bool operator==(const Mail&) const = default;
};
struct NoticeCommand {
  std::string name;
  std::vector<std::string> command;  // program and arguments
  bool operator==(const NoticeCommand&) const = default;
};
struct Alarms {
  std::optional<bool> defaults;            // false: only alarms that the API made
  std::optional<std::string> console_url;  // that notices link to; nullopt: the admin address
  std::vector<Webhook> webhooks;
  std::vector<Mail> mail;
  std::vector<NoticeCommand> commands;
  bool operator==(const Alarms&) const = default;
};

// What scripts make in EC2 before they call elbv2: names for a network and its machines, which are
// there or not whatever is said here. The API alone makes them; their ids are AWS's: "vpc-…".
struct Vpc {
  std::string cidr;
  Identity identity;
  // "enableDnsSupport" → "false"; one that is not in it is as AWS makes it.
  std::map<std::string, std::string> attributes{};
  bool operator==(const Vpc&) const = default;
};
struct Subnet {
  std::string vpc;
  std::string cidr;
  std::string availability_zone;
  Identity identity;
  std::optional<bool> map_public_ip_on_launch{};
  bool operator==(const Subnet&) const = default;
};
struct SecurityGroupRule {
  std::string protocol;                // "tcp", "udp", "icmp", "icmpv6", a number; "-1": all
  std::optional<int64_t> from_port{};  // of ICMP the type; of other protocols none
  std::optional<int64_t> to_port{};    // of ICMP the code
  std::string peer{};                  // a CIDR, or a security group's id
  std::string description{};
  Identity identity{};  // "sgr-…"
  bool operator==(const SecurityGroupRule&) const = default;
};
struct SecurityGroup {
  std::string name;
  std::string description;
  std::string vpc;
  Identity identity;
  std::vector<SecurityGroupRule> ingress{};
  std::vector<SecurityGroupRule> egress{};
  bool operator==(const SecurityGroup&) const = default;
};
struct Instance {
  std::string address;  // private
  std::string subnet;
  std::vector<std::string> security_groups;
  std::string image;
  std::string type;
  std::string client_token;  // asked for twice with the same, it is made once
  Identity identity;
  bool operator==(const Instance&) const = default;
};
struct InternetGateway {
  std::string vpc;  // that it is attached to; "": none
  Identity identity;
  bool operator==(const InternetGateway&) const = default;
};
struct RouteTable {
  std::string vpc;
  std::map<std::string, std::string> routes;        // CIDR → internet gateway
  std::map<std::string, std::string> associations;  // id → subnet
  Identity identity;
  bool operator==(const RouteTable&) const = default;
};
struct Inventory {
  std::vector<Vpc> vpcs;
  std::vector<Subnet> subnets;
  std::vector<SecurityGroup> security_groups;
  std::vector<Instance> instances;
  std::vector<InternetGateway> internet_gateways;
  std::vector<RouteTable> route_tables;
};

struct Resources {
  Admin admin;
  Node node;
  Logs logs;
  std::vector<Bucket> buckets;
  Mackerel mackerel;
  Alarms alarms;
  std::vector<Certificate> certificates;
  std::optional<bool> local_authority;  // Certificates.LocalAuthority
  std::vector<Authority> authorities;   // the API's; those that end soon sign no more
  std::vector<TrustStore> trust_stores;
  std::vector<TargetGroup> target_groups;
  std::vector<LoadBalancer> load_balancers;
  Inventory inventory;
};

}  // namespace daruma::model::api
