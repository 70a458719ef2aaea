// SPDX-License-Identifier: Apache-2.0
#include "notify/way.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "notify/text.h"

namespace daruma::notify {
namespace {

constexpr long connect_timeout_milliseconds = 5'000;
constexpr long mail_timeout_milliseconds = 60'000;

class Webhook final : public Way {
 public:
  Webhook(std::string name, std::string url) : name_(std::move(name)), url_(std::move(url)) {}

  const std::string& name() const override { return name_; }
  void stop() override { transfers_.stop(); }

  Result<void> deliver(std::span<const alarm::Notice> notices, WallTime) override {
    const auto reply = CurlSender(transfers_)
                           .send({"POST",
                                  url_,
                                  {{"Content-Type", "application/json"}},
                                  alarm::webhook_json(notices)});
    if (!reply) return fail(reply.error().message);
    if (reply->ok()) return {};
    return fail(fmt::format("it was answered {} {}", reply->status, shortened(reply->body, 200)));
  }

 private:
  const std::string name_;
  const std::string url_;
  CurlTransfers transfers_;
};

// What libcurl takes of a mail, piece by piece.
struct Upload {
  std::string text;
  size_t taken = 0;

  static size_t read(char* into, size_t size, size_t count, void* self) {
    auto& upload = *static_cast<Upload*>(self);
    const size_t bytes = std::min(size * count, upload.text.size() - upload.taken);
    if (bytes > 0) std::memcpy(into, upload.text.data() + upload.taken, bytes);
    upload.taken += bytes;
    return bytes;
  }
};

class Mail final : public Way {
 public:
  explicit Mail(MailSettings settings) : settings_(std::move(settings)) {}

  const std::string& name() const override { return settings_.name; }
  void stop() override { transfers_.stop(); }

  Result<void> deliver(std::span<const alarm::Notice> notices, WallTime now) override {
    const size_t at = settings_.from.rfind('@');
    const std::string host = at == std::string::npos ? "daruma" : settings_.from.substr(at + 1);
    Upload upload{alarm::mail_text({settings_.from, settings_.to, host}, notices, now)};
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(),
                                                                   &curl_easy_cleanup);
    DARUMA_ASSERT(easy != nullptr);
    CURL* const curl = easy.get();
    curl_slist* list = nullptr;
    for (const std::string& to : settings_.to) list = curl_slist_append(list, to.c_str());
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> recipients(
        list, &curl_slist_free_all);
    curl_easy_setopt(curl, CURLOPT_URL, settings_.server.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_milliseconds);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, mail_timeout_milliseconds);
    const bool login = !settings_.user.empty();
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     static_cast<long>(login ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    if (login) {
      curl_easy_setopt(curl, CURLOPT_USERNAME, settings_.user.c_str());
      curl_easy_setopt(curl, CURLOPT_PASSWORD, settings_.password.c_str());
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, settings_.from.c_str());
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, &Upload::read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
    return transfers_.run(curl);
  }

 private:
  const MailSettings settings_;
  CurlTransfers transfers_;
};

}  // namespace

std::unique_ptr<Way> make_webhook(const std::string& name, const std::string& url) {
  return std::make_unique<Webhook>(name, url);
}

std::unique_ptr<Way> make_mail(const MailSettings& settings) {
  return std::make_unique<Mail>(settings);
}

}  // namespace daruma::notify
