// SPDX-License-Identifier: Apache-2.0
#include "api/responses.h"

#include <fmt/format.h>

#include "api/xml_writer.h"

namespace daruma::api {
namespace {

control::AdminResponse answer(int status, const Envelope& envelope, std::string body) {
  return {.status = status,
          .content_type = "text/xml",
          .body = std::move(body),
          .fields = {{"x-amzn-RequestId", std::string(envelope.request_id)}}};
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

}  // namespace daruma::api
