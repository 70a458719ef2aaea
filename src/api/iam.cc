// SPDX-License-Identifier: Apache-2.0
#include "api/iam.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "api/operation_tables.h"
#include "base/time_text.h"
#include "control/arns.h"
#include "control/target_tls.h"
#include "control/validate_values.h"
#include "tls/context.h"

namespace daruma::api::iam {
namespace {

using control::is_server_certificate;
using std::string_view;
using enum Effect;

tl::unexpected<ServiceError> no_such(const std::string& name) {
  return refuse("NoSuchEntity",
                fmt::format("The Server Certificate with name {} cannot be found.", name), 404);
}

const shapes::Certificate* find(const Catalog& catalog, const std::string& name) {
  const shapes::Certificate* found = catalog.certificate_named(name);
  return found && is_server_certificate(*found) ? found : nullptr;
}

std::string path_of(const shapes::Certificate& certificate) {
  return certificate.path.empty() ? "/" : certificate.path;
}

// "/", or "/" at both ends of printable ASCII without spaces. Like AWS, "" is "/".
bool is_path(const std::string& text) {
  constexpr size_t bytes_max = 512;
  return text.empty() || (text.size() <= bytes_max && text.front() == '/' && text.back() == '/' &&
                          std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; }));
}

tl::unexpected<ServiceError> no_path(string_view member) {
  return invalid(
      fmt::format("{}: a path begins and ends with /, and has up to 512 printable "
                  "characters",
                  member));
}

tl::unexpected<ServiceError> already_there(const std::string& name) {
  return refuse("EntityAlreadyExists",
                fmt::format("The Server Certificate with name {} already exists.", name), 409);
}

void write(IamCall& iam, const shapes::Certificate& certificate) {
  XmlWriter& out = iam.call.out;
  out.element("Path", path_of(certificate));
  out.element("ServerCertificateName", certificate.name);
  out.element("ServerCertificateId", certificate.identity.id);
  out.element("Arn", control::arn_of(certificate));
  out.element("UploadDate", certificate.identity.created);
  out.element("Expiration", date_and_time(iam.facts.of(certificate).not_after));
}

// ASCA and 17 more, as AWS's.
std::string make_certificate_id() {
  std::string id(control::server_certificate_prefix);
  for (const char c : make_id()) id += static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c);
  return id + "A";
}

Expected<void> upload(IamCall& iam) {
  Call& call = iam.call;
  std::string name;
  std::string body;
  std::string key;
  std::string chain;
  shapes::Certificate fresh;
  for (const char* required : {"ServerCertificateName", "CertificateBody", "PrivateKey"}) {
    call.in.need(required);
  }
  call.in.text("Path", fresh.path);
  call.in.text("ServerCertificateName", name);
  call.in.text("CertificateBody", body);
  call.in.text("PrivateKey", key);
  call.in.text("CertificateChain", chain);
  read_tags(call.in, fresh.identity.tags);
  if (const auto read = call.finish_input(); !read) return read;
  if (!is_path(fresh.path)) return no_path("Path");
  if (const std::string wrong = control::check_certificate_name(name); !wrong.empty()) {
    return invalid("ServerCertificateName: " + wrong);
  }
  if (call.catalog.certificate_named(name) != nullptr) {
    return already_there(name);
  }
  const auto given = acm::check_given(iam.surroundings, body + "\n", chain, key + "\n", fresh);
  if (!given) return refuse("MalformedCertificate", given.error().message);
  const shapes::Tags tags = std::move(fresh.identity.tags);
  fresh.name = name;
  fresh.identity = {.id = make_certificate_id(), .created = call.node.now(), .tags = tags};
  auto& certificates = call.catalog.created().certificates;
  certificates.push_back(std::move(fresh));
  call.out.within("ServerCertificateMetadata", [&] { write(iam, certificates.back()); });
  return {};
}

Expected<void> get(IamCall& iam) {
  Call& call = iam.call;
  std::string name;
  call.in.need("ServerCertificateName");
  call.in.text("ServerCertificateName", name);
  if (const auto read = call.finish_input(); !read) return read;
  const shapes::Certificate* found = find(call.catalog, name);
  if (found == nullptr) return no_such(name);
  const std::vector<std::string> all = tls::certificates_of(found->chain_pem);
  if (all.empty()) return refuse("ServiceFailure", "The certificate cannot be read", 500);
  call.out.within("ServerCertificate", [&] {
    call.out.within("ServerCertificateMetadata", [&] { write(iam, *found); });
    call.out.element("CertificateBody", all.front());
    call.out.text("CertificateChain", fmt::to_string(fmt::join(all.begin() + 1, all.end(), "")));
    write_tags(call.out, found->identity.tags);
  });
  return {};
}

