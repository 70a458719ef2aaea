// SPDX-License-Identifier: Apache-2.0
#include "console/page_files.h"

#include <zlib.h>

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/check.h"

namespace daruma::console {
namespace {

constexpr std::string_view index_name = "index.html";
constexpr size_t file_bytes_max = 4 * 1024 * 1024;

bool names(const http::Field* list, std::string_view wanted) {
  bool found = false;
  if (list == nullptr) return false;
  for_each_list_element(list->value, [&](std::string_view element) {
    const std::string_view name = trim_ows(element.substr(0, element.find(';')));
    found = found || name == "*" || ascii_iequals(name, wanted);
  });
  return found;
}

bool is_known(const control::AdminRequest& request, const Asset& file) {
  const http::Field* field = request.fields.find("If-None-Match");
  bool found = false;
  if (field == nullptr) return false;
  for_each_list_element(field->value, [&](std::string_view tag) {
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    found = found || tag == "*" || tag == file.etag;
  });
  return found;
}

// For tools; every browser takes it compressed.
std::string plain(std::string_view gzip) {
  std::string out(file_bytes_max, '\0');
  z_stream stream{};
  DARUMA_ASSERT(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  DARUMA_ASSERT(done == Z_STREAM_END);
  out.resize(stream.total_out);
  return out;
}

control::AdminResponse answer(const Asset& file, const control::AdminRequest& request) {
  const bool compressed = names(request.fields.find("Accept-Encoding"), "gzip");
  const bool known = is_known(request, file);
  control::AdminResponse response = page_response(std::string(file.content_type), "");
  if (known) {
    response.status = 304;
  } else {
    response.body = compressed ? std::string(file.gzip) : plain(file.gzip);
    if (compressed) response.fields.emplace_back("Content-Encoding", "gzip");
  }
  response.fields.emplace_back("ETag", std::string(file.etag));
  response.fields.emplace_back("Vary", "Accept-Encoding");
  response.cache_control = "no-cache";
  return response;
}

}  // namespace

void add_page_files(Gate& gate, std::span<const Asset> files) {
  for (const Asset& file : files) {
    const auto add = [&gate, &file](const std::string& path) {
      gate.add(http::Method::get, path, Access::anybody,
               [&file](const Visit& visit, control::AdminResponder responder) {
                 responder.send(answer(file, visit.request));
               });
    };
    add("/console/" + std::string(file.name));
    if (file.name == index_name) add("/console/");
  }
  gate.add(http::Method::get, "/console", Access::anybody,
           [](const Visit&, control::AdminResponder responder) {
             control::AdminResponse response = page_response("text/plain; charset=utf-8", "");
             response.status = 308;
             response.fields.emplace_back("Location", "/console/");
             responder.send(std::move(response));
           });
}

}  // namespace daruma::console
