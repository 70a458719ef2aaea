// SPDX-License-Identifier: Apache-2.0
#include "control/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace daruma::control {
namespace {

using model::Attempt;
using model::Reason;
using model::Story;

// What to do about it, or "" where nothing is to be done.
// tidy-allow(function-length): a table, one row for each reason
std::string_view remedy_of(Reason reason) {
  switch (reason) {
    case Reason::none:
    case Reason::node_stopping:
      return "";
    case Reason::client_read_timeout:
      return "The client or its network stands still: nothing to do here.";
    case Reason::client_closed:
      return "The client gave up: compare the total with the patience of the client or of the "
             "proxy before it.";
    case Reason::request_malformed:
    case Reason::request_line_too_long:
    case Reason::request_head_too_large:
    case Reason::request_head_timeout:
    case Reason::request_body_timeout:
    case Reason::request_body_too_slow:
    case Reason::request_body_malformed:
    case Reason::request_version_unsupported:
    case Reason::request_method_not_allowed:
    case Reason::request_protocol_unsupported:
    case Reason::request_transfer_encoding_unsupported:
    case Reason::request_forwarded_for_too_long:
      return "The client's doing: no target saw more of it than is told here.";
    case Reason::request_desync_blocked:
      return "The access log's classification names what was ambiguous; "
             "routing.http.desync_mitigation_mode decides what is refused.";
    case Reason::http2_protocol_error:
    case Reason::http2_resets:
    case Reason::http2_frames:
    case Reason::http2_head_flood:
    case Reason::http2_stalled:
      return "The client's doing: its connection was ended, and no other's.";
    case Reason::client_certificate_missing:
    case Reason::client_certificate_untrusted:
    case Reason::client_certificate_expired:
    case Reason::client_certificate_revoked:
    case Reason::client_certificate_invalid:
      return "The listener wants certificates of its trust store's authorities: the operational "
             "log "
             "says what was wrong with this client's.";
    case Reason::client_certificate_not_checked:
      return "Bring the authority's newest revocation list (AddTrustStoreRevocations, or "
             "RevocationFiles), and remove the old one: until then nobody is let in.";
    case Reason::client_certificate_outdated:
      return "Nothing: what the listener asks of clients changed, and who connects anew is asked.";
    case Reason::plain_http_on_https:
      return "The client should use https:// for this port.";
    case Reason::request_protocol_mismatch:
      return "The client speaks HTTP/1.1 where the target group wants HTTP/2, or gRPC where it "
             "wants "
             "HTTP/1.1: compare with the group's ProtocolVersion, and let the rule tell them "
             "apart.";
    case Reason::redirect_too_long:
    case Reason::request_transform_failed:
      return "Look at the rule: it makes something of this request that cannot be sent.";
    case Reason::no_registered_targets:
      return "Register a target, or look why all are unused or draining (GET /targets).";
    case Reason::no_group_weight:
      return "Give one target group of the rule's forward action a weight above 0.";
    case Reason::target_name_unresolved:
      return "Look at the target's Id and at this node's name servers.";
    case Reason::target_connection_refused:
      return "Nothing listens there: is the server running, and on that address and port?";
    case Reason::target_connection_reset:
      return "A firewall, or a server that sheds load: look at its log at that time.";
    case Reason::target_unreachable:
      return "Look at routes and firewalls between this node and the target.";
    case Reason::target_connect_timeout:
      return "Nothing answered: a firewall drops packets, the host is down, or its listen queue is "
             "full.";
    case Reason::target_tls_handshake_failed:
      return "Does that port speak TLS, and in a version and with a cipher that Daruma offers?";
    case Reason::target_certificate_expired:
      return "Renew the target's certificate; or, to go on without looking at it, set the group's "
             "daruma.target_tls.verify.enabled to false.";
    case Reason::target_certificate_untrusted:
      return "Put the authority that signed it, or the certificate itself, into the file of "
             "daruma.target_tls.ca_bundle.file.";
    case Reason::target_certificate_wrong_name:
      return "Set daruma.target_tls.server_name to a name that the target's certificate is for.";
    case Reason::target_tls_handshake_timeout:
      return "The kernel accepted the connection and no process took it up: all of the server's "
             "workers were busy. Look at their number.";
    case Reason::target_not_http2:
      return "Switch HTTP/2 on at the server (ALPN \"h2\"), or set the group's ProtocolVersion to "
             "HTTP1.";
    case Reason::target_http2_error:
      return "Does that port speak HTTP/2 at once (prior knowledge)? Else the server's doing: ask "
             "it "
             "directly and compare.";
    case Reason::target_refused_stream:
      return "The server was stopping, or takes fewer streams at once than it says: look at its "
             "limits.";
    case Reason::target_reset_before_response:
    case Reason::target_closed_before_response:
      return "On a reused connection: the server's keep-alive timeout is shorter than this node's "
             "idle timeout. On a new one: its process died or refuses this request.";
    case Reason::target_response_malformed:
    case Reason::target_response_head_too_large:
      return "The server's doing: ask it directly and compare.";
    case Reason::target_response_timeout:
    case Reason::target_body_timeout:
      return "The page takes longer than idle_timeout.timeout_seconds allows: make it quicker, or "
             "raise that.";
    case Reason::upgrade_idle_timeout:
      return "Ends that have nothing to say should ping each other more often than "
             "idle_timeout.timeout_seconds; or raise that.";
    case Reason::target_response_truncated:
      return "The server's process ended in the middle: look at its log at that time.";
    case Reason::target_group_saturated:
      return "The load is more than the targets can take: add targets, or give them more "
             "workers (`daruma advise`).";
    case Reason::target_deregistered:
      return "It was deregistered while it answered: deregistration_delay.timeout_seconds was too "
             "short for this request.";
    case Reason::node_out_of_resources:
      return "Raise this node's limits: descriptors (ulimit -n), ephemeral ports, memory. Or its "
             "firewall forbids connections to the target (`nft list ruleset`).";
  }
  return "";
}

bool is_whole_failure(const Story& story) {
  return story.reason != Reason::none && story.reason == story.attempts.back().reason;
}

// Where it ended: "127.0.0.2:8443, over a connection opened for it".
std::string where(const Attempt& attempt) {
  switch (attempt.connection) {
    case Attempt::Connection::none:
      return attempt.target;
    case Attempt::Connection::opened:
      return attempt.target + ", over a new connection";
    case Attempt::Connection::reused:
      return fmt::format("{}, over a connection {} old that carried its request number {}",
                         attempt.target, text_of(attempt.age), attempt.requests);
  }
  return "";
}

std::string standings(const Story& story) {
  const auto standing = [&](model::Candidate::Standing which) {
    return std::ranges::count(story.candidates, which, &model::Candidate::standing);
  };
  using Standing = model::Candidate::Standing;
  return fmt::format("of {} targets {} were full, {} not healthy, {} failing",
                     story.candidates.size(), standing(Standing::full),
                     standing(Standing::not_healthy), standing(Standing::failing));
}

std::string answered(const Story& story) {
  if (story.target_status == 0)
    return fmt::format("A rule's own action answered {}; no target was asked.", story.status);
  std::string text = fmt::format("The target answered {}", story.target_status);
  if (story.attempts.size() > 1)
    text += fmt::format(", at attempt {}: the client noticed nothing but the time",
                        story.attempts.size());
  if (story.target_status >= 500)
    text += "; it is the target's own answer, and Daruma passed it on: look at the target's log";
  return text + ".";
}

}  // namespace

std::string text_of(Duration duration) {
  if (duration < Duration{}) return "-";
  if (duration < 1ms) return fmt::format("{} µs", duration / 1us);
  if (duration < 1s) return fmt::format("{:.1f} ms", seconds_of(duration) * 1e3);
  return fmt::format("{:.2f} s", seconds_of(duration));
}

std::string verdict_of(const Story& story) {
  if (story.reason == Reason::none) return answered(story);
  std::string text(model::meaning_of(story.reason));
  text.front() =
      static_cast<char>(text.front() - ('a' <= text.front() && text.front() <= 'z') * 32);
  if (!story.attempts.empty() && is_whole_failure(story))
    text += fmt::format(" ({})", where(story.attempts.back()));
  if (story.reason == Reason::target_group_saturated)
    text += fmt::format(": {}; it waited {}", standings(story), text_of(story.waited));
  text += '.';
  if (const std::string_view remedy = remedy_of(story.reason); !remedy.empty())
    text.append(" ").append(remedy);
  return text;
}

}  // namespace daruma::control
