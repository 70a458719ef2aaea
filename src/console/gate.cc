// SPDX-License-Identifier: Apache-2.0
#include "console/gate.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "api/json_codec.h"
#include "base/bytes.h"
#include "http/cookies.h"

namespace daruma::console {
namespace {

constexpr std::string_view csrf_field = "X-Daruma-Csrf";
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

// Of "host:port" and "[address]:port".
std::optional<uint64_t> port_in(std::string_view host) {
  const size_t colon = host.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_decimal(host.substr(colon + 1));
  const bool is_one = port && *port > 0 && *port <= 65535;
  return is_one && host.find(']', colon) == std::string_view::npos ? port : std::nullopt;
}

bool brings_token(const control::AdminRequest& request, const Session& session) {
  const http::Field* field = request.fields.find(csrf_field);
  return field != nullptr && api::equal_in_constant_time(field->value, session.csrf_token);
}

// Why not; nullopt if it may.
std::optional<control::AdminResponse> refusal(Access access, const control::AdminRequest& request,
                                              const Session* session) {
  if (access == Access::anybody) return std::nullopt;
  if (session == nullptr)
    return error_response(401, "NoSession", "Nobody is logged in, or the session has ended");
  if (access == Access::session) return std::nullopt;
  if (!brings_token(request, *session)) {
    return error_response(403, "CsrfTokenMissing",
                          "A change must bring the session's token in X-Daruma-Csrf");
  }
  if (access == Access::admin && !session->may_change)
    return error_response(403, "AccessDenied", "The role read-only may not do this");
  return std::nullopt;
}

}  // namespace

control::AdminResponse page_response(std::string content_type, std::string body) {
  return {.content_type = std::move(content_type),
          .body = std::move(body),
          .fields = {{"Content-Security-Policy", std::string(content_security_policy)},
                     {"Referrer-Policy", "no-referrer"},
                     {"Cross-Origin-Resource-Policy", "same-origin"}}};
}

control::AdminResponse json_response(std::string json) {
  return page_response("application/json", std::move(json) + "\n");
}

control::AdminResponse error_response(int status, std::string_view code, std::string_view message) {
  const api::Json json{{"error", {{"code", code}, {"message", message}}}};
  control::AdminResponse response = json_response(api::json_text(json));
  response.status = status;
  return response;
}

Gate::Gate(Sessions& sessions, uint16_t port) : sessions_(sessions), port_(port) {}

void Gate::add(http::Method method, std::string path, Access access, Answer answer) {
  auto page = std::make_unique<Page>();
  page->gate = this;
  page->method = method;
  page->path = std::move(path);
  page->access = access;
  page->answer = std::move(answer);
  pages_.push_back(std::move(page));
}

std::vector<control::AdminRoute> Gate::routes() {
  std::vector<control::AdminRoute> routes;
  for (const auto& page : pages_) routes.push_back({page->method, page->path, page.get()});
  return routes;
}

std::string Gate::cookie_name(const control::AdminRequest& request) const {
  const http::Field* host = request.fields.find("Host");
  return fmt::format("daruma_session_{}", port_in(host ? host->value : "").value_or(port_));
}

std::string Gate::cookie_of(std::string_view name, std::string_view token) {
  return fmt::format("{}={}; Path=/console; HttpOnly; SameSite=Strict", name, token);
}

void Gate::handle(const Page& page, const control::AdminRequest& request,
                  control::AdminResponder responder) {
  const auto token = http::find_cookie(request.fields, cookie_name(request));
  const SessionId id = Sessions::id_of(token.value_or(""));
  const Session* session = token ? sessions_.find(id) : nullptr;
  if (auto refused = refusal(page.access, request, session))
    return responder.send(std::move(*refused));
  page.answer({request, session, id}, std::move(responder));
}

}  // namespace daruma::console
