// SPDX-License-Identifier: Apache-2.0
//
// The admin server's pages: metrics, health, what is configured and how it stands, reload.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "control/admin_server.h"
#include "control/advice.h"
#include "control/controller.h"
#include "control/inquiries.h"
#include "model/story.h"

namespace daruma::control {

// What the pages ask. Called on the admin server's thread.
class AdminBackend {
 public:
  struct Health {
    bool ok = false;
    std::string reason;  // where it is not
  };
  struct ReloadAnswer {
    enum class Outcome : uint8_t {
      complete,    // every worker serves the new configuration
      incomplete,  // applied, but something could not be done; `text` says what
      refused,     // nothing changed; `text` says why
    };
    Outcome outcome = Outcome::refused;
    std::string text;  // for people
  };

  virtual std::string metrics() = 0;  // Prometheus text
  virtual Health health() = 0;
  virtual std::string targets_json() = 0;
  virtual std::string config_json() = 0;
  // Certificates of the local authority, PEM; "" if it issued none.
  virtual std::string authorities_pem() = 0;
  // `done` is called once, from inside or later, unless the backend ends before.
  virtual void reload(std::function<void(ReloadAnswer)> done) = 0;
  // The same.
  virtual void explain(model::StoryQuery query, Inquiries::Done done) = 0;
  virtual std::vector<Advice> advice() = 0;
  virtual std::string zonal_shifts_json() = 0;
  // `status` of HTTP. `done` as for reload().
  struct ShiftAnswer {
    int status = 200;
    std::string text;  // for people
  };
  virtual void shift(Controller::ShiftRequest what, const ZonalShiftDesk::Request& request,
                     std::function<void(ShiftAnswer)> done) = 0;

 protected:
  ~AdminBackend() = default;
};

// GET / /metrics /healthz /targets /config /explain /advice /zonal-shifts /local-authority.pem,
// POST /reload /zonal-shifts/start /zonal-shifts/extend /zonal-shifts/cancel.
class AdminPages {
 public:
  explicit AdminPages(AdminBackend& backend) : backend_(backend) { add_all(); }
  AdminPages(const AdminPages&) = delete;
  AdminPages& operator=(const AdminPages&) = delete;

  // A page that somebody else answers, who outlives this object.
  void add_page(http::Method method, std::string path, std::string meaning, AdminHandler& handler);
  // The handlers live as long as this object.
  std::vector<AdminRoute> routes();

 private:
  using Answer = std::function<void(const AdminRequest&, AdminResponder)>;
  struct Page final : AdminHandler {
    void handle(const AdminRequest& request, AdminResponder responder) override {
      answer(request, std::move(responder));
    }
    http::Method method = http::Method::get;
    std::string path;
    std::string meaning;  // for the index
    Answer answer;
    AdminHandler* other = nullptr;  // who answers in its stead
  };

  void add_all();
  void add(http::Method method, std::string path, std::string meaning, Answer answer);
  AdminResponse index() const;
  AdminResponse authorities() const;
  void reload(AdminResponder responder);
  void explain(std::string_view query, AdminResponder responder);
  AdminResponse advice(std::string_view query) const;
  void add_zonal_shifts();
  void shift(Controller::ShiftRequest what, std::string_view query, AdminResponder responder);

  AdminBackend& backend_;
  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace daruma::control
