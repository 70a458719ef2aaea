// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch_wire.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <iterator>

#include "api/acm.h"
#include "api/cbor.h"
#include "api/json_codec.h"
#include "api/responses.h"
#include "api/xml_writer.h"
#include "base/time_text.h"

namespace daruma::api::cloudwatch {
namespace {

using std::string_view;

constexpr string_view xml_namespace = "http://monitoring.amazonaws.com/doc/2010-08-01/";

// Query's codes whose shapes have other names.
struct Renamed {
  string_view code;
  string_view shape;
};
constexpr Renamed renamed[] = {
    {"InvalidParameterValue", "InvalidParameterValueException"},
    {"InvalidParameterCombination", "InvalidParameterCombinationException"},
    {"MissingParameter", "MissingRequiredParameterException"},
    {"ValidationError", "ValidationException"},
    {"InvalidFormat", "InvalidFormatFault"},
    {"LimitExceeded", "LimitExceededFault"},
    {"InternalServiceError", "InternalServiceFault"},
    {"InternalFailure", "InternalServiceFault"},
    {"InvalidAction", "UnknownOperationException"},
    {"AccessDenied", "AccessDeniedException"},
    {"MissingAuthenticationToken", "MissingAuthenticationTokenException"},
    {"IncompleteSignature", "IncompleteSignatureException"},
    {"InvalidClientTokenId", "UnrecognizedClientException"},
    {"SignatureDoesNotMatch", "InvalidSignatureException"},
};

string_view shape_of(string_view code) {
  const auto found = std::ranges::find(renamed, code, &Renamed::code);
  return found == std::end(renamed) ? code : found->shape;
}

tl::unexpected<ServiceError> unreadable(std::string message) {
  return refuse("SerializationException", std::move(message));
}

Expected<std::string> inflated(string_view body) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return unreadable("The body is not gzip");
  std::string out(body_bytes_max + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib only reads
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = ::inflate(&stream, Z_FINISH);
  const size_t size = stream.total_out;
  inflateEnd(&stream);
  if (size > body_bytes_max) {
    return refuse("RequestEntityTooLarge", "The uncompressed body is over 1 MB", 413);
  }
  if (status != Z_STREAM_END) return unreadable("The body is not gzip");
  out.resize(size);
  return out;
}

Expected<std::string> body_of(const control::AdminRequest& request) {
  const http::Field* encoding = request.fields.find("Content-Encoding");
  if (encoding == nullptr) return std::string(request.body);
  if (encoding->value == "gzip") return inflated(request.body);
  return unreadable(fmt::format("Content-Encoding '{}' is not supported", encoding->value));
}

// "member" makes a list. Fails if what is in it is none.
Expected<Json> tree_of(const Parameter& parameter) {
  if (parameter.members.empty()) return Json(parameter.text);
  const bool is_list = parameter.members.size() == 1 && parameter.find("member") != nullptr;
  if (is_list) {
    const auto items = parameter.items();
    if (!items) return tl::unexpected(items.error());
    Json list = Json::array();
    for (const Parameter* item : *items) {
      auto inner = tree_of(*item);
      if (!inner) return inner;
      list.push_back(std::move(*inner));
    }
    return list;
  }
  Json object = Json::object();
  for (const auto& [name, member] : parameter.members) {
    auto inner = tree_of(member);
    if (!inner) return inner;
    object[name] = std::move(*inner);
  }
  return object;
}

// ---- output ----

void write_xml(XmlWriter& out, string_view name, const Json& value);

// The one map that the API has (DatapointValueMap).
void write_map(XmlWriter& out, string_view name, const Json& map) {
  out.within(name, [&] {
    for (const auto& entry : map.items()) {
      out.within("entry", [&] {
        out.element("key", entry.key());
        write_xml(out, "value", entry.value());
      });
    }
  });
}

void write_xml(XmlWriter& out, string_view name, const Json& value) {
  if (name == "ExtendedStatistics" && value.is_object()) return write_map(out, name, value);
  if (value.is_object()) {
    return out.within(name, [&] {
      for (const auto& [key, member] : value.items()) write_xml(out, key, member);
    });
  }
  if (value.is_array()) {
    return out.within(name, [&] {
      for (const Json& item : value) write_xml(out, "member", item);
    });
  }
  if (value.is_binary()) return out.element(name, date_and_time(time_of(value)));
  out.element(name, value.is_string() ? value.get<std::string>() : json_text(value));
}

// With times as JSON has them.
Json plain(const Json& value) {
  if (value.is_binary()) return seconds_of(value);
  if (!value.is_structured()) return value;
  Json out = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, member] : value.items()) {
    if (value.is_array()) {
      out.push_back(plain(member));
    } else {
      out[key] = plain(member);
    }
  }
  return out;
}

