// SPDX-License-Identifier: Apache-2.0
#include "health/latency_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "base/random.h"

namespace daruma::health {
namespace {

model::AnswerTime time(Duration took, Duration behind = 0ms) {
  return model::AnswerTime::found_after(took, behind);
}

// An event-driven server: accepts everything, works on `cores` requests at once and lets the rest
// wait. In front of it a balancer that waits a little for a place. Steps of 1 ms.
class Server {
 public:
  explicit Server(size_t cores, Duration page) : cores_(cores), page_(page) {}

  void set_cores(size_t cores) { cores_ = cores; }
  void set_page(Duration page) { page_ = page; }
  // `rate` requests a second for so long.
  void run(Duration time, double rate) {
    served = turned_away = 0;
    latencies.clear();
    for (const Instant end = now_ + time; now_ < end; now_ += 1ms) {
      owed_ += rate / 1000;
      for (; owed_ >= 1; --owed_) line_.push_back(now_);
      answer();
      admit();
    }
  }

  LatencyLimit limit{20ms};
  size_t served = 0;
  size_t turned_away = 0;
  std::vector<Duration> latencies;  // of those served, from arrival
  Duration median() {
    std::ranges::sort(latencies);
    return latencies[latencies.size() / 2];
  }

 private:
  struct Request {
    Instant arrived;
    Instant sent;
    Duration work;
  };

  void admit() {
    while (!line_.empty()) {
      const bool late = now_ - line_.front() >= std::max<Duration>(250ms, limit.patience());
      const bool room = accepted_.size() < limit.limit();
      if (!room && (!late || limit.lenient())) break;
      const Instant arrived = line_.front();
      line_.pop_front();
      if (!room) {
        ++turned_away;
        continue;
      }
      const auto spread = static_cast<Duration::rep>(random_.below(1000));
      accepted_.push_back({arrived, now_, page_ / 2 + page_ * spread / 1000});
      most_ = std::max(most_, accepted_.size());
    }
  }

  void answer() {
    for (size_t i = 0; i < std::min(cores_, accepted_.size()); ++i) accepted_[i].work -= 1ms;
    std::erase_if(accepted_, [this](const Request& request) {
      if (request.work > Duration::zero()) return false;
      if (limit.lowered() != lowered_) {
        lowered_ = limit.lowered();
        lowered_at_ = now_;
      }
      const bool fresh = request.sent >= lowered_at_;
      limit.note(now_, {.answers = 1,
                        .fresh = fresh,
                        .fresh_time = fresh ? time(now_ - request.sent) : model::AnswerTime{},
                        .most_in_flight = static_cast<uint32_t>(std::exchange(most_, 0))});
      latencies.push_back(now_ - request.arrived);
      ++served;
      return true;
    });
  }

  size_t cores_;
  Duration page_;
  Random random_{7};
  Instant now_ = Instant{} + 1h;
  double owed_ = 0;
  std::deque<Instant> line_;
  std::deque<Request> accepted_;
  size_t most_ = 0;
  uint32_t lowered_ = 0;
  Instant lowered_at_{};
};

// 8 cores and pages of 20 ms: 400 a second.
TEST(LatencyLimit, holds_the_latency_of_an_overloaded_server_and_its_throughput) {
  Server server(8, 20ms);
  server.run(20s, 100);
  EXPECT_EQ(server.limit.limit(), LatencyLimit::unlimited);
  server.run(20s, 500);
  server.run(40s, 500);
  EXPECT_LT(server.limit.limit(), 60u);
  EXPECT_GE(server.served, 400u * 40 * 97 / 100);
  EXPECT_LE(server.median(), 600ms);
  server.run(5s, 100);
  server.run(30s, 100);
  EXPECT_EQ(server.turned_away, 0u);
  EXPECT_EQ(server.limit.limit(), LatencyLimit::unlimited);
}

// One core and pages of 50 ms: 20 a second, of which a worker among four sees five.
TEST(LatencyLimit, holds_a_server_that_answers_rarely) {
  Server server(1, 50ms);
  server.run(20s, 2);
  server.run(20s, 30);
  server.run(40s, 30);
  EXPECT_LT(server.limit.limit(), 10u);
  EXPECT_GE(server.served, 20u * 40 * 97 / 100);
  EXPECT_LE(server.median(), 1200ms);
}

TEST(LatencyLimit, stays_where_it_helps_though_others_take_the_processor) {
  Server server(8, 20ms);
  server.run(20s, 100);
  while (server.limit.limit() == LatencyLimit::unlimited) server.run(100ms, 500);
  server.set_cores(5);
  for (int i = 0; i < 100; ++i) {
    server.run(100ms, 500);
    ASSERT_NE(server.limit.limit(), LatencyLimit::unlimited) << i;
  }
}

TEST(LatencyLimit, leaves_a_server_alone_that_keeps_up) {
  Server server(8, 20ms);
  for (const double rate : {50.0, 200.0, 360.0, 380.0}) {
    server.run(20s, rate);
    EXPECT_EQ(server.turned_away, 0u) << rate;
    EXPECT_GE(server.served, static_cast<size_t>(rate) * 20 * 99 / 100) << rate;
  }
}

TEST(LatencyLimit, turns_nobody_away_because_pages_have_become_slower) {
  Server server(1000, 20ms);
  server.run(20s, 400);
  server.set_page(400ms);
  server.run(120s, 400);
  EXPECT_EQ(server.turned_away, 0u);
  EXPECT_GE(server.served, 400u * 120 * 98 / 100);
  EXPECT_EQ(server.limit.limit(), LatencyLimit::unlimited);
}

TEST(LatencyLimit, follows_a_server_that_gets_more_cores) {
  Server server(8, 20ms);
  server.run(20s, 100);
  server.run(40s, 500);
  EXPECT_NE(server.limit.limit(), LatencyLimit::unlimited);
  Server larger(16, 20ms);
  larger.limit = server.limit;
  larger.run(30s, 600);
  larger.run(30s, 600);
  EXPECT_GE(larger.served, 600u * 30 * 97 / 100);
}

// So many answers, `every` apart, to requests of which twenty are under way.
void answer(LatencyLimit& limit, Instant& now, int answers, Duration every,
            model::AnswerTime took) {
  for (int i = 0; i < answers; ++i) {
    now += every;
    limit.note(now, {.answers = 1, .fresh = 1, .fresh_time = took, .most_in_flight = 20});
  }
}

// Each turn of the worker takes as long as the target's answers: they may have been there at once.
TEST(LatencyLimit, holds_nothing_against_a_target_that_a_busy_worker_made) {
  LatencyLimit limit(20ms);
  Instant now = Instant{} + 1h;
  answer(limit, now, 20'000, 1ms, time(400ms, 390ms));
  EXPECT_EQ(limit.limit(), LatencyLimit::unlimited);
}

// A full batch of events leaves some for the next turn: longer behind than it took.
TEST(LatencyLimit, a_busy_worker_does_not_take_time_from_others_answers) {
  LatencyLimit limit(20ms);
  Instant now = Instant{} + 1h;
  for (int i = 0; i < 1000 && limit.limit() == LatencyLimit::unlimited; ++i) {
    answer(limit, now, 1, 1ms, time(10ms, 2s));
    answer(limit, now, 1, 1ms, time(400ms));
  }
  EXPECT_NE(limit.limit(), LatencyLimit::unlimited) << "200 ms on average instead of 20";
}

}  // namespace
}  // namespace daruma::health
