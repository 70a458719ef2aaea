// SPDX-License-Identifier: Apache-2.0
#include "app/otlp.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/bytes.h"

namespace daruma::app {
namespace {

using notify::OtlpSettings;

constexpr uint64_t milliseconds_max = 3'600'000;

std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte =
        text[i] == '%' && i + 2 < text.size() ? parse_hex(text.substr(i + 1, 2)) : std::nullopt;
    out += byte ? static_cast<char>(*byte) : text[i];
    if (byte) i += 2;
  }
  return out;
}

// "name=value,name=value", values percent-encoded (W3C Baggage).
std::vector<std::pair<std::string, std::string>> pairs_of(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for_each_list_element(text, [&pairs](std::string_view item) {
    const size_t equals = item.find('=');
    if (equals == 0 || equals == std::string_view::npos) return;
    pairs.emplace_back(trim_ows(item.substr(0, equals)),
                       decoded(trim_ows(item.substr(equals + 1))));
  });
  return pairs;
}

Result<Duration> milliseconds(const Variables& variables, const std::string& name,
                              Duration standard) {
  const std::string text = variables(name);
  if (text.empty()) return standard;
  const auto number = parse_decimal(text);
  if (!number || *number < 1 || *number > milliseconds_max)
    return fail(fmt::format("{} is a number of milliseconds from 1 to {}, not '{}'", name,
                            milliseconds_max, text));
  return Duration(std::chrono::milliseconds(*number));
}

// Where one kind goes; "" if it is not exported.
Result<std::string> url_of(const Variables& variables, const std::string& kind) {
  const std::string upper = kind == "metrics" ? "METRICS" : "TRACES";
  const std::string exporter = variables("OTEL_" + upper + "_EXPORTER");
  if (exporter == "none") return std::string();
  if (!exporter.empty() && exporter != "otlp")
    return fail(fmt::format("OTEL_{}_EXPORTER is otlp or none, not '{}'", upper, exporter));
  std::string url = variables("OTEL_EXPORTER_OTLP_" + upper + "_ENDPOINT");
  if (url.empty()) {
    url = variables("OTEL_EXPORTER_OTLP_ENDPOINT");
    if (url.empty()) return std::string();
    url += (url.ends_with('/') ? "v1/" : "/v1/") + kind;
  }
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    return fail(fmt::format("an OTLP endpoint begins with http:// or https://, not '{}'", url));
  return url;
}

Result<notify::OtlpSampling> sampling_of(const Variables& variables) {
  const std::string sampler = variables("OTEL_TRACES_SAMPLER");
  const std::string text = variables("OTEL_TRACES_SAMPLER_ARG");
  notify::OtlpSampling sampling;
  std::string_view rest = sampler.empty() ? "parentbased_always_on" : std::string_view(sampler);
  sampling.as_the_parent = rest.starts_with("parentbased_");
  if (sampling.as_the_parent) rest.remove_prefix(12);
  if (rest == "always_on") return sampling;
  sampling.ratio = 0;
  if (rest == "always_off") return sampling;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), sampling.ratio);
  const bool good = read.ec == std::errc() && read.ptr == text.data() + text.size() &&
                    sampling.ratio >= 0 && sampling.ratio <= 1;
  if (rest != "traceidratio" || !good) {
    return fail(
        fmt::format("OTEL_TRACES_SAMPLER is always_on, always_off or traceidratio, with or without "
                    "parentbased_, and OTEL_TRACES_SAMPLER_ARG a number from 0 to 1; not '{}', "
                    "'{}'",
                    sampler, text));
  }
  return sampling;
}

}  // namespace

std::string environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

Result<std::optional<OtlpSettings>> otlp_settings(const Variables& variables,
                                                  const std::string& version) {
  OtlpSettings settings;
  if (variables("OTEL_SDK_DISABLED") == "true") return std::optional<OtlpSettings>();
  auto metrics = url_of(variables, "metrics");
  auto traces = url_of(variables, "traces");
  if (!metrics) return fail(metrics.error().message);
  if (!traces) return fail(traces.error().message);
  settings.metrics_url = std::move(*metrics);
  settings.traces_url = std::move(*traces);
  if (settings.metrics_url.empty() && settings.traces_url.empty())
    return std::optional<OtlpSettings>();
  const std::string protocol = variables("OTEL_EXPORTER_OTLP_PROTOCOL");
  if (!protocol.empty() && protocol != "http/json")
    return fail(fmt::format("OTEL_EXPORTER_OTLP_PROTOCOL is http/json, not '{}'", protocol));
  const auto every = milliseconds(variables, "OTEL_METRIC_EXPORT_INTERVAL", 60s);
  const auto timeout = milliseconds(variables, "OTEL_EXPORTER_OTLP_TIMEOUT", 10s);
  const auto sampling = sampling_of(variables);
  if (!every) return fail(every.error().message);
  if (!timeout) return fail(timeout.error().message);
  if (!sampling) return fail(sampling.error().message);
  settings.metrics_every = *every;
  settings.timeout = *timeout;
  settings.sampling = *sampling;
  settings.fields = pairs_of(variables("OTEL_EXPORTER_OTLP_HEADERS"));
  settings.resource = {{"service.name", "daruma"}, {"service.version", version}};
  for (const auto& [name, value] : pairs_of(variables("OTEL_RESOURCE_ATTRIBUTES")))
    settings.resource[name] = value;
  if (const std::string name = variables("OTEL_SERVICE_NAME"); !name.empty())
    settings.resource["service.name"] = name;
  return std::optional(std::move(settings));
}

OtlpDesk::OtlpDesk(io::Loop& loop, control::AdminBackend& backend, notify::OtlpExporter& exporter,
                   Duration every)
    : loop_(loop),
      backend_(backend),
      exporter_(exporter),
      every_(every),
      timer_(loop.timers(), *this) {
  timer_.set(loop_.now() + every_);
}

void OtlpDesk::on_timer(io::Timer&) {
  exporter_.set_metrics(backend_.metrics(), loop_.wall_now());
  timer_.set(loop_.now() + every_);
}

}  // namespace daruma::app
