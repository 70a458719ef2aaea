// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a request to CloudWatch, the first two choosing the wire form and the operation, on
// a node with some points: decoding ends, an error has a code and a text, an answer can be written
// in the form that was asked in.
#include <array>
#include <string>

#include "api/cloudwatch.h"
#include "api/cloudwatch_wire.h"
#include "api/query_parameters.h"
#include "fuzz_input.h"

using namespace daruma;
using namespace daruma::api;
namespace cloudwatch = daruma::api::cloudwatch;
using cloudwatch::Json;
using cloudwatch::WireForm;

namespace {

constexpr WallTime now{std::chrono::seconds(1'790'000'000)};
constexpr std::array operations{"ListMetrics", "GetMetricData", "GetMetricStatistics",
                                "PutMetricData"};

void write_some(metrics::TimeSeries& series) {
  for (const char* balancer : {"app/web/1", "app/api/2"}) {
    const auto key = metrics::SeriesKey::of(metrics::alb_namespace, "RequestCount",
                                            {{"LoadBalancer", balancer}});
    for (int i = 1; i <= 30; ++i) {
      series.write(key, "Count", now - i * std::chrono::seconds(10), metrics::Point::of_events(i));
    }
  }
  series.advance(now);
}

Expected<Json> input_of(WireForm form, const std::string& body) {
  static const http::Fields no_fields;
  const control::AdminRequest request{
      .method = http::Method::post, .path = "/", .fields = no_fields, .body = body};
  Parameter parameters;
  if (form == WireForm::query) {
    auto parsed = parse_form(body);
    if (!parsed) return tl::unexpected(parsed.error());
    parameters = std::move(*parsed);
  }
  return cloudwatch::decode(form, request, parameters);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const auto form = static_cast<WireForm>(input.choice() % 3);
  const auto* operation =
      cloudwatch::find_operation(operations[input.choice() % operations.size()]);
  FUZZ_CHECK(operation != nullptr);
  const auto in = input_of(form, input.rest());
  if (!in) {
    FUZZ_CHECK(!in.error().code.empty() && !in.error().message.empty());
    FUZZ_CHECK(!cloudwatch::failure(form, "id", in.error()).body.empty());
    return 0;
  }
  metrics::TimeSeries series;
  write_some(series);
  cloudwatch::Call call{cloudwatch::Input(*in), series, now};
  const auto done = operation->run(call);
  const auto answer = done ? cloudwatch::success(form, operation->name, "id", call.out)
                           : cloudwatch::failure(form, "id", done.error());
  FUZZ_CHECK(done || (!done.error().code.empty() && !done.error().message.empty()));
  FUZZ_CHECK(!answer.body.empty());
  return 0;
}
