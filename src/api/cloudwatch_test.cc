// SPDX-License-Identifier: Apache-2.0
#include "api/cloudwatch.h"

#include <gtest/gtest.h>

#include "api/cbor.h"
#include "api/cloudwatch_wire.h"

namespace daruma::api::cloudwatch {
namespace {

using metrics::Point;
using metrics::SeriesKey;

constexpr WallTime now{std::chrono::seconds(1'728'000'030)};

struct Node {
  metrics::TimeSeries series;

  Expected<Json> run(std::string_view operation, const Json& in) {
    const OperationRow* row = find_operation(operation);
    if (row == nullptr) return refuse("InvalidAction", "");
    Call call{Input(in), series, now};
    if (const auto done = row->run(call); !done) return tl::unexpected(done.error());
    return call.out;
  }
  std::string code_of(std::string_view operation, const Json& in) {
    const auto answer = run(operation, in);
    return answer ? "" : answer.error().code;
  }
};

Json query_of(std::string_view form) {
  const http::Fields none;
  return *decode(WireForm::query, {http::Method::post, "/", "", none, "", {}}, *parse_form(form));
}

Json statistics_in(const char* statistic) {
  return {{"Namespace", "Shop"},
          {"MetricName", "Orders"},
          {"StartTime", 1'728'000'000},
          {"EndTime", "2024-10-04T00:01:00Z"},
          {"Period", "60"},
          {"Statistics", {statistic}}};
}

TEST(CloudWatchTimes, are_read_in_every_form) {
  for (const auto& [text, seconds] : std::initializer_list<std::pair<const char*, double>>{
           {"2024-10-04T00:00:00Z", 1'728'000'000},
           {"2024-10-04T09:00:00.25+09:00", 1'728'000'000.25},
           {"2024-10-03T23:30:00-0030", 1'728'000'000},
           {"2024-10-04", 1'728'000'000},
           {"1970-01-01T00:00:00", 0}}) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(seconds_of(json_of(*time)), seconds) << text;
  }
  for (const char* text : {"", "now", "2024-13-01", "2024-02-30", "2024-10-04T24:00:00Z",
                           "2024-10-04T00:00:00Zx", "2024-10-04T00:00:00+9", "-024-10-04"}) {
    EXPECT_FALSE(parse_time(text).has_value()) << text;
  }
}

TEST(CloudWatch, what_is_put_comes_back) {
  Node node;
  const Json data = query_of(
      "Namespace=Shop&MetricData.member.1.MetricName=Orders&MetricData.member.1.Value=3"
      "&MetricData.member.2.MetricName=Orders&MetricData.member.2.Values.member.1=1"
      "&MetricData.member.2.Values.member.2=10&MetricData.member.2.Counts.member.1=4"
      "&MetricData.member.2.Counts.member.2=1&MetricData.member.1.Unit=None");
  ASSERT_TRUE(node.run("PutMetricData", data).has_value());
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, double>>{
           {"Sum", 17}, {"SampleCount", 6}, {"Minimum", 1}, {"Maximum", 10}}) {
    const auto answer = node.run("GetMetricStatistics", statistics_in(name));
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    ASSERT_EQ(answer->at("Datapoints").size(), 1u);
    EXPECT_EQ(answer->at("Datapoints")[0].at(name), value);
    EXPECT_EQ(answer->at("Datapoints")[0].at("Unit"), "None");
  }
  Json percentiles = statistics_in("Sum");
  percentiles.erase("Statistics");
  percentiles["ExtendedStatistics"] = {"p50", "p99"};
  const auto answer = node.run("GetMetricStatistics", percentiles);
  ASSERT_TRUE(answer.has_value());
  const Json& found = answer->at("Datapoints")[0].at("ExtendedStatistics");
  EXPECT_NEAR(found.at("p50").get<double>(), 1, 0.02);
  EXPECT_NEAR(found.at("p99").get<double>(), 10, 0.2);
}

TEST(CloudWatch, refuses_in_the_words_of_the_service) {
  Node node;
  const auto put = [](const Json& datum) {
    Json whole = datum;
    whole["MetricName"] = "Orders";
    return Json{{"Namespace", "Shop"}, {"MetricData", {whole}}};
  };
  EXPECT_EQ(node.run("PutMetricData", put({{"Value", 1}, {"Values", {1}}})).error(),
            (ServiceError{"InvalidParameterCombination",
                          "The parameters MetricData.member.1.Value and "
                          "MetricData.member.1.Values are mutually exclusive and you have "
                          "specified both."}));
  EXPECT_EQ(node.run("PutMetricData", put({{"Values", {1}}, {"Counts", {1, 2}}})).error().message,
            "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of "
            "the same size.");
  EXPECT_EQ(node.code_of("PutMetricData", put({{"Value", "much"}})), "InvalidParameterValue");
  EXPECT_EQ(node.code_of("PutMetricData", put(Json::object())), "MissingParameter");
  EXPECT_EQ(node.code_of("PutMetricData", put({{"Value", 1}, {"Unit", "Apples"}})),
            "InvalidParameterValue");
  EXPECT_EQ(node.code_of("PutMetricData", put({{"Value", 1}, {"Timestamp", 5}})),
            "InvalidParameterValue");
  EXPECT_EQ(node.code_of("PutMetricData", {{"Namespace", "AWS/X"}, {"MetricData", {{}}}}),
            "InvalidParameterValue");
  EXPECT_EQ(node.series.size(), 0u);

  Json in = statistics_in("Sum");
  in["EndTime"] = in["StartTime"];
  EXPECT_EQ(node.run("GetMetricStatistics", in).error().message,
            "The parameter StartTime must be less than the parameter EndTime.");
  in["EndTime"] = "2024-10-05T00:01:00Z";
  EXPECT_EQ(node.code_of("GetMetricStatistics", in), "InvalidParameterCombination");
  EXPECT_EQ(node.code_of("GetMetricStatistics", statistics_in("Total")), "InvalidParameterValue");
  EXPECT_EQ(node.code_of("ListMetrics", {{"Namespaces", "x"}}), "ValidationError");
}

TEST(CloudWatch, lists_metrics_in_pages) {
  Node node;
  for (int i = 0; i < 1200; ++i) {
    node.series.write(SeriesKey::of("Shop", "Orders", {{"Till", std::to_string(i)}}), "Count", now,
                      Point::of_events(1));
  }
  node.series.write(SeriesKey::of("Shop", "Old", {}), "Count", now - 4h, Point::of_events(1));
  Json in{{"Namespace", "Shop"}, {"RecentlyActive", "PT3H"}};
  size_t listed = 0;
  for (int page = 0; page < 3; ++page) {
    const auto answer = node.run("ListMetrics", in);
    ASSERT_TRUE(answer.has_value());
    listed += answer->at("Metrics").size();
    EXPECT_EQ(answer->contains("NextToken"), page < 2);
    if (page < 2) in["NextToken"] = answer->at("NextToken");
  }
  EXPECT_EQ(listed, 1200u);
  const Json one = *node.run("ListMetrics", {{"Dimensions", {{{"Name", "Till"}, {"Value", "7"}}}}});
  EXPECT_EQ(one.at("Metrics"),
            (Json{{{"Namespace", "Shop"},
                   {"MetricName", "Orders"},
                   {"Dimensions", Json::array({{{"Name", "Till"}, {"Value", "7"}}})}}}));
}

class GetMetricDataTest : public testing::Test {
 protected:
  GetMetricDataTest() {
    for (int i = 0; i < 5; ++i) put("Orders", "1", i, 10 + i);
    for (int i = 0; i < 5; i += 2) put("Orders", "2", i, 100);
    put("Errors", "1", 1, 5);
  }
  void put(const char* name, const char* till, int minute, double value) {
    node_.series.write(SeriesKey::of("Shop", name, {{"Till", till}}), "Count",
                       begin_ + 60s * minute, Point::of_sample(value));
  }
  static Json metric(const char* id, const char* name, const char* till, bool returned = false) {
    return {{"Id", id},
            {"ReturnData", returned},
            {"MetricStat",
             {{"Metric",
               {{"Namespace", "Shop"},
                {"MetricName", name},
                {"Dimensions", Json::array({{{"Name", "Till"}, {"Value", till}}})}}},
              {"Period", 60},
              {"Stat", "Sum"}}}};
  }
  static Json expression(const char* id, const char* text) {
    return {{"Id", id}, {"Expression", text}};
  }
  Json request(const Json& queries) {
    return {{"MetricDataQueries", queries},
            {"StartTime", 1'728'000'000},
            {"EndTime", 1'728'000'300},
            {"ScanBy", "TimestampAscending"}};
  }
  std::string values_of(const std::vector<Json>& queries) {
    const auto answer = node_.run("GetMetricData", request(queries));
    if (!answer) return answer.error().message;
    std::string text;
    for (const Json& result : answer->at("MetricDataResults")) {
      if (!text.empty()) text += "; ";
      text += result.at("Label").get<std::string>();
      for (const Json& value : result.at("Values")) text += " " + value.dump();
    }
    return text;
  }

  const WallTime begin_{std::chrono::seconds(1'728'000'000)};
  Node node_;
};

TEST_F(GetMetricDataTest, gives_metrics_and_what_is_computed_of_them) {
  const Json a = metric("a", "Orders", "1");
  const Json b = metric("b", "Orders", "2");
  const Json errors = metric("errors", "Errors", "1");
  EXPECT_EQ(values_of({metric("a", "Orders", "1", true)}), "Orders 10.0 11.0 12.0 13.0 14.0");
  EXPECT_EQ(values_of({a, b, expression("s", "SUM(METRICS())")}), "s 110.0 11.0 112.0 13.0 114.0");
  EXPECT_EQ(values_of({expression("rate", "100 * FILL(errors, 0) / a"), a, errors}),
            "rate 0.0 45.45454545454545 0.0 0.0 0.0");
  EXPECT_EQ(values_of({a, expression("twice", "2 * once"), expression("once", "a + 0")}),
            "twice 20.0 22.0 24.0 26.0 28.0; once 10.0 11.0 12.0 13.0 14.0");
  EXPECT_EQ(values_of({expression("x", "SEARCH('{Shop,Till} MetricName=\"Orders\"', 'Sum', 300)")}),
            "Orders 1 60.0; Orders 2 300.0");
  EXPECT_EQ(values_of({metric("none", "Nothing", "1", true)}), "Nothing");
  Json least = metric("least", "Orders", "1", true);
  least["MetricStat"]["Stat"] = "Minimum";
  least["MetricStat"]["Period"] = 300;
  EXPECT_EQ(values_of({metric("a", "Orders", "2", true), least, metric("b", "Orders", "1", true)}),
            "Orders 100.0 100.0 100.0; Orders Minimum 300 10.0; Orders Sum 60 10.0 11.0 12.0 13.0 "
            "14.0");
}

TEST_F(GetMetricDataTest, gives_large_answers_in_pages) {
  Json in = request({metric("a", "Orders", "1", true), metric("b", "Orders", "2", true)});
  in["MaxDatapoints"] = 3;
  in["ScanBy"] = "TimestampDescending";
  std::string values;
  int pages = 0;
  for (bool more = true; more && pages < 10; ++pages) {
    const auto answer = node_.run("GetMetricData", in);
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    for (const Json& result : answer->at("MetricDataResults")) {
      values += result.at("Id").get<std::string>();
      for (const Json& value : result.at("Values")) values += " " + value.dump();
      EXPECT_EQ(result.at("Values").size(), result.at("Timestamps").size());
      values += result.at("StatusCode") == "PartialData" ? "..." : ";";
    }
    more = answer->contains("NextToken");
    if (more) in["NextToken"] = answer->at("NextToken");
  }
  EXPECT_EQ(values, "a 14.0 13.0 12.0...a 11.0 10.0;b 100.0...b 100.0 100.0;");
  EXPECT_EQ(pages, 3);
  in["NextToken"] = "3";
  EXPECT_EQ(node_.code_of("GetMetricData", in), "InvalidNextToken");
}

TEST_F(GetMetricDataTest, says_what_is_wrong) {
  const Json a = metric("a", "Orders", "1");
  EXPECT_EQ(values_of({expression("e", "f + 1"), expression("f", "e + 1")}),
            "The expression of e names itself, or too many others.");
  EXPECT_EQ(values_of({a, expression("e", "SUM(a)")}),
            "The expression of e comes to a number; it must be a time series.");
  EXPECT_EQ(values_of({a, expression("e", "a +")}),
            "Error in expression 'e': the expression has its end at character 4");
  EXPECT_EQ(values_of({a, a}), "The id a is there more than once.");
  EXPECT_EQ(values_of({expression("E", "1")}),
            "The value E for parameter MetricDataQueries.member.1.Id is not matching the expected "
            "pattern ^[a-z][a-zA-Z0-9_]*$.");
  EXPECT_EQ(values_of({Json{{"Id", "a"}}}),
            "The parameter MetricDataQueries.member.1.Id must have either MetricStat or "
            "Expression.");
  EXPECT_EQ(values_of({}), "The parameter MetricDataQueries is required.");
  Json odd = a;
  odd["MetricStat"]["Stat"] = "tm99";
  EXPECT_EQ(values_of({odd}),
            "The value tm99 for parameter MetricDataQueries.member.1.MetricStat.Stat is not "
            "supported.");
}

TEST(CloudWatchWire, answers_in_each_form) {
  const Json out{{"Label", "Orders"},
                 {"Datapoints",
                  {{{"Timestamp", json_of(WallTime(std::chrono::seconds(1'728'000'000)))},
                    {"Sum", 2.0},
                    {"ExtendedStatistics", {{"p50", 1.5}}}}}}};
  const auto query = success(WireForm::query, "GetMetricStatistics", "id", out);
  EXPECT_EQ(query.body,
            "<GetMetricStatisticsResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/"
            "\"><GetMetricStatisticsResult><Datapoints><member><ExtendedStatistics><entry><key>p50"
            "</key><value>1.5</value></entry></ExtendedStatistics><Sum>2.0</Sum><Timestamp>"
            "2024-10-04T00:00:00.000000Z</Timestamp></member></Datapoints><Label>Orders</Label>"
            "</GetMetricStatisticsResult><ResponseMetadata><RequestId>id</RequestId>"
            "</ResponseMetadata></GetMetricStatisticsResponse>");
  const auto json = success(WireForm::json, "GetMetricStatistics", "id", out);
  EXPECT_EQ(json.content_type, "application/x-amz-json-1.0");
  EXPECT_EQ(Json::parse(json.body)["Datapoints"][0]["Timestamp"], 1'728'000'000);
  const auto cbor = success(WireForm::cbor, "GetMetricStatistics", "id", out);
  EXPECT_EQ(cbor.content_type, "application/cbor");
  EXPECT_EQ(from_cbor(cbor.body)->at("Label"), "Orders");
}

TEST(CloudWatchWire, names_errors_twice) {
  const ServiceError error{"InvalidParameterValue", "wrong"};
  const auto json = failure(WireForm::json, "id", error);
  EXPECT_EQ(json.status, 400);
  EXPECT_EQ(Json::parse(json.body)["__type"], "InvalidParameterValueException");
  EXPECT_NE(
      std::ranges::find(json.fields, std::pair<std::string, std::string>(
                                         "x-amzn-query-error", "InvalidParameterValue;Sender")),
      json.fields.end());
  EXPECT_NE(failure(WireForm::query, "id", error).body.find("<Code>InvalidParameterValue</Code>"),
            std::string::npos);
}

}  // namespace
}  // namespace daruma::api::cloudwatch
