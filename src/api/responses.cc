// SPDX-License-Identifier: Apache-2.0
#include "api/responses.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/json_codec.h"
#include "api/xml_writer.h"

namespace daruma::api {
namespace {

control::AdminResponse answer(int status, const Envelope& envelope, std::string body) {
  return {.status = status,
          .content_type = "text/xml",
          .body = std::move(body),
          .fields = {{"x-amzn-RequestId", std::string(envelope.request_id)}}};
}

// What all services refuse with has other names there.
struct Renamed {
  std::string_view query;
  std::string_view json;
};
constexpr Renamed renamed[] = {
    {"MissingAuthenticationToken", "MissingAuthenticationTokenException"},
    {"IncompleteSignature", "IncompleteSignatureException"},
    {"InvalidClientTokenId", "UnrecognizedClientException"},
    {"SignatureDoesNotMatch", "InvalidSignatureException"},
    {"AccessDenied", "AccessDeniedException"},
    {"ValidationError", "ValidationException"},
    {"OperationNotPermitted", "AccessDeniedException"},
};

std::string_view json_code(std::string_view code) {
  const auto found = std::ranges::find(renamed, code, &Renamed::query);
  return found == std::end(renamed) ? code : found->json;
}

control::AdminResponse json_answer(int status, std::string_view request_id, std::string body) {
  return {.status = status,
          .content_type = "application/x-amz-json-1.1",
          .body = std::move(body),
          .fields = {{"x-amzn-RequestId", std::string(request_id)}}};
}

}  // namespace

control::AdminResponse success(const Envelope& envelope, std::string_view result) {
  return answer(200, envelope,
                fmt::format("<{0}Response xmlns=\"{1}\"><{0}Result>{2}</{0}Result>"
                            "<ResponseMetadata><RequestId>{3}</RequestId></ResponseMetadata>"
                            "</{0}Response>",
                            envelope.action, envelope.xml_namespace, result, envelope.request_id));
}

control::AdminResponse failure(const Envelope& envelope, const ServiceError& error) {
  XmlWriter writer;
  writer.within("Error", [&] {
    writer.element("Type", error.status < 500 ? "Sender" : "Receiver");
    writer.element("Code", error.code);
    writer.element("Message", error.message);
  });
  writer.element("RequestId", envelope.request_id);
  return answer(error.status, envelope,
                fmt::format("<ErrorResponse xmlns=\"{}\">{}</ErrorResponse>",
                            envelope.xml_namespace, writer.str()));
}

control::AdminResponse json_success(std::string_view request_id, std::string json) {
  return json_answer(200, request_id, std::move(json));
}

control::AdminResponse json_failure(std::string_view request_id, const ServiceError& error) {
  const std::string code(json_code(error.code));
  const nlohmann::json body{{"__type", code}, {"message", error.message}};
  control::AdminResponse response = json_answer(error.status, request_id, json_text(body));
  response.fields.emplace_back("x-amzn-ErrorType", code);
  return response;
}

}  // namespace daruma::api
