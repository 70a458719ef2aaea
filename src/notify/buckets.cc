// SPDX-License-Identifier: Apache-2.0
#include "notify/buckets.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "http/percent_encoding.h"
#include "io/read_file.h"
#include "notify/text.h"
#include "notify/xml_tree.h"

namespace daruma::notify {
namespace {

using model::api::Bucket;

constexpr size_t problem_characters_max = 300;

// Each part of the key as RFC 3986 2.3 leaves it, as SigV4's canonical path has it.
std::string url_of(const Bucket& bucket, std::string_view key) {
  std::string url = *bucket.endpoint + "/" + bucket.name + "/";
  for (const char c : key) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain) {
      url += c;
    } else {
      url += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return url;
}

AwsSigner signer_of(const Bucket& bucket) {
  return {bucket.access_key_id.value_or(""), bucket.secret_access_key.value_or(""),
          bucket.region.value_or(std::string(aws_standard_region)), "s3"};
}

// <Error><Code>NoSuchKey</Code><Message>…, if it is S3 that answers.
std::string problem_of(const HttpReply& reply) {
  std::string text = fmt::format("the service answered {}", reply.status);
  const Result<XmlElement> error = parse_xml(reply.body);
  if (error && !error->text_at("Code").empty())
    text += fmt::format(" {}: {}", error->text_at("Code"), error->text_at("Message"));
  return shortened(text, problem_characters_max);
}

tl::unexpected<ServiceProblem> wont(std::string message) {
  return tl::unexpected(ServiceProblem{std::move(message), false});
}

std::string text_of(int error) {
  return std::generic_category().message(error);
}

Result<void> write_whole(const std::filesystem::path& path, const std::string& body) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return fail(fmt::format("{}: {}", path.parent_path().string(), error.message()));
  const std::filesystem::path part = path.string() + ".part";
  errno = 0;
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file.write(body.data(), static_cast<std::streamsize>(body.size()));
  file.close();
  if (!file) {
    const std::string problem = fmt::format("{}: {}", part.string(), text_of(errno));
    std::filesystem::remove(part, error);
    return fail(problem);
  }
  std::filesystem::rename(part, path, error);
  if (error) return fail(fmt::format("{}: {}", path.string(), error.message()));
  return {};
}

}  // namespace

std::string check_object_key(std::string_view key) {
  if (key.empty() || key.size() > 1024) return "a key has 1 to 1,024 bytes";
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('/', begin), key.size());
    const std::string_view part = key.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..")
      return "a key here has no part that is empty, '.' or '..'";
    begin = end + 1;
  }
  return key.find('\0') == std::string_view::npos ? "" : "a key here has no NUL";
}

const Bucket* Buckets::find(const std::string& name) const {
  for (const Bucket& bucket : buckets_) {
    if (bucket.name == name) return &bucket;
  }
  return nullptr;
}

Result<void> Buckets::put(const std::string& name, const std::string& key, std::string body,
                          const std::string& content_type) {
  const Bucket* bucket = find(name);
  if (bucket == nullptr)
    return fail(fmt::format("bucket '{}' is not among Buckets in the configuration", name));
  if (const std::string problem = check_object_key(key); !problem.empty()) return fail(problem);
  if (bucket->directory) return write_whole(std::filesystem::path(*bucket->directory) / key, body);
  const Result<HttpReply> reply = sender_.send({.method = "PUT",
                                                .url = url_of(*bucket, key),
                                                .fields = {{"Content-Type", content_type}},
                                                .body = std::move(body),
                                                .signer = signer_of(*bucket),
                                                .timeout = transfer_timeout});
  if (!reply) return fail(reply.error().message);
  if (!reply->ok()) return fail(problem_of(*reply));
  return {};
}

tl::expected<std::string, ServiceProblem> Buckets::get(const std::string& name,
                                                       const std::string& key, size_t bytes_max,
                                                       const Reading& reading) const {
  const Bucket* bucket = find(name);
  if (bucket == nullptr)
    return wont(fmt::format("bucket '{}' is not among Buckets in the configuration", name));
  if (const std::string problem = check_object_key(key); !problem.empty()) return wont(problem);
  if (bucket->directory) {
    if (!reading.version.empty())
      return wont("a directory keeps no versions; leave the version out");
    auto content = io::read_below(*bucket->directory, key, bytes_max);
    if (!content) return wont(content.error().message);
    return std::move(*content);
  }
  std::string url = url_of(*bucket, key);
  if (!reading.version.empty()) url += "?versionId=" + http::percent_encoded(reading.version);
  Result<HttpReply> reply = sender_.send({.method = "GET",
                                          .url = std::move(url),
                                          .signer = signer_of(*bucket),
                                          .timeout = reading.timeout,
                                          .reply_bytes_max = bytes_max});
  if (!reply) return tl::unexpected(ServiceProblem{reply.error().message, true});
  if (!reply->ok()) return tl::unexpected(ServiceProblem{problem_of(*reply), reply->may_pass()});
  if (reply->cut_off)
    return wont(fmt::format("the object has more than the {} bytes that are taken", bytes_max));
  return std::move(reply->body);
}

}  // namespace daruma::notify
