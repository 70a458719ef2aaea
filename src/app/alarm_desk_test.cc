// SPDX-License-Identifier: Apache-2.0
//
// notify/alarm_desk, on a loop whose clock the test moves.
#include "notify/alarm_desk.h"

#include <gtest/gtest.h>

#include "alarm/defaults.h"
#include "control/letter_loop_for_test.h"
#include "notify/notice_queue.h"
#include "telemetry/temporary_directory.h"

namespace daruma::notify {
namespace {

using alarm::State;

class Listener final : public AlarmAudience {
 public:
  bool tell(const std::string& way, const alarm::Alarm&, const alarm::Notice& notice) override {
    told.push_back(way + ": " + std::string(name_of(notice.state)) + " " + notice.alarm);
    last = notice;
    return way == alarm::everybody || way == "ops";
  }
  void keep() override { kept = told.size(); }
  std::string advice_on(const alarm::Alarm&) override { return "raise MaxRequestWorkers"; }
  std::string link_to(const alarm::Alarm& alarm) override { return "link/" + alarm.name; }
  void on_defined(const AlarmBook& book) override { defined = book.entries().size(); }

  std::vector<std::string> told;
  alarm::Notice last;
  size_t kept = 0;  // of `told`
  size_t defined = 0;
};

const metrics::Dimension web{"LoadBalancer", "app/web/50dc6c495c0c9188"};
const metrics::Dimension shop{"TargetGroup", "targetgroup/shop/73e2d6bc24d8a067"};

struct AlarmDeskTest : testing::Test {
  AlarmDeskTest() { begin(); }

  void begin() {
    desk.reset();
    outbox = *Outbox::open(folder / "alarms.db");
    desk = std::make_unique<AlarmDesk>(loop, series, *outbox, listener, BuiltIns::on, log);
  }
  // Ten seconds in which this is so.
  void pass(double healthy, double errors = 0, double flips = 0) {
    const WallTime at = loop.wall_now();
    const auto level = [&](std::string_view space, std::string_view name,
                           std::vector<metrics::Dimension> dimensions, double value) {
      series.write(metrics::SeriesKey::of(space, name, std::move(dimensions)), "Count", at,
                   metrics::Point::of_sample(value));
    };
    level(metrics::own_namespace, "ActiveClientConnections", {web}, 1);
    level(metrics::alb_namespace, "HealthyHostCount", {web, shop}, healthy);
    level(metrics::own_namespace, "ConfigurationRevision", {}, 1);
    if (errors > 0) {
      series.write(metrics::SeriesKey::of(metrics::alb_namespace, "HTTPCode_ELB_5XX_Count", {web}),
                   "Count", at, metrics::Point::of_events(errors));
    }
    if (flips > 0) {
      series.write(metrics::SeriesKey::of(metrics::own_namespace, "HealthFlipCount", {web, shop}),
                   "Count", at, metrics::Point::of_events(flips));
    }
    for (int i = 0; i < 10; ++i) loop.run_for(1s);
    series.advance(loop.wall_now());
  }
  State state(const std::string& name) const { return desk->book().find(name)->standing.state; }
  alarm::Alarm alarm_of(const std::string& name) const {
    alarm::Alarm made;
    made.name = name;
    made.metric.emplace().series =
        metrics::SeriesKey::of(metrics::alb_namespace, "HealthyHostCount", {web, shop});
    made.metric->statistic = "Minimum";
    made.metric->period = std::chrono::seconds(10);
    made.metric->threshold = 1;
    made.metric->comparison = alarm::Comparison::less;
    made.alarm_actions = {"arn:aws:sns:us-east-1:000000000000:ops"};
    return made;
  }

