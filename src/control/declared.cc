// SPDX-License-Identifier: Apache-2.0
#include "control/declared.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

#include "control/cookie_key_text.h"
#include "control/decode.h"
#include "control/error_pages.h"
#include "control/issues.h"
#include "control/members.h"
#include "control/mutual_tls.h"
#include "control/target_tls.h"
#include "control/validate.h"
#include "control/yaml_tree.h"
#include "io/read_file.h"
#include "model/limits.h"
#include "tls/security_policy.h"

namespace daruma::control {
namespace {

namespace api = model::api;
namespace limits = model::limits;

constexpr size_t diagnostics_max = 100;
constexpr std::string_view admin_address = "127.0.0.1";
constexpr uint16_t admin_port = 9090;
constexpr std::string_view logs_directory = "logs";

Result<CheckedCertificate> check(const tls::CertificateText& certificate, WallTime now) {
  const auto facts = tls::describe_certificate(certificate);
  if (!facts) return fail(facts.error().message);
  return CheckedCertificate{facts->fingerprint, tls::validity_warning(*facts, now).value_or("")};
}

// The place in the file that a path means; if it is not there, the place of what should hold it.
Position locate(const YamlNode& root, const Issue& issue) {
  const YamlNode* node = &root;
  Position position = root.position;
  for (const PathStep& step : issue.where) {
    const YamlNode::Entry* entry = node->find(step.member);
    if (entry == nullptr) return position;
    node = entry->value;
    const bool leaf = node->kind == YamlNode::Kind::scalar;
    position = leaf && !issue.at_key ? node->position : entry->position;
    if (step.index == PathStep::no_index) continue;
    if (const YamlNode::Entry* files = node->find(certificate_files_key)) node = files->value;
    if (step.index >= node->items.size()) return position;
    node = node->items[step.index];
    position = node->position;
  }
  return position;
}

// Surroundings read what the largest of all files may have.
Result<std::string> read_whole(const Surroundings& with, const std::string& path,
                               size_t bytes_max) {
  Result<std::string> text = with.read_file(path);
  if (text && text->size() > bytes_max) return fail(fmt::format("over {} bytes", bytes_max));
  return text;
}

class DeclaredParser {
 public:
  DeclaredParser(const std::string& file, const Surroundings& with, Declared& out)
      : file_(file), with_(with), out_(out) {}

  void run() {
    std::vector<YamlProblem> problems;
    const YamlTree tree = YamlTree::parse(out_.text, problems);
    for (const YamlProblem& problem : problems) add(problem.position, problem.message);
    const YamlNode* root = tree.root();
    if (root == nullptr) return;
    if (root->kind == YamlNode::Kind::null) return add({}, "the file is empty");
    out_.resources = decode(*root, decoding_);
    for (const auto& problem : decoding_.list()) add(problem.position, problem.message);
    load_cookie_keys();
    load_certificates();
    load_trust_stores();
    load_error_pages();
    load_authorities();
    load_secrets();
    check();
    for (const Issue& issue : issues_.list()) {
      if (!decoding_.spoiled(issue.where)) add(locate(*root, issue), issue.message, issue.severity);
    }
    finish();
  }

 private:
  void add(Position at, const std::string& message, Severity severity = Severity::error) {
    out_.diagnostics.push_back({file_, at.line, at.column, one_line(message), severity});
  }

  void load_cookie_keys() {
    api::Node& node = out_.resources.node;
    const Path root;
    const Path path = root.at("Node");
    const Path where = path.at("CookieKeyFile");
    std::string text;
    if (!load_file(node.cookie_key_file, where, text)) return;
    auto keys = parse_cookie_keys(text);
    if (keys) {
      node.cookie_keys = std::move(*keys);
    } else {
      issues_.error(where, fmt::format("{}: {}", node.cookie_key_file, keys.error().message));
    }
  }

  void load_certificates() {
    const Path root;
    for (size_t i = 0; i < out_.resources.certificates.size(); ++i) {
      load_certificate(out_.resources.certificates[i], root.at("Certificates", i));
    }
  }

  void load_certificate(api::Certificate& certificate, const Path& path) {
    const bool chain =
        load_file(certificate.certificate_file, path.at("CertificateFile"), certificate.chain_pem);
    const bool key =
        load_file(certificate.private_key_file, path.at("PrivateKeyFile"), certificate.key_pem);
    if (!chain || !key) return;
    const Result<CheckedCertificate> checked =
        with_.check_certificate({certificate.name, certificate.chain_pem, certificate.key_pem});
    const Path where = path.at("CertificateFile");
    if (!checked) return issues_.error(where, checked.error().message);
    certificate.fingerprint = checked->fingerprint;
    if (checked->warning.empty()) return;
    issues_.warning(where, fmt::format("certificate '{}' {}", certificate.name, checked->warning));
  }

