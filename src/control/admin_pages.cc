// SPDX-License-Identifier: Apache-2.0
#include "control/admin_pages.h"

#include <fmt/format.h>

#include <memory>

#include "control/explain_request.h"
#include "control/shift_request.h"
#include "control/story_text.h"
#include "telemetry/prometheus.h"

namespace daruma::control {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view text_type = "text/plain; charset=utf-8";

int status_of(AdminBackend::ReloadAnswer::Outcome outcome) {
  switch (outcome) {
    case AdminBackend::ReloadAnswer::Outcome::complete:
      return 200;
    case AdminBackend::ReloadAnswer::Outcome::incomplete:
      return 500;
    case AdminBackend::ReloadAnswer::Outcome::refused:
      return 400;
  }
  return 500;
}

}  // namespace

std::vector<AdminRoute> AdminPages::routes() {
  std::vector<AdminRoute> routes;
  for (const auto& page : pages_) {
    routes.push_back({page->method, page->path, page->other ? page->other : page.get()});
  }
  return routes;
}

void AdminPages::add(http::Method method, std::string path, std::string meaning, Answer answer) {
  auto page = std::make_unique<Page>();
  page->method = method;
  page->path = std::move(path);
  page->meaning = std::move(meaning);
  page->answer = std::move(answer);
  pages_.push_back(std::move(page));
}

void AdminPages::add_page(http::Method method, std::string path, std::string meaning,
                          AdminHandler& handler) {
  add(method, std::move(path), std::move(meaning), {});
  pages_.back()->other = &handler;
}

void AdminPages::add_all() {
  add(http::Method::get, "/", "this list",
      [this](const AdminRequest&, AdminResponder responder) { responder.send(index()); });
  add(http::Method::get, "/metrics", "metrics for Prometheus",
      [this](const AdminRequest&, AdminResponder responder) {
        responder.send({.content_type = std::string(telemetry::prometheus_content_type),
                        .body = backend_.metrics()});
      });
  add(http::Method::get, "/healthz", "200 while this node serves, else 503 and why not",
      [this](const AdminRequest&, AdminResponder responder) {
        const AdminBackend::Health health = backend_.health();
        responder.send(
            {.status = health.ok ? 200 : 503, .body = health.ok ? "ok\n" : health.reason + "\n"});
      });
  add(http::Method::get, "/targets", "target groups, their targets and health, as JSON",
      [this](const AdminRequest&, AdminResponder responder) {
        responder.send({.content_type = std::string(json_type), .body = backend_.targets_json()});
      });
  add(http::Method::get, "/config", "revisions and the last reload, as JSON",
      [this](const AdminRequest&, AdminResponder responder) {
        responder.send({.content_type = std::string(json_type), .body = backend_.config_json()});
      });
  add(http::Method::get, "/explain",
      "why a request ended as it did: ?trace_id=, ?last_errors= or ?target=",
      [this](const AdminRequest& request, AdminResponder responder) {
        explain(request.query, std::move(responder));
      });
  add(http::Method::get, "/advice", "what should be changed at the targets, as JSON; ?format=text",
      [this](const AdminRequest& request, AdminResponder responder) {
        responder.send(advice(request.query));
      });
  add(http::Method::get, "/local-authority.pem", "whom to trust: who issued requested certificates",
      [this](const AdminRequest&, AdminResponder responder) { responder.send(authorities()); });
  add(http::Method::post, "/reload", "read the configuration file again",
      [this](const AdminRequest&, AdminResponder responder) { reload(std::move(responder)); });
  add_zonal_shifts();
}

void AdminPages::add_zonal_shifts() {
  add(http::Method::get, "/zonal-shifts", "traffic that is shifted away from a zone, as JSON",
      [this](const AdminRequest&, AdminResponder responder) {
        responder.send(
            {.content_type = std::string(json_type), .body = backend_.zonal_shifts_json()});
      });
  const auto add_shift = [this](std::string path, std::string meaning,
                                Controller::ShiftRequest what) {
    add(http::Method::post, "/zonal-shifts/" + path, std::move(meaning),
        [this, what](const AdminRequest& request, AdminResponder responder) {
          shift(what, request.query, std::move(responder));
        });
  };
  using enum Controller::ShiftRequest;
  add_shift("start", "shift traffic away: ?load_balancer=&zone=&expires=2h&comment=", start);
  add_shift("extend", "for so long from now: ?load_balancer=&expires=2h", extend);
  add_shift("cancel", "let it come back: ?load_balancer=", cancel);
}

void AdminPages::shift(Controller::ShiftRequest what, std::string_view query,
                       AdminResponder responder) {
  const Result<ZonalShiftDesk::Request> request = parse_shift_request(query);
  if (!request) return responder.send({.status = 400, .body = request.error().message + "\n"});
  auto kept = std::make_shared<AdminResponder>(std::move(responder));
  backend_.shift(what, *request, [kept](AdminBackend::ShiftAnswer answer) {
    kept->send({.status = answer.status, .body = std::move(answer.text)});
  });
}

AdminResponse AdminPages::authorities() const {
  std::string pem = backend_.authorities_pem();
  if (!pem.empty()) {
    return {.content_type = "application/x-pem-file", .body = std::move(pem)};
  }
  return {.status = 404,
          .body =
              "no certificate was issued yet: it takes Certificates: {LocalAuthority: true}, "
              "and the first RequestCertificate\n"};
}

AdminResponse AdminPages::index() const {
  AdminResponse response;
  response.body = "The console, for a browser: /console/\n\n";
  for (const auto& page : pages_) {
    response.body +=
        fmt::format("{:<5}{:<20} {}\n", page->method == http::Method::post ? "POST" : "GET",
                    page->path, page->meaning);
  }
  return response;
}

void AdminPages::reload(AdminResponder responder) {
  // A std::function has to be copyable, a responder must not be.
  auto kept = std::make_shared<AdminResponder>(std::move(responder));
  backend_.reload([kept](AdminBackend::ReloadAnswer answer) {
    kept->send({.status = status_of(answer.outcome), .body = std::move(answer.text)});
  });
}

void AdminPages::explain(std::string_view query, AdminResponder responder) {
  Result<ExplainRequest> asked = parse_explain_request(query);
  if (!asked) return responder.send({.status = 400, .body = asked.error().message + "\n"});
  auto kept = std::make_shared<AdminResponder>(std::move(responder));
  backend_.explain(
      std::move(asked->query), [kept, format = asked->format](const Findings& findings) {
        const bool for_people = format == ExplainFormat::text;
        const bool unknown =
            findings.stories.empty() && findings.query.by == model::StoryQuery::By::trace_id;
        kept->send({.status = unknown ? 404 : 200,
                    .content_type = std::string(for_people ? text_type : json_type),
                    .body = for_people ? text_of(findings) : json_of(findings)});
      });
}

AdminResponse AdminPages::advice(std::string_view query) const {
  if (query == "format=text")
    return {.content_type = std::string(text_type), .body = text_of(backend_.advice())};
  if (!query.empty() && query != "format=json")
    return {.status = 400, .body = "format is text or json\n"};
  return {.content_type = std::string(json_type), .body = json_of(backend_.advice())};
}

}  // namespace daruma::control