control::AdminResponse answer(WireForm form, int status, string_view request_id, const Json& body) {
  control::AdminResponse response;
  response.status = status;
  response.fields.emplace_back("x-amzn-RequestId", std::string(request_id));
  if (form == WireForm::cbor) {
    response.content_type = "application/cbor";
    response.fields.emplace_back("smithy-protocol", "rpc-v2-cbor");
    response.body = to_cbor(body);
  } else {
    response.content_type = "application/x-amz-json-1.0";
    response.body = json_text(plain(body));
  }
  return response;
}

}  // namespace

std::optional<Named> named_operation(const control::AdminRequest& request) {
  if (request.path.starts_with(cbor_path)) {
    return Named{WireForm::cbor, std::string(request.path.substr(cbor_path.size()))};
  }
  const http::Field* target = request.fields.find("X-Amz-Target");
  if (target == nullptr || !target->value.starts_with(target_prefix)) return std::nullopt;
  return Named{WireForm::json, std::string(target->value.substr(target_prefix.size()))};
}

namespace {

Expected<Json> decode_json(const control::AdminRequest& request) {
  const auto body = body_of(request);
  if (!body) return tl::unexpected(body.error());
  return acm::parse_body(*body);
}

Expected<Json> decode_cbor(const control::AdminRequest& request) {
  const http::Field* protocol = request.fields.find("smithy-protocol");
  if (protocol == nullptr || protocol->value != "rpc-v2-cbor") {
    return unreadable("The field smithy-protocol must be rpc-v2-cbor");
  }
  const auto body = body_of(request);
  if (!body) return tl::unexpected(body.error());
  if (body->empty()) return Json::object();
  auto json = from_cbor(*body);
  if (json && json->is_object()) return std::move(*json);
  return unreadable("The body is no CBOR map");
}

Expected<Json> decode_query(const Parameter& parameters) {
  auto tree = tree_of(parameters);
  if (tree && tree->is_string()) return Json::object();
  return tree;
}

}  // namespace

Expected<Json> decode(WireForm form, const control::AdminRequest& request,
                      const Parameter& parameters) {
  switch (form) {
    case WireForm::query:
      return decode_query(parameters);
    case WireForm::json:
      return decode_json(request);
    case WireForm::cbor:
      return decode_cbor(request);
  }
  return Json::object();
}

control::AdminResponse success(WireForm form, string_view operation, string_view request_id,
                               const Json& out) {
  if (form != WireForm::query) return answer(form, 200, request_id, out);
  XmlWriter writer;
  for (const auto& [name, member] : out.items()) write_xml(writer, name, member);
  return api::success({xml_namespace, operation, request_id}, writer.str());
}

control::AdminResponse failure(WireForm form, string_view request_id, const ServiceError& error) {
  if (form == WireForm::query) return api::failure({xml_namespace, "", request_id}, error);
  const string_view shape = shape_of(error.code);
  control::AdminResponse response =
      answer(form, error.status, request_id, {{"__type", shape}, {"message", error.message}});
  response.fields.emplace_back(
      "x-amzn-query-error",
      fmt::format("{};{}", error.code, error.status < 500 ? "Sender" : "Receiver"));
  if (form == WireForm::json) response.fields.emplace_back("x-amzn-ErrorType", std::string(shape));
  return response;
}

}  // namespace daruma::api::cloudwatch
