// SPDX-License-Identifier: Apache-2.0
#include "console/login.h"

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/json_codec.h"
#include "control/password_hash.h"

namespace daruma::console {
namespace {

using api::Json;

constexpr std::string_view action = "ConsoleLogin";  // as CloudTrail calls it
constexpr std::string_view how =
    "Send {\"access_key_id\", \"secret\"} or {\"user\", \"password\"} as application/json";

bool is_json(const control::AdminRequest& request) {
  const http::Field* type = request.fields.find("Content-Type");
  return type != nullptr && type->value.starts_with("application/json");
}

// "" if it is not there, or no text.
std::string text_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

control::AdminResponse failure() {
  return error_response(401, "LoginFailed", "The name or the secret is not right");
}

}  // namespace

Login::Login(const Context& context) : context_(context) {
  using http::Method;
  const std::string path = "/console/session";
  context_.gate.add(Method::get, path, Access::anybody,
                    [this](const Visit& visit, control::AdminResponder responder) {
                      who(visit, std::move(responder));
                    });
  context_.gate.add(Method::post, path, Access::anybody,
                    [this](const Visit& visit, control::AdminResponder responder) {
                      log_in(visit, std::move(responder));
                    });
  context_.gate.add(Method::delete_, path, Access::change,
                    [this](const Visit& visit, control::AdminResponder responder) {
                      log_out(visit, std::move(responder));
                    });
}

void Login::who(const Visit& visit, control::AdminResponder responder) {
  if (visit.session != nullptr) return responder.send(shown(*visit.session));
  if (const auto nobody = context_.accounts.find(AccountKind::nobody, ""))
    return responder.send(begun(*nobody, context_.gate.cookie_name(visit.request)));
  responder.send(error_response(401, "NoSession", "Nobody is logged in, or the session has ended"));
}

void Login::log_in(const Visit& visit, control::AdminResponder responder) {
  const Json json = Json::parse(visit.request.body, nullptr, false);
  if (!is_json(visit.request) || !json.is_object())
    return responder.send(error_response(400, "InvalidRequest", how));
  const std::string id = text_in(json, "access_key_id");
  const std::string user = text_in(json, "user");
  if (id.empty() == user.empty()) return responder.send(error_response(400, "InvalidRequest", how));
  const Caller caller{visit.request.client, context_.gate.cookie_name(visit.request)};
  if (!id.empty()) return check_key(id, text_in(json, "secret"), caller, std::move(responder));
  // Who guesses waits before his guess takes its turn among passwords, not with it taken.
  context_.failure_delay.let_through(
      std::move(responder), [this, user, password = text_in(json, "password"),
                             caller](control::AdminResponder let_through) {
        check_password(user, password, caller, std::move(let_through));
      });
}

void Login::log_out(const Visit& visit, control::AdminResponder responder) {
  context_.sessions.end(visit.id);
  control::AdminResponse response = json_response("");
  response.status = 204;
  response.body.clear();
  response.fields.emplace_back("Set-Cookie",
                               Gate::end_of_cookie(context_.gate.cookie_name(visit.request)));
  responder.send(std::move(response));
}

void Login::check_key(const std::string& id, const std::string& secret, const Caller& caller,
                      control::AdminResponder responder) {
  const auto account = context_.accounts.find(AccountKind::access_key, id);
  if (!account || !api::equal_in_constant_time(account->proof, secret)) {
    note_refusal(id, caller.client);
    return context_.failure_delay.refuse(std::move(responder), failure());
  }
  begin(*account, caller, std::move(responder));
}

// An unknown user takes as long as a wrong password.
void Login::check_password(const std::string& user, const std::string& password,
                           const Caller& caller, control::AdminResponder responder) {
  const auto account = context_.accounts.find(AccountKind::user, user);
  std::string tried = password.size() > control::password_bytes_max ? "" : password;
  std::string hash = account ? account->proof : context_.accounts.some_password_hash();
  // A std::function has to be copyable, a responder must not be.
  auto kept = std::make_shared<control::AdminResponder>(std::move(responder));
  const bool taken = context_.passwords.check(std::move(tried), std::move(hash),
                                              [this, kept, account, user, caller](bool is_it) {
                                                if (is_it && account)
                                                  return begin(*account, caller, std::move(*kept));
                                                note_refusal(user, caller.client);
                                                context_.failure_delay.count();
                                                kept->send(failure());
                                              });
  if (taken) return;
  // Who fills the queue is slowed down as who guesses.
  context_.failure_delay.count();
  kept->send(error_response(503, "Busy", "Too many log in at this moment; try again soon"));
}

void Login::begin(const Account& account, const Caller& caller, control::AdminResponder responder) {
  context_.audit.write({.at = context_.loop.wall_now(),
                        .caller = account.name,
                        .from = caller.client.to_string(),
                        .action = std::string(action),
                        .outcome = "done",
                        .id = api::make_uuid()});
  responder.send(begun(account, caller.cookie));
}

void Login::note_refusal(const std::string& claimed, const Address& client) {
  const auto left_out = refusal_lines_.take(context_.loop.now());
  if (!left_out) return;
  if (*left_out > 0) context_.audit.write_left_out(*left_out);
  context_.audit.write({.at = context_.loop.wall_now(),
                        .known = false,
                        .caller = claimed,
                        .from = client.to_string(),
                        .action = std::string(action),
                        .outcome = "LoginFailed",
                        .id = api::make_uuid()});
}

control::AdminResponse Login::begun(const Account& account, std::string_view cookie) {
  const std::string token = context_.sessions.begin(account);
  const Session* session = context_.sessions.find(Sessions::id_of(token));
  // The account may have changed while its password was checked.
  if (session == nullptr) return failure();
  control::AdminResponse response = shown(*session);
  response.fields.emplace_back("Set-Cookie", Gate::cookie_of(cookie, token));
  return response;
}

control::AdminResponse Login::shown(const Session& session) const {
  const auto left = std::chrono::duration<double>(session.ends - context_.loop.now());
  const auto now = std::chrono::duration<double>(context_.loop.wall_now().time_since_epoch());
  const Json json{{"name", session.name},
                  {"role", session.may_change ? "admin" : "read-only"},
                  {"csrf_token", session.csrf_token},
                  {"expires", std::round((now + left).count())},
                  {"authentication", session.kind == AccountKind::nobody ? "none" : "sigv4"},
                  {"can_change", session.may_change && context_.keeps_changes}};
  return json_response(api::json_text(json));
}

}  // namespace daruma::console
