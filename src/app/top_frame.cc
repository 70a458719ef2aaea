// SPDX-License-Identifier: Apache-2.0
#include "app/top_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace daruma::app {
namespace {

using Json = nlohmann::ordered_json;
using std::string_view;

constexpr size_t name_width = 28;
constexpr size_t columns_least = 40;

// A target may say what it likes in a description: it must not reach the terminal as a command.
std::string harmless(string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 =
        c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) ++i;
    out += c < 0x20 || c == 0x7f || c1 ? '?' : text[i];
  }
  return out;
}

// By code points; the last is "…" where something is missing.
std::string cut(const std::string& text, size_t columns) {
  const auto begins = [&](size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
  };
  size_t seen = 0;
  size_t end = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!begins(i)) continue;
    if (seen + 1 == columns) end = i;
    if (seen == columns) return text.substr(0, end) + "…";
    ++seen;
  }
  return text;
}

enum class Color : uint8_t { none, good, doubtful, bad, strong };

const char* escape_of(Color color) {
  switch (color) {
    case Color::none:
      return "";
    case Color::good:
      return "\x1b[32m";
    case Color::doubtful:
      return "\x1b[33m";
    case Color::bad:
      return "\x1b[31m";
    case Color::strong:
      return "\x1b[1m";
  }
  return "";
}

Color color_of(string_view standing) {
  if (standing == "critical") return Color::bad;
  if (standing == "warning") return Color::doubtful;
  return standing == "ok" ? Color::good : Color::none;
}

// Anything may be missing: the answer may be another release's.
string_view text_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string()
             ? string_view(found->get_ref<const std::string&>())
             : string_view();
}
double number_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number() ? found->get<double>() : 0;
}
bool flag_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}
const Json& part_of(const Json& json, const char* name) {
  static const Json nothing = Json::object();
  const auto found = json.find(name);
  return found != json.end() && found->is_structured() ? *found : nothing;
}
double class_in(const Json& responses, size_t index) {
  return responses.is_array() && index < responses.size() && responses[index].is_number()
             ? responses[index].get<double>()
             : 0;
}

std::string rate(double value) {
  if (value == 0) return "-";
  return value < 100 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
}
std::string level(double value) {
  return value == 0 ? "-" : fmt::format("{:.0f}", value);
}
std::string bytes(double value) {
  if (value == 0) return "-";
  size_t unit = 0;
  for (; value >= 1000 && unit < 3; ++unit) value /= 1000;
  return fmt::format("{:.3g}{}", value, string_view("BKMG").substr(unit, 1));
}
std::string time_in(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number()) return "-";
  const double seconds = found->get<double>();
  return seconds < 1 ? fmt::format("{:.3g}ms", seconds * 1000) : fmt::format("{:.3g}s", seconds);
}
std::string age(double seconds) {
  const auto minutes = static_cast<long>(seconds / 60);
  if (minutes < 60) return fmt::format("{}m {}s", minutes, static_cast<long>(seconds) % 60);
  return minutes < 48 * 60 ? fmt::format("{}h {}m", minutes / 60, minutes % 60)
                           : fmt::format("{}d {}h", minutes / 1440, minutes / 60 % 24);
}

class Frame {
 public:
  Frame(const Json& config, const Json& state, const FrameOptions& options)
      : config_(config),
        state_(state),
        options_(options),
        columns_(std::max(options.columns, columns_least)) {}

  std::string draw() {
    head();
    load_balancers();
    target_groups();
    return joined();
  }

 private:
  struct Line {
    std::string text;
    Color color;
  };
  void line(const std::string& text, Color color = Color::none) { lines_.push_back({text, color}); }

  void head() {
    const Json& node = part_of(state_, "node");
    line(
        fmt::format("daruma {} at {}   revision {:.0f}   up {}   {:.0f} of {:.0f} workers   {}",
                    text_in(config_, "version"), text_in(config_, "endpoint"),
                    number_in(state_, "revision"),
                    age(number_in(state_, "time") - number_in(node, "started")),
                    number_in(node, "workers_adopted"), number_in(node, "workers"), options_.clock),
        Color::strong);
    if (!flag_in(node, "healthy"))
      line(fmt::format("not healthy: {}", text_in(node, "reason")), Color::bad);
    if (flag_in(node, "config_refused"))
      line("the configuration file was refused: it is not what runs", Color::bad);
    for (const Json& problem : part_of(node, "problems")) {
      if (problem.is_string()) line("problem: " + problem.get<std::string>(), Color::bad);
    }
    const Json& alarms = part_of(state_, "alarms");
    for (const Json& alarm : part_of(alarms, "alarm"))
      line(fmt::format("ALARM {}: {}", text_in(alarm, "name"), text_in(alarm, "reason")),
           Color::bad);
    line(fmt::format("alarms: {} in ALARM, {:.0f} OK, {:.0f} INSUFFICIENT_DATA",
                     part_of(alarms, "alarm").size(), number_in(alarms, "ok"),
                     number_in(alarms, "insufficient_data")));
  }

