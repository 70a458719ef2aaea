// SPDX-License-Identifier: Apache-2.0
//
// The second question of a probe: what the server tells of itself.
#include <algorithm>
#include <string>

#include "health/probe.h"
#include "model/scoreboard.h"

namespace daruma::health {
namespace {

// ?auto: for programs.
std::string status_request_text(const ProbeRequest& request) {
  return "GET " + request.status_path + "?auto HTTP/1.1\r\nHost: " + request.host +
         "\r\nUser-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n";
}

}  // namespace

bool Probe::may_ask_for_status() const {
  return question_ == Question::health && !request_.status_path.empty() && kept_open_ &&
         result_.outcome == ProbeOutcome::passed && body_.finished() && in_.empty();
}

// What the probe came to is settled: it waits no longer than this for its end.
void Probe::ask_for_status() {
  question_ = Question::status;
  result_.status_page.end = StatusPage::End::no_answer;
  deadline_.set(std::min(began_ + request_.timeout, loop_.now() + model::scoreboard_timeout));
  step_ = Step::response_head;
  parser_.reset();
  head_bytes_ = body_bytes_ = 0;
  unsent_ = status_request_text(request_);
}

Probe::Progress Probe::take_status() {
  StatusPage& page = result_.status_page;
  while (!body_.finished()) {
    const http::H1BodyReader::Piece piece = body_.next(in_.view());
    page.text.append(piece.payload);
    in_.consume(piece.consumed);
    body_bytes_ += piece.consumed;
    if (piece.status == http::BodyStatus::malformed) return Progress::done;
    if (body_bytes_ > model::scoreboard_page_bytes_max) {
      page.end = StatusPage::End::too_long;
      page.text.clear();
      return Progress::done;
    }
    if (piece.consumed == 0 && piece.status == http::BodyStatus::more) return Progress::more;
  }
  page.end = StatusPage::End::whole;
  return Progress::done;
}

}  // namespace daruma::health
