// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "api/elbv2.h"
#include "control/arns.h"
#include "tls/security_policy.h"

namespace daruma::api::elbv2 {
namespace {

using control::arn_of;
using Place = Catalog::ListenerPlace;

void write_certificate(XmlWriter& out, const std::string& arn, std::optional<bool> is_default) {
  out.element("CertificateArn", arn);
  out.flag("IsDefault", is_default);
}

std::string certificate_arn(const Call& call, const std::string& name) {
  const shapes::Certificate* certificate = call.catalog.certificate_named(name);
  return certificate ? arn_of(*certificate) : "";
}

void write_mutual(Call& call, const shapes::Listener& listener) {
  XmlWriter& out = call.out;
  const auto& mutual = listener.mutual_authentication;
  out.element("Mode", mutual ? mutual->mode : "off");
  if (!mutual || mutual->mode != "verify") return;
  const shapes::TrustStore* store = call.catalog.trust_store_named(mutual->trust_store);
  if (store) out.element("TrustStoreArn", arn_of(*store));
  out.flag("IgnoreClientCertificateExpiry",
           mutual->ignore_client_certificate_expiry.value_or(false));
  out.element("TrustStoreAssociationStatus", "active");
  out.element("AdvertiseTrustStoreCaNames", mutual->advertise_trust_store_ca_names.value_or("off"));
}

void write(Call& call, const Place& place) {
  XmlWriter& out = call.out;
  const shapes::Listener& listener = *place.listener;
  out.element("ListenerArn", arn_of(*place.balancer, listener));
  out.element("LoadBalancerArn", arn_of(*place.balancer));
  out.number("Port", listener.port);
  out.text("Protocol", listener.protocol);
  if (listener.protocol == "HTTPS") {
    out.each("Certificates", std::vector{listener.certificates.front()},
             [&](const std::string& name) {
               write_certificate(out, certificate_arn(call, name), std::nullopt);
             });
    out.element("SslPolicy", listener.ssl_policy.value_or(std::string(tls::default_policy)));
    out.within("MutualAuthentication", [&] { write_mutual(call, listener); });
  }
  write_actions(out, "DefaultActions", listener.default_actions);
}

void write_one(Call& call, const Place& place) {
  call.out.each("Listeners", std::vector{place}, [&](const Place& one) { write(call, one); });
}

// Names of the certificates that are given, by their ARNs.
std::vector<std::string> read_certificates(Call& call) {
  std::vector<std::string> names;
  call.in.each("Certificates", [&](QueryReader& in) {
    std::string arn;
    in.need("CertificateArn");
    in.text("CertificateArn", arn);
    if (in.has("IsDefault")) {
      std::optional<bool> is_default;
      in.flag("IsDefault", is_default);
      in.fail(invalid("IsDefault cannot be set: the default certificate is set by CreateListener "
                      "and ModifyListener")
                  .value());
    }
    const auto certificate = call.catalog.certificate(arn);
    if (!certificate) {
      in.fail(certificate.error());
    } else {
      names.push_back((*certificate)->name);
    }
  });
  return names;
}

struct Given {
  shapes::Listener listener;
  bool certificates = false;
  bool actions = false;
  bool mutual = false;
};

ServiceError bad_mutual(std::string message) {
  return {"InvalidConfigurationRequest", std::move(message)};
}

// What belongs together. "off" is kept as nothing at all.
void read_mutual(Call& call, std::optional<shapes::MutualAuthentication>& out) {
  call.in.within("MutualAuthentication", [&](QueryReader& in) {
    shapes::MutualAuthentication mutual;
    std::string arn;
    std::string status;
    in.text("Mode", mutual.mode);
    in.text("TrustStoreArn", arn);
    in.flag("IgnoreClientCertificateExpiry", mutual.ignore_client_certificate_expiry);
    in.text("TrustStoreAssociationStatus", status);
    in.text("AdvertiseTrustStoreCaNames", mutual.advertise_trust_store_ca_names);
    const std::string advertise = mutual.advertise_trust_store_ca_names.value_or("off");
    if (mutual.mode != "off" && mutual.mode != "passthrough" && mutual.mode != "verify")
      return in.fail(
          invalid(fmt::format("Mode '{}' must be one of 'off, passthrough, verify'", mutual.mode))
              .value());
    if (advertise != "on" && advertise != "off")
      return in.fail(invalid(fmt::format("AdvertiseTrustStoreCaNames '{}' must be one of 'on, off'",
                                         advertise))
                         .value());
    if (mutual.mode == "verify" && arn.empty())
      return in.fail(bad_mutual("A trust store must be specified for mutual TLS in mode verify"));
    const bool ignores = mutual.ignore_client_certificate_expiry.value_or(false);
    if (mutual.mode != "verify" && (!arn.empty() || ignores || advertise == "on"))
      return in.fail(
          bad_mutual("TrustStoreArn, IgnoreClientCertificateExpiry and "
                     "AdvertiseTrustStoreCaNames are for mutual TLS in mode verify"));
    if (mutual.mode == "off") return;
    if (mutual.mode == "verify") {
      const auto store = call.catalog.trust_store(arn);
      if (!store) return in.fail(store.error());
      mutual.trust_store = (*store)->name;
    }
    out = std::move(mutual);
  });
}

// Members that CreateListener and ModifyListener share.
Given read_settings(Call& call) {
  Given given;
  QueryReader& in = call.in;
  shapes::Listener& listener = given.listener;
  in.number("Port", listener.port);
  in.text("Protocol", listener.protocol);
  in.text("SslPolicy", listener.ssl_policy);
  given.certificates = in.has("Certificates");
  listener.certificates = read_certificates(call);
  given.actions = in.has("DefaultActions");
  read_actions(in, "DefaultActions", listener.default_actions);
  in.foreign("AlpnPolicy", "ALPNPolicyNotFound");
  given.mutual = in.has("MutualAuthentication");
  read_mutual(call, listener.mutual_authentication);
  return given;
}

Expected<void> check_settings(const shapes::Listener& listener) {
  if (listener.port && (*listener.port < 1 || *listener.port > 65535)) {
    return invalid(
        fmt::format("1 validation error detected: Value '{}' at 'port' failed to "
                    "satisfy constraint: Member must have value between 1 and 65535",
                    *listener.port));
  }
  if (listener.certificates.size() > 1) {
    return invalid(
        "You must specify exactly one certificate; add others with "
        "AddListenerCertificates");
  }
  if (listener.ssl_policy && !tls::find_policy(*listener.ssl_policy)) {
    return refuse("SSLPolicyNotFound",
                  fmt::format("SSL policy '{}' not found", *listener.ssl_policy));
  }
  if (listener.mutual_authentication && listener.protocol == "HTTP") {
    return tl::unexpected(bad_mutual("Mutual TLS belongs to HTTPS listeners"));
  }
  if (!listener.protocol || *listener.protocol == "HTTP" || *listener.protocol == "HTTPS")
    return {};
  return refuse("UnsupportedProtocol", fmt::format("Listener protocol '{}' must be one of 'HTTPS, "
                                                   "HTTP'",
                                                   *listener.protocol));
}

const shapes::Listener* listener_on(const shapes::LoadBalancer& balancer, int64_t port) {
  const auto found = std::ranges::find_if(
      balancer.listeners, [&](const shapes::Listener& each) { return each.port == port; });
  return found == balancer.listeners.end() ? nullptr : &*found;
}

// "": HTTP.
std::string default_certificate(const shapes::Listener& listener) {
  return listener.certificates.empty() ? "" : listener.certificates.front();
}

// Of what CreateListener is told; certificates may have been added since.
bool same_settings(const shapes::Listener& there, const shapes::Listener& wanted) {
  return there.protocol == wanted.protocol && there.ssl_policy == wanted.ssl_policy &&
         default_certificate(there) == default_certificate(wanted) &&
         there.mutual_authentication == wanted.mutual_authentication &&
         there.default_actions == wanted.default_actions &&
         there.identity.tags == wanted.identity.tags;
}

tl::unexpected<ServiceError> duplicate(const shapes::LoadBalancer& balancer) {
  return refuse("DuplicateListener",
                fmt::format("A listener already exists on this port for this load balancer '{}'",
                            arn_of(balancer)));
}

}  // namespace

Expected<void> create_listener(Call& call) {
  const std::string arn = call.arn("LoadBalancerArn");
  call.in.need("DefaultActions");
  shapes::Listener wanted = read_settings(call).listener;
  read_tags(call.in, wanted.identity.tags);
  if (const auto read = call.finish_input(); !read) return read;
  const auto balancer = call.catalog.edit_balancer(arn);
  if (!balancer) return tl::unexpected(balancer.error());
  if (const auto good = check_settings(wanted); !good) return good;
  if (!wanted.port) return invalid("A listener port must be specified");
  if (wanted.protocol == "HTTPS" && !wanted.ssl_policy) wanted.ssl_policy = tls::api_default_policy;
  if (const shapes::Listener* there = listener_on(**balancer, *wanted.port)) {
    if (!same_settings(*there, wanted)) return duplicate(**balancer);
    write_one(call, {*balancer, there});
    return {};
  }
  const shapes::Tags tags = std::move(wanted.identity.tags);
  wanted.identity = make_identity(call);
  wanted.identity.tags = tags;
  (*balancer)->listeners.push_back(std::move(wanted));
  if (const auto good = check_balancer(call.catalog, **balancer); !good) return good;
  const shapes::Listener& created = (*balancer)->listeners.back();
  if (created.protocol == "HTTPS" && created.certificates.empty()) {
    return invalid("A certificate must be specified for HTTPS listeners");
  }
  write_one(call, {*balancer, &created});
  return {};
}

Expected<void> describe_listeners(Call& call) {
  std::string balancer_arn;
  std::vector<std::string> arns;
  call.in.text("LoadBalancerArn", balancer_arn);
  call.in.texts("ListenerArns", arns);
  const auto paging = read_paging(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  if (!paging) return tl::unexpected(paging.error());
  if (balancer_arn.empty() == arns.empty()) {
    return invalid("You must specify either listener ARNs or a load balancer ARN");
  }
  Keyed<Place> places;
  for (const std::string& arn : arns) {
    const auto place = call.catalog.listener(arn);
    if (!place) return tl::unexpected(place.error());
    places.emplace_back(arn, *place);
  }
  if (arns.empty()) {
    const auto balancer = call.catalog.balancer(balancer_arn);
    if (!balancer) return tl::unexpected(balancer.error());
    for (const shapes::Listener& listener : (*balancer)->listeners) {
      places.emplace_back(arn_of(**balancer, listener), Place{*balancer, &listener});
    }
  }
  write_page(call.out, "Listeners", std::move(places), *paging,
             [&](const Place& place) { write(call, place); });
  return {};
}

Expected<void> modify_listener(Call& call) {
  const std::string arn = call.arn("ListenerArn");
  const Given given = read_settings(call);
  const shapes::Listener& wanted = given.listener;
  if (const auto read = call.finish_input(); !read) return read;
  const auto edited = call.catalog.edit_listener(arn);
  if (!edited) return tl::unexpected(edited.error());
  const auto& [balancer, there] = *edited;
  if (const auto good = check_settings(wanted); !good) return good;
  shapes::Listener& listener = *there;
  if (wanted.port && wanted.port != listener.port) {
    if (listener_on(*balancer, *wanted.port)) return duplicate(*balancer);
    listener.port = wanted.port;
  }
  if (wanted.protocol) listener.protocol = wanted.protocol;
  if (given.actions) listener.default_actions = wanted.default_actions;
  if (wanted.ssl_policy) listener.ssl_policy = wanted.ssl_policy;
  if (given.mutual) listener.mutual_authentication = wanted.mutual_authentication;
  // The default; those that AddListenerCertificates added stay.
  if (given.certificates && !wanted.certificates.empty()) {
    listener.certificates.resize(std::max<size_t>(1, listener.certificates.size()));
    listener.certificates.front() = wanted.certificates.front();
  }
  if (listener.protocol == "HTTP") {
    if (wanted.mutual_authentication) {
      return tl::unexpected(bad_mutual("Mutual TLS belongs to HTTPS listeners"));
    }
    listener.mutual_authentication.reset();
    listener.ssl_policy.reset();
    listener.certificates.clear();
  } else if (listener.certificates.empty()) {
    return invalid("A certificate must be specified for HTTPS listeners");
  } else if (!listener.ssl_policy) {
    listener.ssl_policy = tls::api_default_policy;
  }
  if (const auto good = check_balancer(call.catalog, *balancer); !good) return good;
  write_one(call, {balancer, there});
  return {};
}

Expected<void> delete_listener(Call& call) {
  const std::string arn = call.arn("ListenerArn");
  if (const auto read = call.finish_input(); !read) return read;
  const auto edited = call.catalog.edit_listener(arn);
  if (!edited) return tl::unexpected(edited.error());
  const std::string id = edited->listener->identity.id;
  std::erase_if(edited->balancer->listeners,
                [&](const auto& each) { return each.identity.id == id; });
  return {};
}

Expected<void> add_listener_certificates(Call& call) {
  const std::string arn = call.arn("ListenerArn");
  const auto names = read_certificates(call);
  if (const auto read = call.finish_input(); !read) return read;
  const auto edited = call.catalog.edit_listener(arn);
  if (!edited) return tl::unexpected(edited.error());
  if (names.empty()) return invalid("At least one certificate must be specified");
  if (edited->listener->protocol != "HTTPS") {
    return refuse("InvalidConfigurationRequest", "Certificates belong to HTTPS listeners");
  }
  for (const std::string& name : names) {
    auto& there = edited->listener->certificates;
    if (std::find(there.begin() + 1, there.end(), name) == there.end()) there.push_back(name);
  }
  if (const auto good = check_balancer(call.catalog, *edited->balancer); !good) return good;
  call.out.each("Certificates", names, [&](const std::string& name) {
    write_certificate(call.out, certificate_arn(call, name), false);
  });
  return {};
}

Expected<void> remove_listener_certificates(Call& call) {
  const std::string arn = call.arn("ListenerArn");
  const auto names = read_certificates(call);
  if (const auto read = call.finish_input(); !read) return read;
  const auto edited = call.catalog.edit_listener(arn);
  if (!edited) return tl::unexpected(edited.error());
  auto& there = edited->listener->certificates;
  for (const std::string& name : names) {
    const auto place =
        there.empty() ? there.end() : std::find(there.begin() + 1, there.end(), name);
    if (place != there.end()) {
      there.erase(place);
    } else if (name == default_certificate(*edited->listener)) {
      return refuse("OperationNotPermitted",
                    "The default certificate cannot be removed; replace it with ModifyListener");
    }
  }
  return {};
}

Expected<void> describe_listener_certificates(Call& call) {
  const std::string arn = call.arn("ListenerArn");
  const auto paging = read_paging(call.in);
  if (const auto read = call.finish_input(); !read) return read;
  if (!paging) return tl::unexpected(paging.error());
  const auto place = call.catalog.listener(arn);
  if (!place) return tl::unexpected(place.error());
  Keyed<std::pair<std::string, bool>> items;
  for (const std::string& name : place->listener->certificates) {
    const std::string certificate = certificate_arn(call, name);
    // The default may stand among the others, too; a page's marker tells them apart.
    const bool is_default = items.empty();
    items.push_back({certificate + (is_default ? "#default" : ""), {certificate, is_default}});
  }
  write_page(call.out, "Certificates", std::move(items), *paging,
             [&](const auto& item) { write_certificate(call.out, item.first, item.second); });
  return {};
}

}  // namespace daruma::api::elbv2