  telemetry::TemporaryDirectory folder;
  control::LetterLoop loop;
  metrics::TimeSeries series;
  Listener listener;
  Log log = Log::silent();
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<AlarmDesk> desk;
};

TEST_F(AlarmDeskTest, built_in_alarms_are_there_and_say_nothing_while_all_is_well) {
  for (int i = 0; i < 30; ++i) pass(2);
  EXPECT_EQ(state("daruma-5xx-web"), State::ok);
  EXPECT_EQ(state("daruma-no-healthy-target-shop"), State::ok);
  EXPECT_EQ(state("daruma-flapping-shop"), State::ok);
  EXPECT_EQ(state("daruma-saturation-shop"), State::ok);
  EXPECT_EQ(listener.told, std::vector<std::string>{});
  EXPECT_EQ(listener.defined, desk->book().entries().size());
}

TEST_F(AlarmDeskTest, tells_of_no_healthy_target_and_when_it_is_over) {
  for (int i = 0; i < 6; ++i) pass(1);
  for (int i = 0; i < 5; ++i) pass(0);
  ASSERT_EQ(listener.told,
            std::vector<std::string>{"daruma:everybody: ALARM daruma-no-healthy-target-shop"});
  EXPECT_EQ(listener.last.advice, "raise MaxRequestWorkers");
  EXPECT_EQ(listener.last.link, "link/daruma-no-healthy-target-shop");
  EXPECT_NE(listener.last.reason.find("were less than the threshold (1.0)"), std::string::npos);
  for (int i = 0; i < 5; ++i) pass(1);
  EXPECT_EQ(listener.told.back(), "daruma:everybody: OK daruma-no-healthy-target-shop");
  EXPECT_EQ(listener.last.advice, "");
}

TEST_F(AlarmDeskTest, tells_of_5xx_and_flapping) {
  for (int i = 0; i < 18; ++i) pass(1, 5, 1);
  EXPECT_EQ(state("daruma-5xx-web"), State::alarm);
  for (int i = 0; i < 30; ++i) pass(1, 0, 1);
  EXPECT_EQ(state("daruma-flapping-shop"), State::alarm);
  EXPECT_EQ(state("daruma-5xx-web"), State::ok);
}

TEST_F(AlarmDeskTest, states_definitions_and_history_survive_a_restart) {
  alarm::Alarm made = alarm_of("mine");
  made.tags["team"] = "web";
  ASSERT_TRUE(desk->put(made));
  for (int i = 0; i < 6; ++i) pass(0);
  ASSERT_EQ(state("mine"), State::alarm);
  ASSERT_EQ(state("daruma-no-healthy-target-shop"), State::alarm);
  const size_t told = listener.told.size();
  const auto all = [](const HistoryItem&) { return true; };
  const size_t items = desk->book().history(all).size();
  const alarm::Standing standing = desk->book().find("mine")->standing;
  begin();
  EXPECT_EQ(desk->book().find("mine")->standing, standing);
  EXPECT_EQ(desk->book().find("mine")->alarm.tags.at("team"), "web");
  EXPECT_EQ(desk->book().history(all).size(), items);
  for (int i = 0; i < 6; ++i) pass(0);
  EXPECT_EQ(listener.told.size(), told) << "nothing has changed";
  EXPECT_EQ(state("daruma-no-healthy-target-shop"), State::alarm);
}

TEST_F(AlarmDeskTest, an_action_that_nobody_answers_to_is_in_the_history) {
  alarm::Alarm made = alarm_of("mine");
  made.alarm_actions.push_back("arn:aws:sns:us-east-1:000000000000:nobody");
  ASSERT_TRUE(desk->put(made));
  for (int i = 0; i < 3; ++i) pass(0);
  EXPECT_EQ(listener.told.front(), "ops: ALARM mine");
  const auto actions = desk->book().history(
      [](const HistoryItem& item) { return item.type == HistoryItem::Type::action; });
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_TRUE(actions[0].summary.starts_with("Failed to execute action")) << actions[0].summary;
  EXPECT_TRUE(actions[1].summary.starts_with("Successfully")) << actions[1].summary;
}

TEST_F(AlarmDeskTest, a_composite_alarm_follows_the_others) {
  ASSERT_TRUE(desk->put(alarm_of("one")));
  alarm::Alarm both;
  both.name = "both";
  both.composite = alarm::CompositeAlarm{"ALARM(one) AND ALARM(two)"};
  both.alarm_actions = both.ok_actions = {"ops"};
  alarm::Alarm two = alarm_of("two");
  two.metric->threshold = 2;
  ASSERT_TRUE(desk->put(two));
  ASSERT_TRUE(desk->put(both));
  for (int i = 0; i < 3; ++i) pass(1);
  EXPECT_EQ(state("one"), State::ok);
  EXPECT_EQ(state("two"), State::alarm);
  EXPECT_EQ(state("both"), State::ok);
  for (int i = 0; i < 3; ++i) pass(0);
  EXPECT_EQ(state("both"), State::alarm);
  // At once, where somebody sets a state.
  const size_t before = listener.told.size();
  ASSERT_TRUE(desk->set_state("one", State::ok, "testing", ""));
  EXPECT_EQ(state("both"), State::ok);
  EXPECT_GT(listener.told.size(), before);
  EXPECT_EQ(listener.kept, listener.told.size());
  EXPECT_NE(desk->book().find("both")->standing.reason.find("alarm:one transitioned to OK"),
            std::string::npos);
}

TEST_F(AlarmDeskTest, a_composite_alarm_says_which_alarm_has_moved_it) {
  ASSERT_TRUE(desk->put(alarm_of("one")));
  alarm::Alarm both;
  both.name = "both";
  both.composite = alarm::CompositeAlarm{"ALARM(one)"};
  ASSERT_TRUE(desk->put(both));
  for (int i = 0; i < 3; ++i) pass(0);
  const std::string data = desk->book().find("both")->standing.reason_data;
  EXPECT_TRUE(data.starts_with(R"({"triggeringAlarms":[{"arn":"arn:aws:cloudwatch:us-east-1:)"
                               R"(000000000000:alarm:one","state":{"value":"ALARM","timestamp":")"))
      << data;
}

TEST_F(AlarmDeskTest, metric_math_is_judged_and_survives_a_restart) {
  alarm::Alarm made = alarm_of("math");
  metrics::Query hosts;
  hosts.id = "h";
  hosts.key = made.metric->series;
  hosts.statistic = "Minimum";
  hosts.period = made.metric->period;
  hosts.returned = false;
  metrics::Query doubled;
  doubled.id = "d";
  doubled.expression = "h * 2";
  made.metric->series = {};
  made.metric->statistic = "";
  made.metric->queries = {hosts, doubled};
  made.metric->threshold = 4;
  ASSERT_TRUE(desk->put(made));
  for (int i = 0; i < 3; ++i) pass(2);
  EXPECT_EQ(state("math"), State::ok);
  begin();
  EXPECT_EQ(desk->book().find("math")->alarm.metric, made.metric);
  for (int i = 0; i < 3; ++i) pass(1);
  EXPECT_EQ(state("math"), State::alarm);
  EXPECT_EQ(listener.told.back(), "ops: ALARM math");
}

// "both" is in ALARM while "one" is; "quiet" suppresses it while somebody has set it so.
struct SuppressionTest : AlarmDeskTest {
  SuppressionTest() {
    alarm::Alarm one = alarm_of("one");
    one.alarm_actions.clear();
    alarm::Alarm silence;
    silence.name = "quiet";
    silence.metric = one.metric;
    silence.metric->series.name = "Nothing";
    silence.metric->missing_data = alarm::MissingData::ignore;
    alarm::Alarm both;
    both.name = "both";
    both.composite = alarm::CompositeAlarm{
        "ALARM(one)", alarm::Suppressor{"arn:aws:cloudwatch:r:a:alarm:quiet", 30s, 60s}};
    both.alarm_actions = both.ok_actions = {"ops"};
    for (const alarm::Alarm& each : {one, silence, both}) EXPECT_TRUE(desk->put(each));
    for (int i = 0; i < 3; ++i) pass(1);
    listener.told.clear();
  }
  void quiet(State state) { ASSERT_TRUE(desk->set_state("quiet", state, "testing", "")); }
  void passes(int tens, double healthy) {
    for (int i = 0; i < tens; ++i) pass(healthy);
  }
  alarm::SuppressedBy by() const { return desk->book().find("both")->standing.suppressed_by; }
  std::vector<std::string> told() {
    std::vector<std::string> of_both;
    for (const std::string& each : listener.told) {
      if (each.ends_with(" both")) of_both.push_back(each);
    }
    return of_both;
  }
};
using Told = std::vector<std::string>;
using alarm::SuppressedBy;

TEST_F(SuppressionTest, actions_wait_for_the_suppressor_and_then_are_taken) {
  passes(2, 0);
  EXPECT_EQ(state("both"), State::alarm);
  EXPECT_EQ(by(), SuppressedBy::wait_period);
  EXPECT_EQ(told(), Told{});
  passes(3, 0);
  EXPECT_EQ(by(), SuppressedBy::nothing);
  EXPECT_EQ(told(), Told{"ops: ALARM both"});
  passes(3, 1);
  EXPECT_EQ(told(), (Told{"ops: ALARM both", "ops: OK both"})) << "its end is told at once";
}

TEST_F(SuppressionTest, a_suppressor_in_alarm_keeps_them_back_and_for_a_while_after) {
  quiet(State::alarm);
  passes(12, 0);
  EXPECT_EQ(state("both"), State::alarm);
  EXPECT_EQ(by(), SuppressedBy::suppressor);
  begin();
  EXPECT_EQ(by(), SuppressedBy::suppressor);
  quiet(State::ok);
  EXPECT_EQ(by(), SuppressedBy::extension_period);
  passes(4, 0);
  EXPECT_EQ(told(), Told{});
  passes(4, 0);
  EXPECT_EQ(by(), SuppressedBy::nothing);
  EXPECT_EQ(told(), Told{"ops: ALARM both"});
}

TEST_F(SuppressionTest, what_was_over_before_anybody_was_told_is_not_told) {
  quiet(State::alarm);
  passes(4, 0);
  passes(4, 1);
  EXPECT_EQ(state("both"), State::ok);
  quiet(State::ok);
  passes(10, 1);
  EXPECT_EQ(by(), SuppressedBy::nothing);
  EXPECT_EQ(told(), Told{});
}

TEST_F(AlarmDeskTest, actions_can_be_switched_off_of_built_in_alarms_too) {
  pass(1);
  desk->enable_actions({"daruma-no-healthy-target-shop", "unknown"}, false);
  begin();
  for (int i = 0; i < 6; ++i) pass(0);
  EXPECT_EQ(state("daruma-no-healthy-target-shop"), State::alarm);
  EXPECT_EQ(listener.told, std::vector<std::string>{});
}

// As much as the clock may jump: nothing is told twice, nothing is missed.
TEST_F(AlarmDeskTest, a_clock_that_steps_by_an_hour_loses_no_alarm) {
  for (int i = 0; i < 6; ++i) pass(1);
  for (const Duration step : {Duration(1h), Duration(-1h)}) {
    loop.step_wall_clock(step);
    for (int i = 0; i < 6; ++i) pass(1);
    EXPECT_EQ(listener.told.size() % 2, 0u);
    for (int i = 0; i < 6; ++i) pass(0);
    EXPECT_EQ(listener.told.back(), "daruma:everybody: ALARM daruma-no-healthy-target-shop");
    for (int i = 0; i < 6; ++i) pass(1);
    EXPECT_EQ(listener.told.back(), "daruma:everybody: OK daruma-no-healthy-target-shop");
  }
  EXPECT_EQ(listener.told.size(), 4u);
}

TEST_F(AlarmDeskTest, a_test_reaches_everybody_and_changes_nothing) {
  pass(1);
  ASSERT_TRUE(desk->test("daruma-5xx-web"));
  EXPECT_TRUE(listener.last.test);
  EXPECT_FALSE(desk->test("unknown"));
}

// ---- what one way has yet to deliver ----

struct NoticeQueueTest : testing::Test {
  alarm::Notice notice(const std::string& name, bool test = false) {
    alarm::Notice made;
    made.alarm = name;
    made.at = WallTime(std::chrono::microseconds(++at));
    made.test = test;
    return made;
  }
  std::vector<std::string> next() const {
    std::vector<std::string> names;
    for (const alarm::Notice& each : queue.next().notices) names.push_back(each.alarm);
    return names;
  }
  Outbox outbox;
  NoticeQueue queue{outbox};
  Instant now{1h};
  int64_t at = 0;
};

TEST_F(NoticeQueueTest, what_comes_together_is_one_message) {
  EXPECT_EQ(queue.due(), never);
  queue.add(notice("a"), now);
  queue.add(notice("b"), now + 500ms);
  EXPECT_EQ(queue.due(), now + NoticeQueue::gather);
  EXPECT_EQ(next(), (std::vector<std::string>{"a", "b"}));
  queue.delivered(queue.next(), now + 1s);
  EXPECT_TRUE(queue.empty());
}

TEST_F(NoticeQueueTest, sends_no_more_than_a_message_in_a_while_but_for_tests) {
  queue.add(notice("a"), now);
  queue.delivered(queue.next(), now + 1s);
  queue.add(notice("b"), now + 2s);
  EXPECT_EQ(queue.due(), now + 1s + NoticeQueue::pause);
  queue.add(notice("c", true), now + 4s);
  EXPECT_EQ(queue.due(), now + 3s);
  EXPECT_EQ(next(), (std::vector<std::string>{"b", "c"}));
}

TEST_F(NoticeQueueTest, what_came_while_others_were_delivered_stays) {
  queue.add(notice("a"), now);
  const NoticeQueue::Message message = queue.next();
  at = -10;  // the clock was set back
  queue.add(notice("b"), now);
  queue.delivered(message, now);
  EXPECT_EQ(next(), std::vector<std::string>{"b"});
}

TEST_F(NoticeQueueTest, tries_again_later_and_later) {
  queue.add(notice("a"), now);
  queue.failed(now);
  EXPECT_EQ(queue.due(), now + 5s);
  queue.failed(now + 5s);
  EXPECT_EQ(queue.due(), now + 15s);
  for (int i = 0; i < 20; ++i) queue.failed(now);
  EXPECT_EQ(queue.due(), now + 5min);
  EXPECT_EQ(next(), std::vector<std::string>{"a"});
}

TEST_F(NoticeQueueTest, a_message_is_bounded_and_so_is_what_waits) {
  for (int i = 0; i < 60; ++i) queue.add(notice(std::to_string(i)), now);
  EXPECT_EQ(queue.next().notices.size(), NoticeQueue::notices_per_message_max);
  queue.delivered(queue.next(), now);
  EXPECT_EQ(next().front(), "50");
  uint64_t lost = 0;
  for (int i = 0; i < 5'000; ++i) {
    alarm::Notice big = notice("big");
    big.reason = std::string(1'000, 'x');
    lost += queue.add(big, now);
  }
  EXPECT_GT(lost, 3'000u);
}

}  // namespace
}  // namespace daruma::notify