  void load_trust_stores() {
    const Path root;
    for (size_t i = 0; i < out_.resources.trust_stores.size(); ++i) {
      api::TrustStore& store = out_.resources.trust_stores[i];
      const Path path = root.at("TrustStores", i);
      load_bundle(store, path.at("CaCertificatesFile"));
      for (size_t r = 0; r < store.revocations.size(); ++r) {
        store.revocations[r].id = static_cast<int64_t>(r) + 1;
        load_revocations(store.revocations[r], path.at("RevocationFiles", r));
      }
      check_revocations(store, path.at("RevocationFiles"));
    }
  }

  void load_bundle(api::TrustStore& store, const Path& where) {
    std::string text;
    if (!load_file(store.bundle_file, where, text)) return;
    if (const Result<void> set = set_bundle(store, std::move(text)); !set)
      issues_.error(where, fmt::format("{}: {}", store.bundle_file, set.error().message));
  }

  void load_revocations(api::Revocation& revocation, const Path& where) {
    std::string content;
    if (!load_file(revocation.file, where, content, limits::revocation_bytes_max)) return;
    // What is remembered of files (last_good.json) is text.
    if (content.find("-----BEGIN ") == std::string::npos) {
      return issues_.error(where,
                           fmt::format("{0}: is not PEM; a DER list is converted by: openssl "
                                       "crl -inform der -in {0} -out {0}.pem",
                                       revocation.file));
    }
    if (const Result<void> set = set_content(revocation, std::move(content)); !set)
      issues_.error(where, fmt::format("{}: {}", revocation.file, set.error().message));
  }

  void check_revocations(const api::TrustStore& store, const Path& where) {
    const auto unread = [](const api::Revocation& each) { return each.content == nullptr; };
    if (store.ca_pem.empty() || std::ranges::any_of(store.revocations, unread)) return;
    if (const Result<void> good = check_lists(store); !good)
      issues_.error(where, good.error().message);
  }

  void load_authorities() {
    const Path root;
    for (size_t i = 0; i < out_.resources.target_groups.size(); ++i) {
      api::TargetGroup& group = out_.resources.target_groups[i];
      const auto file = group.attributes.find(std::string(target_tls_ca_key));
      if (file == group.attributes.end()) continue;
      const Path path = root.at("TargetGroups", i);
      const Path attributes = path.at("Attributes");
      load_file(file->second, attributes.at(target_tls_ca_key), group.target_ca_pem);
    }
  }

  void load_error_pages() {
    const Path root;
    for (size_t b = 0; b < out_.resources.load_balancers.size(); ++b) {
      api::LoadBalancer& balancer = out_.resources.load_balancers[b];
      const Path path = root.at("LoadBalancers", b);
      for (size_t l = 0; l < balancer.listeners.size(); ++l) {
        const Path listener = path.at("Listeners", l);
        load_error_pages(balancer.listeners[l], listener.at("Attributes"));
      }
    }
  }

  void load_error_pages(api::Listener& listener, const Path& attributes) {
    for (const auto& [key, file] : listener.attributes) {
      if (is_error_page_file_key(key))
        load_file(file, attributes.at(key), listener.error_page_files[key]);
    }
  }

  // A line's end belongs to the file, not to the secret.
  void load_secrets() {
    const Path root;
    const Path admin = root.at("Admin");
    std::vector<api::AccessKey>& keys = out_.resources.admin.access_keys;
    for (size_t i = 0; i < keys.size(); ++i) {
      const Path path = admin.at("AccessKeys", i);
      load_secret(keys[i].secret_file, path.at("SecretFile"), keys[i].secret);
    }
    if (auto& ec2 = out_.resources.admin.ec2) {
      const Path path = admin.at("Ec2");
      load_secret(ec2->secret_access_key_file, path.at("SecretAccessKeyFile"),
                  ec2->secret_access_key);
    }
    api::Mackerel& mackerel = out_.resources.mackerel;
    const Path section = root.at("Mackerel");
    load_secret(mackerel.api_key_file, section.at("ApiKeyFile"), mackerel.api_key);
    load_secrets(out_.resources.alarms);
    for (size_t i = 0; i < out_.resources.buckets.size(); ++i) {
      api::Bucket& bucket = out_.resources.buckets[i];
      const Path item = root.at("Buckets", i);
      load_secret(bucket.secret_access_key_file, item.at("SecretAccessKeyFile"),
                  bucket.secret_access_key);
    }
  }

  void load_secrets(api::Alarms& alarms) {
    const Path root;
    const Path path = root.at("Alarms");
    for (size_t i = 0; i < alarms.webhooks.size(); ++i) {
      const Path item = path.at("Webhooks", i);
      load_secret(alarms.webhooks[i].url_file, item.at("UrlFile"), alarms.webhooks[i].url);
    }
    for (size_t i = 0; i < alarms.mail.size(); ++i) {
      const Path item = path.at("Mail", i);
      load_secret(alarms.mail[i].password_file, item.at("PasswordFile"), alarms.mail[i].password);
    }
  }