Expected<void> list(IamCall& iam) {
  Call& call = iam.call;
  std::string prefix = "/";
  std::string after;
  std::optional<int64_t> most;
  call.in.text("PathPrefix", prefix);
  call.in.text("Marker", after);
  call.in.number("MaxItems", most);
  if (const auto read = call.finish_input(); !read) return read;
  if (most && (*most < 1 || *most > 1000)) return invalid("MaxItems must be from 1 to 1000");
  std::vector<const shapes::Certificate*> found;
  call.catalog.each_certificate([&](const shapes::Certificate& certificate) {
    const bool is_it = is_server_certificate(certificate) && certificate.name > after;
    if (is_it && path_of(certificate).starts_with(prefix)) found.push_back(&certificate);
  });
  std::ranges::sort(found, {}, [](const auto* each) { return each->name; });
  const auto size = static_cast<size_t>(most.value_or(100));
  const bool more = found.size() > size;
  if (more) found.resize(size);
  call.out.each("ServerCertificateMetadataList", found,
                [&](const shapes::Certificate* each) { write(iam, *each); });
  call.out.element("IsTruncated", more ? "true" : "false");
  if (more) call.out.element("Marker", found.back()->name);
  return {};
}

Expected<void> remove(IamCall& iam) {
  Call& call = iam.call;
  std::string name;
  call.in.need("ServerCertificateName");
  call.in.text("ServerCertificateName", name);
  if (const auto read = call.finish_input(); !read) return read;
  if (find(call.catalog, name) == nullptr) return no_such(name);
  const auto users = acm::users_of(call.catalog, name);
  if (!users.empty()) {
    return refuse("DeleteConflict",
                  fmt::format("Certificate {} is in use by {}. Please remove it first before "
                              "deleting it from IAM.",
                              name, fmt::join(users, ", ")),
                  409);
  }
  std::erase_if(call.catalog.created().certificates,
                [&name](const auto& each) { return each.name == name; });
  return {};
}

// Whoever has it by its name has it by the new one.
void rename(shapes::Resources& created, const std::string& from, const std::string& to) {
  const std::string key(control::target_tls_certificate_key);
  for (auto& balancer : created.load_balancers) {
    for (auto& listener : balancer.listeners) std::ranges::replace(listener.certificates, from, to);
  }
  for (auto& group : created.target_groups) {
    const auto found = group.attributes.find(key);
    if (found != group.attributes.end() && found->second == from) found->second = to;
  }
}

// What the file declares refers to it by name, which then would be gone: the whole is checked.
Expected<void> update(IamCall& iam) {
  Call& call = iam.call;
  std::string name;
  std::string new_name;
  std::optional<std::string> new_path;
  call.in.need("ServerCertificateName");
  call.in.text("ServerCertificateName", name);
  call.in.text("NewServerCertificateName", new_name);
  call.in.text("NewPath", new_path);
  if (const auto read = call.finish_input(); !read) return read;
  if (find(call.catalog, name) == nullptr) return no_such(name);
  if (new_path && !is_path(*new_path)) return no_path("NewPath");
  shapes::Resources& created = call.catalog.created();
  auto& there = *std::ranges::find(created.certificates, name, &shapes::Certificate::name);
  if (new_path) there.path = *new_path;
  if (new_name.empty() || new_name == name) return {};
  if (const std::string wrong = control::check_certificate_name(new_name); !wrong.empty()) {
    return invalid("NewServerCertificateName: " + wrong);
  }
  if (call.catalog.certificate_named(new_name) != nullptr) return already_there(new_name);
  there.name = new_name;
  rename(created, name, new_name);
  return {};
}

Expected<void> list_aliases(IamCall& iam) {
  iam.call.in.whatever("Marker");
  iam.call.in.whatever("MaxItems");
  if (const auto read = iam.call.finish_input(); !read) return read;
  iam.call.out.within("AccountAliases", [] {});
  iam.call.out.element("IsTruncated", "false");
  return {};
}

constexpr IamRow rows[] = {
    {"UploadServerCertificate", changes, upload}, {"GetServerCertificate", reads, get},
    {"ListServerCertificates", reads, list},      {"UpdateServerCertificate", changes, update},
    {"DeleteServerCertificate", changes, remove}, {"ListAccountAliases", reads, list_aliases},
};

}  // namespace

std::span<const IamRow> operation_table() {
  return rows;
}

const IamRow* find_operation(std::string_view name) {
  const auto found = std::ranges::find(rows, name, &IamRow::name);
  return found == std::end(rows) ? nullptr : &*found;
}

}  // namespace daruma::api::iam
