// SPDX-License-Identifier: Apache-2.0
//
// The changes that nobody asks for: certificates that the local authority issued are renewed before
// they end, as ACM does.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "api/acm_request.h"
#include "api/digest.h"
#include "api/service.h"

namespace daruma::api {
namespace {

constexpr Duration looked_for_every = 1h;
constexpr Duration next_turn_after = 1s;

}  // namespace

// At a node that was off meanwhile, soon after its start.
void Service::on_timer(io::Timer&) {
  const Expected<size_t> renewed = renew_certificates();
  if (!renewed) {
    context_.log.write(LogLevel::error, "api", "certificates could not be renewed",
                       {{"problem", renewed.error().message}});
  }
  const bool more = renewed && *renewed == acm::renewals_per_turn_max;
  renewal_timer_.set(context_.loop.now() + (more ? next_turn_after : looked_for_every));
}

Expected<size_t> Service::renew_certificates() {
  if (context_.controller.draining()) return size_t{0};
  Catalog catalog(context_.controller.declared(), context_.controller.created(),
                  context_.config_file);
  if (!catalog.has_local_authority()) return size_t{0};
  catalog.begin_change();
  const Expected<size_t> renewed = acm::renew_due(catalog, *this, certificate_facts_);
  if (!renewed || *renewed == 0) return renewed;
  Request request{nullptr, {}, "", "RenewCertificate", "", make_uuid()};
  request.caller.name = "local-authority";
  request.known = request.changes = true;
  request.resource = fmt::format("{} certificates", *renewed);
  // Nobody waits for the answer.
  control::AdminResponder nobody(std::make_shared<control::AdminResponder::Ticket>());
  const auto applied = apply(request, catalog, {}, nobody);
  if (!applied) return tl::unexpected(applied.error());
  return renewed;
}

}  // namespace daruma::api
