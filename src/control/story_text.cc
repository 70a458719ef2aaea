// SPDX-License-Identifier: Apache-2.0
#include "control/story_text.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "base/time_text.h"
#include "control/verdict.h"

namespace daruma::control {
namespace {

using model::Attempt;
using model::Candidate;
using model::Story;
using model::StoryQuery;

template <class... Arguments>
void row(std::string& out, std::string_view name, fmt::format_string<Arguments...> format,
         Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(out), "  {:<11} ", name);
  fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
  out += '\n';
}

// Clients choose these bytes, and people read them on terminals.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string load_text(const model::TargetLoad& load) {
  std::string text =
      fmt::format("{} connections, {} requests in flight", load.connections, load.in_flight);
  if (load.learned_limit > 0) text += fmt::format(", served at most {}", load.learned_limit);
  if (load.full) text += ", full";
  return text;
}

std::string standing_text(const Candidate& candidate) {
  switch (candidate.standing) {
    case Candidate::Standing::available:
      return "could be chosen";
    case Candidate::Standing::not_healthy:
      return "not chosen: its health checks fail, those of others do not";
    case Candidate::Standing::failing:
      if (candidate.failures_in_a_row == 0)
        return "not chosen: it is silent, nothing has come from it lately; asked now and then";
      return fmt::format("not chosen: its last {} requests failed; asked now and then",
                         candidate.failures_in_a_row);
    case Candidate::Standing::full:
      return "not chosen: full";
    case Candidate::Standing::deregistered:
      return "not chosen: deregistered meanwhile";
  }
  return "";
}

std::string opening_text(const Attempt& attempt) {
  if (attempt.connect < Duration{}) {
    if (attempt.age < Duration{}) return "no connection was opened";
    return fmt::format("not connected after {}", text_of(attempt.age));
  }
  std::string text = fmt::format("TCP in {}", text_of(attempt.connect));
  if (attempt.handshake >= Duration{})
    text += fmt::format(", TLS in {}", text_of(attempt.handshake));
  if (!attempt.tls_error.empty()) text += fmt::format(", TLS: {}", attempt.tls_error);
  return text;
}

std::string connection_text(const Attempt& attempt) {
  if (attempt.connection != Attempt::Connection::reused)
    return fmt::format("new connection: {}", opening_text(attempt));
  std::string text =
      fmt::format("request {} on a connection {} old", attempt.requests, text_of(attempt.age));
  if (attempt.idle >= Duration{}) text += fmt::format(", idle for {}", text_of(attempt.idle));
  return text;
}

// A probe that is not counted as a failure is told as what it was.
std::string probes_text(const std::vector<model::ProbeNote>& probes) {
  if (probes.empty()) return "";
  std::string text = "; health checks: ";
  for (const model::ProbeNote& each : probes) {
    fmt::format_to(std::back_inserter(text), "{}{} {} before", &each == &probes.front() ? "" : ", ",
                   model::name_of(each.outcome), text_of(each.ago));
  }
  return text;
}

std::string attempt_text(const Attempt& attempt) {
  std::string text = fmt::format("{}: {}; ", attempt.target, connection_text(attempt));
  if (attempt.reason == model::Reason::none) return text + "it answered";
  text += fmt::format("{} ({})", model::name_of(attempt.reason), model::meaning_of(attempt.reason));
  if (attempt.connection != Attempt::Connection::none)
    text += fmt::format("; {} bytes sent, {} received", attempt.sent_bytes, attempt.received_bytes);
  return text + "; " + load_text(attempt.load) + probes_text(attempt.probes);
}

std::string rule_text(const Story& story) {
  if (story.rule_priority < 0) return "none was reached";
  std::string text = story.rule_priority == 0 ? "the default rule"
                                              : fmt::format("priority {}", story.rule_priority);
  if (!story.target_group.empty()) text += ", to target group " + story.target_group;
  if (story.fail_open) text += " (none of its targets was healthy: all were candidates)";
  return text;
}

std::string kept_text(std::string_view what, const model::StoriesKept::Kind& kind) {
  std::string text = fmt::format("  {} of at most {} {}", kind.kept, kind.most, what);
  if (kind.kept > 0) text += fmt::format(", back to {}", date_and_time(kind.oldest));
  return text + "\n";
}

std::string nothing_text(const Findings& findings) {
  std::string text;
  switch (findings.query.by) {
    case StoryQuery::By::trace_id:
      text = fmt::format("No story of a request with the trace id {}.\n",
                         printable(findings.query.what));
      break;
    case StoryQuery::By::errors:
      text = "No request has failed, as far as this node remembers.\n";
      break;
    case StoryQuery::By::target:
      text = fmt::format("No story of a request to {}.\n", printable(findings.query.what));
      break;
  }
  text += "Stories are kept until newer ones need their place. Kept now, by this node:\n";
  text += kept_text("that failed", findings.kept.errors);
  text += kept_text("that waited or were sent twice", findings.kept.detours);
  text += kept_text("others", findings.kept.others);
  return text;
}

}  // namespace

std::string text_of(const Story& story) {
  std::string out = story.method.empty()
                        ? std::string("A request that could not be read\n")
                        : fmt::format("{} {}{}\n", printable(story.method), printable(story.host),
                                      printable(story.path));
  fmt::format_to(std::back_inserter(out), "  {} at {}, after {}\n  {}\n\n",
                 story.status == 0 ? "no answer" : fmt::to_string(story.status),
                 date_and_time(story.time), text_of(story.total), verdict_of(story));
  if (story.reason != model::Reason::none) row(out, "reason", "{}", model::name_of(story.reason));
  row(out, "trace id", "{}", story.trace_id.empty() ? "none" : printable(story.trace_id));
  row(out, "client", "{}, to load balancer {}, port {}", story.client, story.load_balancer,
      story.listener);
  row(out, "rule", "{}", rule_text(story));
  for (const Candidate& candidate : story.candidates) {
    row(out, "candidate", "{}: {}, {}; {}{}", candidate.target, name_of(candidate.health),
        standing_text(candidate), load_text(candidate.load), probes_text(candidate.probes));
  }
  if (story.waited > Duration{}) {
    row(out, "wait", "{} in the group's line; {} others in it at the end", text_of(story.waited),
        story.waiting);
  }
  for (size_t i = 0; i < story.attempts.size(); ++i)
    row(out, fmt::format("attempt {}", i + 1), "{}", attempt_text(story.attempts[i]));
  row(out, "time", "{} until it was sent, {} until the target's answer, {} for its body",
      text_of(story.request), text_of(story.target), text_of(story.response));
  row(out, "bytes", "{} from the client, {} to it", story.received_bytes, story.sent_bytes);
  return out;
}

std::string text_of(const Findings& findings) {
  std::string out;
  for (const ServerNote& note : findings.servers) out += text_of(note);
  for (const Story& story : findings.stories) {
    if (!out.empty()) out += '\n';
    out += text_of(story);
  }
  if (findings.stories.empty()) out += nothing_text(findings);
  if (findings.workers_answered < findings.workers) {
    fmt::format_to(std::back_inserter(out), "{} of {} workers did not answer in time.\n",
                   findings.workers - findings.workers_answered, findings.workers);
  }
  return out;
}

}  // namespace daruma::control
