// SPDX-License-Identifier: Apache-2.0
#include "notify/curl.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>

#include "base/check.h"
#include "tls/sha256.h"

namespace daruma::notify {
namespace {

constexpr int poll_milliseconds = 1'000;
constexpr long connect_timeout_milliseconds = 5'000;

struct EasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyCloser>;

struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListCloser>;

struct KeptBody {
  HttpReply& reply;
  size_t bytes_max;
};

// What does not fit is read and forgotten: the status is what matters.
size_t keep_body(char* data, size_t size, size_t count, void* kept_body) {
  const auto& kept = *static_cast<KeptBody*>(kept_body);
  const size_t bytes = size * count;
  const size_t room = kept.bytes_max - kept.reply.body.size();
  kept.reply.cut_off |= bytes > room;
  kept.reply.body.append(data, std::min(bytes, room));
  return bytes;
}

std::string sha256_of(const std::string& body) {
  tls::Sha256 hash;
  hash.update(body);
  return hash.finish();
}

// libcurl makes x-amz-date, and signs it and all fields.
void sign(CURL* curl, const AwsSigner& signer) {
  const std::string scope = "aws:amz:" + signer.region + ":" + signer.service;
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, scope.c_str());
  curl_easy_setopt(curl, CURLOPT_USERNAME, signer.access_key_id.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, signer.secret_access_key.c_str());
}

void append(List& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  DARUMA_ASSERT(longer != nullptr);
  static_cast<void>(list.release());
  list.reset(longer);
}

}  // namespace

CurlLibrary::CurlLibrary() {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}
CurlLibrary::~CurlLibrary() {
  curl_global_cleanup();
}

struct CurlTransfers::State {
  CURLM* multi = curl_multi_init();
  std::atomic<bool> stopping{false};
};

CurlTransfers::CurlTransfers() : state_(std::make_unique<State>()) {
  DARUMA_ASSERT(state_->multi != nullptr);
}
CurlTransfers::~CurlTransfers() {
  curl_multi_cleanup(state_->multi);
}

void CurlTransfers::stop() {
  state_->stopping.store(true);
  curl_multi_wakeup(state_->multi);  // the one call that may come from another thread
}

Result<void> CurlTransfers::run(CURL* transfer) {
  curl_multi_add_handle(state_->multi, transfer);
  int running = 1;
  CURLMcode status = CURLM_OK;
  while (running > 0 && status == CURLM_OK && !state_->stopping.load()) {
    status = curl_multi_perform(state_->multi, &running);
    if (running > 0 && status == CURLM_OK)
      status = curl_multi_poll(state_->multi, nullptr, 0, poll_milliseconds, nullptr);
  }
  CURLcode result = CURLE_ABORTED_BY_CALLBACK;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(state_->multi, &left)) {
    if (message->msg == CURLMSG_DONE) result = message->data.result;
  }
  curl_multi_remove_handle(state_->multi, transfer);
  if (status != CURLM_OK) return fail(curl_multi_strerror(status));
  if (running > 0) return fail("this node is stopping");
  if (result != CURLE_OK) return fail(curl_easy_strerror(result));
  return {};
}

Result<HttpReply> CurlSender::send(const HttpRequest& request) {
  const Easy easy(curl_easy_init());
  DARUMA_ASSERT(easy != nullptr);
  CURL* const curl = easy.get();
  HttpReply reply;
  KeptBody kept{reply, request.reply_bytes_max};
  List fields;
  for (const auto& [name, value] : request.fields) append(fields, name + ": " + value);
  if (request.signer) {
    append(fields, "x-amz-content-sha256: " + sha256_of(request.body));
  } else {
    append(fields, "Expect:");  // no waiting for a 100; libcurl would sign it, and not send it
  }
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_milliseconds);
  // 0 would be no limit at all.
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(request.timeout).count();
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(milliseconds)));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields.get());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "daruma");
  if (request.signer) sign(curl, *request.signer);
  if (request.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &kept);
  if (const Result<void> done = transfers_.run(curl); !done) return fail(done.error().message);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  curl_off_t seconds = 0;
  curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
  reply.retry_after = std::chrono::seconds(std::clamp<curl_off_t>(seconds, 0, 86'400));
  return reply;
}

}  // namespace daruma::notify