  void load_secret(const std::optional<std::string>& file, const Path& where,
                   std::optional<std::string>& secret) {
    std::string text;
    if (!file || secret || !load_file(*file, where, text)) return;
    text.erase(text.find_last_not_of("\r\n") + 1);
    secret = std::move(text);
  }

  bool load_file(const std::string& written, const Path& where, std::string& content,
                 size_t bytes_max = limits::file_bytes_max) {
    if (written.empty()) return false;
    const std::string path = resolve_path(file_, written);
    const Result<std::string> text = read_whole(with_, path, bytes_max);
    if (!text) {
      issues_.error(where, fmt::format("cannot read {}: {}", path, text.error().message));
      return false;
    }
    content = *text;
    out_.files[written] = *text;
    return true;
  }

  void check() {
    const ValidationContext context{
        .check_ssl_policy = with_.check_ssl_policy,
        .target_group_names_incomplete = decoding_.any_spoiled("TargetGroups", "Name"),
        .certificate_names_incomplete = decoding_.any_spoiled("Certificates", "Name"),
        .trust_store_names_incomplete = decoding_.any_spoiled("TrustStores", "Name")};
    validate(out_.resources, context, issues_);
    if (out_.resources.load_balancers.empty() && !any_error()) {
      const Path root;
      issues_.warning(root.at("LoadBalancers"), "no LoadBalancers: nothing is served");
    }
  }

  bool any_error() const {
    const auto is_error = [](const Issue& issue) { return issue.severity == Severity::error; };
    return has_errors(out_.diagnostics) || std::ranges::any_of(issues_.list(), is_error);
  }

  // Errors matter more than warnings.
  void shorten() {
    Diagnostics& all = out_.diagnostics;
    if (all.size() <= diagnostics_max) return;
    const bool errors = has_errors(all);
    if (errors) std::erase_if(all, [](auto& d) { return d.severity == Severity::warning; });
    if (all.size() <= diagnostics_max) return;
    const size_t more = all.size() - diagnostics_max;
    all.resize(diagnostics_max);
    all.push_back({file_, 0, 0, fmt::format("and {} more", more),
                   errors ? Severity::error : Severity::warning});
  }

  void finish() {
    std::ranges::stable_sort(out_.diagnostics, {},
                             [](const Diagnostic& d) { return std::tuple(d.line, d.column); });
    shorten();
    if (has_errors(out_.diagnostics)) return;
    const api::Resources& resources = out_.resources;
    const auto admin =
        Address::parse(resources.admin.address.value_or(std::string(admin_address)),
                       static_cast<uint16_t>(resources.admin.port.value_or(admin_port)));
    out_.settings = {
        admin.value_or(Address()),
        resolve_path(file_, resources.logs.directory.value_or(std::string(logs_directory))),
        telemetry::log_format_of(resources.logs.format.value_or("alb"))
            .value_or(telemetry::LogFormat::alb),
        resources.logs.compress.value_or(false),
        buckets(),
        resources.mackerel,
        resources.alarms};
  }

  std::vector<api::Bucket> buckets() const {
    std::vector<api::Bucket> buckets = out_.resources.buckets;
    for (api::Bucket& bucket : buckets) {
      if (bucket.directory) bucket.directory = resolve_path(file_, *bucket.directory);
    }
    return buckets;
  }

  const std::string& file_;
  const Surroundings& with_;
  Declared& out_;
  DecodeProblems decoding_;
  Issues issues_;
};

}  // namespace

Surroundings Surroundings::system(std::function<WallTime()> wall_now) {
  return {.read_file =
              [](const std::string& path) {
                return io::read_file(
                    path, std::max(limits::file_bytes_max, limits::revocation_bytes_max));
              },
          .check_certificate =
              [wall_now = std::move(wall_now)](const tls::CertificateText& certificate) {
                return check(certificate, wall_now());
              },
          .check_ssl_policy = tls::check_policy};
}

std::string resolve_path(const std::string& file, const std::string& written) {
  return (std::filesystem::path(file).parent_path() / written).lexically_normal().string();
}

Declared parse_declared(std::string text, const std::string& file, const Surroundings& with) {
  Declared declared;
  declared.text = std::move(text);
  DeclaredParser(file, with, declared).run();
  return declared;
}

Declared read_declared(const std::string& file, const Surroundings& with) {
  Result<std::string> text = read_whole(with, file, limits::file_bytes_max);
  if (text) return parse_declared(std::move(*text), file, with);
  Declared declared;
  declared.diagnostics.push_back(
      {file, 0, 0, "cannot read the file: " + text.error().message, Severity::error});
  return declared;
}

Diagnostics check_file(const std::string& file, const Surroundings& with) {
  return read_declared(file, with).diagnostics;
}

}  // namespace daruma::control