  void load_balancers() {
    line("");
    line(fmt::format("{:<{}} {:>8} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>8} {:>8} {:>7} {:>7}",
                     "LOAD BALANCER", name_width, "REQ/S", "2XX/S", "3XX/S", "4XX/S", "5XX/S",
                     "OWN5/S", "CONNS", "P50", "P99", "IN/S", "OUT/S"),
         Color::strong);
    for (const auto& [name, its] : part_of(state_, "load_balancers").items()) {
      const Json& responses = part_of(its, "responses");
      line(fmt::format("{:<{}} {:>8} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>8} {:>8} {:>7} {:>7}",
                       cut(name, name_width), name_width, rate(number_in(its, "requests")),
                       rate(class_in(responses, 1)), rate(class_in(responses, 2)),
                       rate(class_in(responses, 3)), rate(class_in(responses, 4)),
                       rate(class_in(part_of(its, "own_responses"), 4)),
                       level(number_in(its, "connections")), time_in(its, "p50_seconds"),
                       time_in(its, "p99_seconds"), bytes(number_in(its, "received_bytes")),
                       bytes(number_in(its, "sent_bytes"))),
           color_of(text_in(its, "standing")));
      line(fmt::format("  {}", text_in(its, "sentence")), color_of(text_in(its, "standing")));
    }
  }

  void target_groups() {
    line("");
    line(fmt::format("{:<{}} {:<15} {:>8} {:>7} {:>7} {:>6} {:>6} {:>6} {:>6} {:>7} {:>8} {:>8}",
                     "TARGET GROUP, TARGETS", name_width, "STATE", "REQ/S", "5XX/S", "FAIL/S",
                     "FLIGHT", "OPEN", "IDLE", "LIMIT", "TLS/S", "P50", "P99"),
         Color::strong);
    for (const auto& [name, its] : part_of(state_, "target_groups").items()) {
      const Color color = color_of(text_in(its, "standing"));
      line(fmt::format("{:<{}} {:<15} {:>8} {:>7} {:>7} {:>6} {:>6} {:>6} {:>6} {:>7} {:>8} {:>8}",
                       cut(name, name_width), name_width,
                       fmt::format("{:.0f}/{:.0f} healthy", number_in(its, "healthy"),
                                   number_in(its, "targets")),
                       rate(number_in(its, "requests")), "", "", "", "", "", "", "",
                       time_in(its, "p50_seconds"), time_in(its, "p99_seconds")),
           color);
      line(fmt::format("  {}", text_in(its, "sentence")), color);
      targets_of(name);
      for (const Json& advice : part_of(its, "advice"))
        line(fmt::format("  advice: {}", text_in(advice, "text")));
    }
  }

  void targets_of(const std::string& group) {
    for (const auto& [key, its] : part_of(state_, "targets").items()) {
      if (!key.starts_with(group + "|")) continue;
      const string_view state = text_in(its, "state");
      const bool busy = flag_in(its, "saturated");
      const bool well = state == "healthy" && !busy && !flag_in(its, "anomalous");
      line(fmt::format(
               "  {:<{}} {:<15} {:>8} {:>7} {:>7} {:>6} {:>6} {:>6} {:>6} {:>7} {:>8} {:>8}",
               cut(key.substr(group.size() + 1), name_width - 2), name_width - 2,
               fmt::format("{}{}", state, busy ? ", busy" : ""), rate(number_in(its, "requests")),
               rate(class_in(part_of(its, "responses"), 4)), rate(number_in(its, "failures")),
               level(number_in(its, "in_flight")), level(number_in(its, "open")),
               level(number_in(its, "idle")), level(number_in(its, "learned_limit")),
               rate(number_in(its, "handshakes")), time_in(its, "p50_seconds"),
               time_in(its, "p99_seconds")),
           well                   ? Color::good
           : state == "unhealthy" ? Color::bad
                                  : Color::doubtful);
      if (state != "healthy" && !text_in(its, "reason").empty())
        line(fmt::format("    {} {}", text_in(its, "reason"), text_in(its, "description")));
    }
  }

  std::string joined() const {
    const bool all = options_.rows == 0 || lines_.size() <= options_.rows;
    const size_t shown = all ? lines_.size() : options_.rows - 1;
    std::string out;
    for (size_t i = 0; i < shown; ++i) {
      const std::string text = cut(harmless(lines_[i].text), columns_);
      const bool colored = options_.colors && lines_[i].color != Color::none;
      out += colored ? escape_of(lines_[i].color) + text + "\x1b[0m\n" : text + "\n";
    }
    if (!all) out += fmt::format("({} more lines)\n", lines_.size() - shown);
    return out;
  }

  const Json& config_;
  const Json& state_;
  const FrameOptions& options_;
  const size_t columns_;
  std::vector<Line> lines_;
};

}  // namespace

std::optional<std::string> top_frame(string_view live_json, const FrameOptions& options) {
  const Json live = Json::parse(live_json, nullptr, false);
  if (!live.is_object() || !live.contains("config") || !live.contains("state")) return std::nullopt;
  const Json& config = live["config"];
  const Json& state = live["state"];
  if (!config.is_object() || !state.is_object()) return std::nullopt;
  return Frame(config, state, options).draw();
}

}  // namespace daruma::app
