// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "notify/otlp_exporter.h"
#include "notify/otlp_metrics.h"
#include "notify/otlp_spans.h"

namespace daruma::notify {
namespace {

using Document = nlohmann::json;

constexpr WallTime start = std::chrono::sys_days(std::chrono::year(2026) / 10 / 3);
const OtlpResource resource{{"service.name", "daruma"}};

Document metrics_of(std::string_view text) {
  const Document all = Document::parse(otlp_metrics(text, start, start + 1min, resource));
  EXPECT_EQ(all["resourceMetrics"][0]["resource"]["attributes"][0]["value"]["stringValue"],
            "daruma");
  return all["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
}

TEST(OtlpMetrics, counters_are_cumulative_sums) {
  const Document metrics = metrics_of(
      "# HELP a_total Of a \\\\ kind\n# TYPE a_total counter\n"
      "a_total{lb=\"w\\\"e,b}\",code=\"2xx\"} 12\na_total 7\n");
  ASSERT_EQ(metrics.size(), 1u);
  EXPECT_EQ(metrics[0]["name"], "a_total");
  EXPECT_EQ(metrics[0]["description"], "Of a \\ kind");
  const Document& sum = metrics[0]["sum"];
  EXPECT_EQ(sum["aggregationTemporality"], 2);
  EXPECT_EQ(sum["isMonotonic"], true);
  ASSERT_EQ(sum["dataPoints"].size(), 2u);
  const Document& point = sum["dataPoints"][0];
  EXPECT_EQ(point["asDouble"], 12);
  EXPECT_EQ(point["attributes"][0]["key"], "lb");
  EXPECT_EQ(point["attributes"][0]["value"]["stringValue"], "w\"e,b}");
  EXPECT_EQ(point["startTimeUnixNano"], "1790985600000000000");
  EXPECT_EQ(point["timeUnixNano"], "1790985660000000000");
}

TEST(OtlpMetrics, histograms_have_counts_of_each_bucket) {
  const Document metrics = metrics_of(
      "# HELP t_seconds Time\n# TYPE t_seconds histogram\n"
      "t_seconds_bucket{target=\"a\",le=\"0.1\"} 2\nt_seconds_bucket{target=\"a\",le=\"1\"} 5\n"
      "t_seconds_bucket{target=\"a\",le=\"+Inf\"} 6\nt_seconds_sum{target=\"a\"} 3.5\n"
      "t_seconds_count{target=\"a\"} 6\n"
      "t_seconds_bucket{target=\"b\",le=\"0.1\"} 1\nt_seconds_bucket{target=\"b\",le=\"1\"} 1\n"
      "t_seconds_bucket{target=\"b\",le=\"+Inf\"} 1\nt_seconds_sum{target=\"b\"} 0.05\n"
      "t_seconds_count{target=\"b\"} 1\n");
  ASSERT_EQ(metrics.size(), 1u);
  EXPECT_EQ(metrics[0]["unit"], "s");
  const Document& points = metrics[0]["histogram"]["dataPoints"];
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0]["bucketCounts"], (Document{"2", "3", "1"}));
  EXPECT_EQ(points[0]["explicitBounds"], (Document{0.1, 1}));
  EXPECT_EQ(points[0]["count"], "6");
  EXPECT_EQ(points[0]["sum"], 3.5);
  EXPECT_EQ(points[1]["bucketCounts"], (Document{"1", "0", "0"}));
}

TEST(OtlpMetrics, leave_out_what_is_no_metric) {
  EXPECT_EQ(metrics_of("").size(), 0u);
  for (const char* text : {"x", "x{", "x{a=\"", "x{a=\"b\"", "x{a=\"b\"}", "x ", "x y"}) {
    const Document metrics = metrics_of(std::string("# TYPE x gauge\n") + text + "\n");
    EXPECT_EQ(metrics[0]["gauge"]["dataPoints"].size(), 0u) << text;
  }
}

constexpr std::string_view line =
    "https 2026-10-03T00:00:01.500000Z app/web/5 192.0.2.7:41234 10.0.0.2:80 0.100000 1.200000 "
    "0.200000 502 - 120 340 \"GET https://shop.example.com:443/cart?id=1 HTTP/1.1\" \"curl\\x22\" "
    "- - arn \"Root=1-67891233-abcdef012345678912345678\" \"-\" \"-\" 10 "
    "2026-10-03T00:00:00.000000Z \"forward\" \"-\" \"target_connection_reset\" \"10.0.0.2:80\" "
    "\"-\" \"-\" \"-\" TID_1 \"-\" \"-\" \"-\" 192.0.2.1";

std::vector<Document> spans_of(std::string_view trace, const OtlpSampling& sampling = {}) {
  std::vector<Document> spans;
  for (const std::string& span : otlp_spans(line, trace, sampling))
    spans.push_back(Document::parse(span));
  return spans;
}

std::string attribute(const Document& span, const std::string& key) {
  for (const Document& each : span["attributes"]) {
    if (each["key"] == key)
      return each["value"].contains("intValue") ? each["value"]["intValue"].get<std::string>()
                                                : each["value"]["stringValue"].get<std::string>();
  }
  return "";
}

TEST(OtlpSpans, a_request_and_below_it_the_targets_part) {
  const auto spans = spans_of("");
  ASSERT_EQ(spans.size(), 2u);
  const Document& server = spans[0];
  EXPECT_EQ(server["traceId"], "67891233abcdef012345678912345678");
  EXPECT_EQ(server["kind"], 2);
  EXPECT_FALSE(server.contains("parentSpanId"));
  EXPECT_EQ(server["startTimeUnixNano"], "1790985600000000000");
  EXPECT_EQ(server["endTimeUnixNano"], "1790985601500000000");
  EXPECT_EQ(server["status"]["code"], 2);
  EXPECT_EQ(attribute(server, "http.response.status_code"), "502");
  EXPECT_EQ(attribute(server, "url.path"), "/cart");
  EXPECT_EQ(attribute(server, "url.query"), "id=1");
  EXPECT_EQ(attribute(server, "server.address"), "shop.example.com");
  EXPECT_EQ(attribute(server, "user_agent.original"), "curl\"");
  EXPECT_EQ(attribute(server, "error.type"), "target_connection_reset");
  const Document& client = spans[1];
  EXPECT_EQ(client["kind"], 3);
  EXPECT_EQ(client["parentSpanId"], server["spanId"]);
  EXPECT_EQ(client["startTimeUnixNano"], "1790985600100000000");
  EXPECT_EQ(attribute(client, "server.address"), "10.0.0.2");
}

TEST(OtlpSpans, belong_to_the_trace_that_was_brought) {
  const auto spans = spans_of("brought 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0]["traceId"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(spans[0]["parentSpanId"], "b7ad6b7169203331");
}

TEST(OtlpSpans, are_the_parent_of_the_targets_own_where_daruma_has_begun_the_trace) {
  const auto spans = spans_of("begun 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_FALSE(spans[0].contains("parentSpanId"));
  EXPECT_EQ(spans[1]["spanId"], "b7ad6b7169203331");
}

TEST(OtlpSpans, are_sampled) {
  const std::string off = "brought 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
  EXPECT_EQ(spans_of(off).size(), 0u) << "who brought it does not want it told";
  EXPECT_EQ(spans_of(off, {.ratio = 1, .as_the_parent = false}).size(), 2u);
  EXPECT_EQ(spans_of("", {.ratio = 0}).size(), 0u);
  // The lowest 56 bits of the trace's id are 0.204 of their range.
  EXPECT_EQ(spans_of("", {.ratio = 0.1}).size() + spans_of("", {.ratio = 0.9}).size(), 2u);
}

TEST(OtlpSpans, survive_any_line) {
  for (const char* text : {"", "a", "\"", "https 1 2 3"}) {
    EXPECT_TRUE(otlp_spans(text, "", {}).empty());
    EXPECT_TRUE(otlp_spans(text, "brought x", {}).empty());
  }
}

class FakeCollector final : public HttpSender {
 public:
  Result<HttpReply> send(const HttpRequest& request) override {
    urls.push_back(request.url);
    bodies.push_back(request.body);
    if (status == 0) return fail("Couldn't connect to server");
    return HttpReply{status, "", retry_after};
  }
  int status = 200;
  Duration retry_after{};
  std::vector<std::string> urls;
  std::vector<std::string> bodies;
};

struct OtlpExporterTest : testing::Test {
  FakeCollector collector;
  Log log = Log::silent();
  OtlpSettings settings{.metrics_url = "http://c/v1/metrics",
                        .traces_url = "http://c/v1/traces",
                        .fields = {},
                        .resource = resource,
                        .sampling = {}};
  OtlpExporter exporter{settings, collector, start, log};
  Instant now{1h};

  void add_request() { exporter.on_line(telemetry::LogKind::access, line, ""); }
};

TEST_F(OtlpExporterTest, sends_what_it_was_given_once) {
  exporter.set_metrics("# TYPE x gauge\nx 1\n", start);
  add_request();
  exporter.on_line(telemetry::LogKind::health_check, "http x", "");
  exporter.turn(now);
  EXPECT_EQ(collector.urls,
            (std::vector<std::string>{"http://c/v1/metrics", "http://c/v1/traces"}));
  const Document traces = Document::parse(collector.bodies[1]);
  EXPECT_EQ(traces["resourceSpans"][0]["scopeSpans"][0]["spans"].size(), 2u);
  exporter.turn(now + 1s);
  EXPECT_EQ(collector.urls.size(), 2u);
  EXPECT_EQ(exporter.totals().spans_sent.value(), 2u);
  EXPECT_FALSE(exporter.has_work());
}

TEST_F(OtlpExporterTest, tries_again_later_and_later_and_then_loses_nothing) {
  collector.status = 503;
  add_request();
  for (int second = 0; second < 16; ++second) exporter.turn(now + second * 1s);
  EXPECT_EQ(collector.urls.size(), 5u) << "at 0, 1, 3, 7 and 15 s";
  collector.status = 200;
  exporter.turn(now + 1min);
  EXPECT_EQ(exporter.totals().spans_sent.value(), 2u);
  EXPECT_EQ(exporter.totals().spans_dropped.load(), 0u);
}

TEST_F(OtlpExporterTest, waits_as_long_as_the_collector_says) {
  collector.status = 429;
  collector.retry_after = 30s;
  add_request();
  exporter.turn(now);
  exporter.turn(now + 29s);
  EXPECT_EQ(collector.urls.size(), 1u);
  exporter.turn(now + 30s);
  EXPECT_EQ(collector.urls.size(), 2u);
}

TEST_F(OtlpExporterTest, drops_what_is_refused) {
  collector.status = 400;
  add_request();
  exporter.turn(now);
  exporter.turn(now + 1min);
  EXPECT_EQ(collector.urls.size(), 1u);
  EXPECT_EQ(exporter.totals().spans_dropped.load(), 2u);
}

TEST_F(OtlpExporterTest, keeps_so_many_spans_and_no_more) {
  collector.status = 0;
  for (size_t i = 0; i < OtlpExporter::spans_max; ++i) add_request();
  exporter.turn(now);
  EXPECT_EQ(exporter.totals().spans_dropped.load(), OtlpExporter::spans_max);
  collector.status = 200;
  exporter.turn(now + 1min);
  EXPECT_EQ(exporter.totals().spans_sent.value(), OtlpExporter::spans_max);
  for (const std::string& body : collector.bodies) {
    size_t spans = 0;
    for (size_t at = 0; (at = body.find("\"spanId\"", at)) != std::string::npos; ++at) ++spans;
    EXPECT_LE(spans, OtlpExporter::batch_spans_max);
  }
}

TEST_F(OtlpExporterTest, of_metrics_the_newest_are_enough) {
  collector.status = 503;
  exporter.set_metrics("# TYPE x gauge\nx 1\n", start);
  exporter.turn(now);
  exporter.set_metrics("# TYPE x gauge\nx 2\n", start + 1min);
  collector.status = 200;
  exporter.turn(now + 1min);
  ASSERT_EQ(collector.bodies.size(), 2u);
  EXPECT_NE(collector.bodies[1].find("\"asDouble\":2.0"), std::string::npos);
}

}  // namespace
}  // namespace daruma::notify
