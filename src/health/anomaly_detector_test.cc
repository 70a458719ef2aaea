// SPDX-License-Identifier: Apache-2.0
#include "health/anomaly_detector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"

namespace daruma::health {
namespace {

model::TargetKey key(size_t i) {
  return {"group", "10.0.0." + std::to_string(i + 1), 80};
}

double uniform(Random& random) {
  return (static_cast<double>(random.below(1u << 30)) + 0.5) / (1u << 30);
}

// How one target does: errors by chance, times by chance.
struct Manner {
  double errors = 0;
  std::function<Duration(Random&)> takes = [](Random& random) {
    return Duration(static_cast<int64_t>(-20e6 * std::log(uniform(random))));  // 20 ms on average
  };
};

Duration twice(Random& random) {
  return 2 * Manner().takes(random);
}

// A group under weighted random: each look sees five seconds of requests, dealt by the weights.
class Crowd {
 public:
  Crowd(size_t targets, int requests_per_second, uint64_t seed)
      : manners(targets),
        healthy(targets, true),
        in_play(targets, true),
        rate_(requests_per_second),
        random_(seed) {}

  std::vector<Manner> manners;
  std::vector<bool> healthy;
  std::vector<bool> in_play;
  bool mitigate = true;
  AnomalyDetector detector;

  void look() {
    std::vector<AnomalyDetector::Observation> observations;
    uint64_t weights = 0;
    for (size_t i = 0; i < manners.size(); ++i) {
      observations.push_back({.target = key(i), .healthy = healthy[i], .since_last_look = {}});
      if (asked(i)) weights += verdict(i).weight;
    }
    for (int r = 0; r < rate_ * 5 && weights > 0; ++r) {
      uint64_t draw = random_.below(weights);
      size_t chosen = 0;
      while (!asked(chosen) || draw >= verdict(chosen).weight) {
        if (asked(chosen)) draw -= verdict(chosen).weight;
        ++chosen;
      }
      ask(manners[chosen], observations[chosen].since_last_look);
    }
    detector.look(observations, mitigate);
  }
  void look(int times) {
    for (int i = 0; i < times; ++i) look();
  }
  AnomalyDetector::Verdict verdict(size_t i) const { return detector.verdict(key(i)); }
  // Looks until it holds; how many it took, or more than a hundred.
  int looks_until(const std::function<bool()>& holds) {
    int looks = 0;
    while (!holds() && looks <= 100) {
      look();
      ++looks;
    }
    return looks;
  }
  bool others_are_well(size_t but) const {
    for (size_t i = 0; i < manners.size(); ++i) {
      if (i != but && (verdict(i).anomalous || verdict(i).mitigated())) return false;
    }
    return true;
  }

 private:
  bool asked(size_t i) const { return healthy[i] && in_play[i]; }
  void ask(const Manner& manner, AnomalyEvidence& evidence) {
    ++evidence.requests;
    evidence.errors += uniform(random_) < manner.errors;
    const int bucket = telemetry::Histogram::bucket_of(manner.takes(random_));
    ++evidence.times[static_cast<size_t>(bucket / AnomalyEvidence::buckets_per_class)];
    ++evidence.timed;
  }

  const int rate_;
  Random random_;
};

constexpr int looks_in_a_minute = 12;

struct Fault {
  const char* name;
  Manner manner;
};
const Fault faults[] = {
    {"one error in five", {.errors = 0.2}},
    {"twice as slow", {.takes = twice}},
    {"dead", {.errors = 1}},
};

TEST(AnomalyDetector, brings_a_bad_target_to_its_floor_in_a_minute_and_back) {
  for (const Fault& fault : faults) {
    for (uint64_t seed = 1; seed <= 100; ++seed) {
      SCOPED_TRACE(std::string(fault.name) + ", seed " + std::to_string(seed));
      Crowd crowd(5, 100, seed);
      crowd.look(10);
      crowd.manners[2] = fault.manner;
      const auto at_floor = [&] {
        return crowd.verdict(2).weight == AnomalyDetector::weight_floor;
      };
      ASSERT_LE(crowd.looks_until(at_floor), looks_in_a_minute);
      ASSERT_TRUE(crowd.verdict(2).anomalous);
      crowd.look(20);
      ASSERT_LT(crowd.verdict(2).weight, 400u);  // now and then it is given another chance
      ASSERT_TRUE(crowd.others_are_well(2));
      crowd.manners[2] = {};
      const auto whole = [&] { return !crowd.verdict(2).mitigated(); };
      ASSERT_LE(crowd.looks_until(whole), 2 * looks_in_a_minute);
      ASSERT_FALSE(crowd.verdict(2).anomalous);
    }
  }
}

TEST(AnomalyDetector, needs_three_targets_and_finds_one_of_them) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Crowd two(2, 60, seed);
    two.manners[0].errors = 0.5;
    two.look(looks_in_a_minute);
    EXPECT_FALSE(two.verdict(0).anomalous);
    Crowd three(3, 60, seed);
    three.manners[0].errors = 0.5;
    three.look(looks_in_a_minute);
    EXPECT_TRUE(three.verdict(0).anomalous);
    EXPECT_TRUE(three.others_are_well(0));
  }
}

// Every kind of group whose targets are alike, at every pace: nobody is found, ever. A thousand
// seeds of ten minutes each.
TEST(AnomalyDetector, never_punishes_equals) {
  const Manner kinds[] = {
      {},
      {.errors = 0.05},
      {.errors = 0.5},
      {.errors = 0.02,
       .takes =
           [](Random& random) {  // heavy-tailed
             return Duration(static_cast<int64_t>(5e6 * std::pow(uniform(random), -0.9)));
           }},
      {.takes =
           [](Random& random) {  // two kinds of pages
             return random.chance(1, 2) ? Duration(2ms) : Duration(400ms);
           }},
  };
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    Random draw(seed);
    Crowd crowd(3 + draw.below(8), 1 << draw.below(9), seed);
    for (Manner& manner : crowd.manners) manner = kinds[seed % std::size(kinds)];
    for (int look = 0; look < 10 * looks_in_a_minute; ++look) {
      crowd.look();
      ASSERT_TRUE(crowd.others_are_well(SIZE_MAX)) << "seed " << seed << ", look " << look;
    }
  }
}

// All of them at once: a database that hangs, a bad deployment. It is not they.
TEST(AnomalyDetector, punishes_nobody_for_what_befalls_all) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Crowd crowd(4, 100, seed);
    for (int look = 0; look < 60; ++look) {
      for (Manner& manner : crowd.manners) {
        manner.errors = look % 7 < 2 ? 0.6 : 0;
        manner.takes = look % 5 == 0 ? twice : Manner().takes;
      }
      crowd.look();
      ASSERT_TRUE(crowd.others_are_well(SIZE_MAX)) << seed;
    }
  }
}

// Nor for not having been there before: it joins as the trouble begins.
TEST(AnomalyDetector, punishes_nobody_for_having_joined_in_a_common_outage) {
  struct Outage {
    double errors;
    int times_slower;
  };
  for (const Outage& outage : {Outage{0.6, 1}, Outage{0.2, 1}, Outage{0, 4}}) {
    const auto slow = [&outage](Random& random) {
      return outage.times_slower * Manner().takes(random);
    };
    for (uint64_t seed = 1; seed <= 50; ++seed) {
      Crowd crowd(4, 100, seed);
      crowd.healthy[0] = false;
      crowd.look(10);
      crowd.healthy[0] = true;
      for (Manner& manner : crowd.manners) manner = {.errors = outage.errors, .takes = slow};
      for (int look = 0; look < 16; ++look) {
        if (look == 3)
          for (Manner& manner : crowd.manners) manner = {};
        crowd.look();
        ASSERT_TRUE(crowd.others_are_well(SIZE_MAX)) << seed << ", look " << look;
      }
    }
  }
}

// Nor for having been asked less before: it is given its share again as the trouble begins.
TEST(AnomalyDetector, holds_no_common_outage_against_a_target_that_recovers) {
  for (const int well_for : {7, 8, 10, 12}) {
    for (uint64_t seed = 1; seed <= 50; ++seed) {
      Crowd crowd(4, 100, seed);
      crowd.look(6);
      crowd.manners[1].errors = 0.5;
      crowd.look(8);
      crowd.manners[1] = {};
      crowd.look(well_for);
      if (crowd.verdict(1).anomalous) continue;  // not yet
      for (Manner& manner : crowd.manners) manner.errors = 0.4;
      crowd.look();
      for (Manner& manner : crowd.manners) manner = {};
      for (int look = 0; look < 8; ++look) {
        ASSERT_FALSE(crowd.verdict(1).anomalous) << well_for << ", " << seed << ", look " << look;
        crowd.look();
      }
    }
  }
}

TEST(AnomalyDetector, finds_a_minority_at_most) {
  Crowd crowd(5, 200, 1);
  for (const size_t i : {0, 1, 2}) crowd.manners[i].errors = 0.3;
  crowd.look(looks_in_a_minute);
  int found = 0;
  for (size_t i = 0; i < 5; ++i) found += crowd.verdict(i).anomalous;
  EXPECT_LE(found, 2);
  Crowd two_bad(5, 200, 1);
  for (const size_t i : {0, 4}) two_bad.manners[i].errors = 0.3;
  two_bad.look(looks_in_a_minute);
  for (const size_t i : {0, 4}) EXPECT_TRUE(two_bad.verdict(i).anomalous);
  for (const size_t i : {1, 2, 3}) EXPECT_FALSE(two_bad.verdict(i).anomalous);
}

// Healthy ones that get no requests, in a zone that is not asked, make nobody a minority.
TEST(AnomalyDetector, counts_those_that_are_asked) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Crowd two(4, 60, seed);
    two.in_play[2] = two.in_play[3] = false;
    two.manners[0].errors = 0.5;
    Crowd three(6, 60, seed);
    for (const size_t i : {3, 4, 5}) three.in_play[i] = false;
    three.manners[0].errors = 0.6;
    three.manners[1].errors = 0.25;
    for (int look = 0; look < looks_in_a_minute; ++look) {
      two.look();
      ASSERT_TRUE(two.others_are_well(SIZE_MAX)) << seed;
      three.look();
      ASSERT_LE(three.verdict(0).anomalous + three.verdict(1).anomalous, 1) << seed;
    }
    EXPECT_EQ(three.verdict(0).anomalous + three.verdict(1).anomalous, 1);
  }
}

TEST(AnomalyDetector, lets_verdicts_fade_while_too_few_can_be_compared) {
  Crowd crowd(4, 100, 1);
  crowd.manners[1].errors = 0.9;
  crowd.look(looks_in_a_minute);
  ASSERT_EQ(crowd.verdict(1).weight, AnomalyDetector::weight_floor);
  crowd.healthy[2] = crowd.healthy[3] = false;
  crowd.look();
  EXPECT_TRUE(crowd.verdict(1).anomalous);
  EXPECT_EQ(crowd.verdict(1).weight, AnomalyDetector::weight_floor + 100);
  EXPECT_TRUE(crowd.detector.suspects_somebody());
  crowd.look(looks_in_a_minute);
  EXPECT_EQ(crowd.verdict(1), AnomalyDetector::Verdict());
  EXPECT_FALSE(crowd.detector.suspects_somebody());
  crowd.healthy[2] = crowd.healthy[3] = true;
  crowd.look(looks_in_a_minute);
  EXPECT_TRUE(crowd.verdict(1).anomalous);
}

TEST(AnomalyDetector, only_tells_where_it_may_not_mitigate) {
  Crowd crowd(3, 100, 1);
  crowd.mitigate = false;
  crowd.manners[1].errors = 0.2;
  crowd.look(looks_in_a_minute);
  EXPECT_TRUE(crowd.verdict(1).anomalous);
  EXPECT_FALSE(crowd.verdict(1).mitigated());
  crowd.manners[1].errors = 0;
  crowd.look(looks_in_a_minute);
  EXPECT_FALSE(crowd.verdict(1).anomalous);
}

TEST(AnomalyDetector, an_unhealthy_target_is_out_and_begins_anew) {
  Crowd crowd(4, 100, 1);
  crowd.manners[1].errors = 0.9;
  crowd.look(looks_in_a_minute);
  EXPECT_TRUE(crowd.verdict(1).mitigated());
  crowd.healthy[1] = false;
  crowd.look();
  EXPECT_EQ(crowd.verdict(1), AnomalyDetector::Verdict());
  crowd.healthy[1] = true;
  crowd.manners[1] = {};
  crowd.look(looks_in_a_minute);
  EXPECT_EQ(crowd.verdict(1), AnomalyDetector::Verdict());
}

TEST(AnomalyDetector, asks_a_target_at_its_floor_so_rarely_that_few_requests_fail) {
  Crowd crowd(5, 100, 3);
  crowd.manners[0].errors = 1;
  crowd.look(looks_in_a_minute);
  uint64_t weight = 0;
  for (int i = 0; i < 60; ++i) {
    crowd.look();
    weight += crowd.verdict(0).weight;
  }
  EXPECT_LT(weight / 60, 60u);  // of a thousand
}

TEST(AnomalyEvidence, counts_what_has_come_since) {
  AnomalyEvidence before, now;
  before.requests = 10;
  before.times[3] = 4;
  now.requests = 25;
  now.times[3] = 5;
  now.times[7] = 2;
  const AnomalyEvidence since = now.since(before);
  EXPECT_EQ(since.requests, 15u);
  EXPECT_EQ(since.timed, 3u);
  EXPECT_EQ(since.times[3], 1u);
  EXPECT_EQ(since.times[7], 2u);
  EXPECT_EQ(before.since(now).requests, 10u);  // it has begun anew
}

TEST(AnomalyEvidence, weighs_by_likelihood) {
  EXPECT_EQ(evidence_of(0, 0, 1, 10), 0);
  EXPECT_EQ(evidence_of(1, 10, 1, 10), 0);
  EXPECT_EQ(evidence_of(1, 10, 9, 10), 0);  // the others are worse
  // 3 of 3 against 0 of 6, where together it is one in three.
  EXPECT_NEAR(evidence_of(3, 3, 0, 6), 3 * std::log(3) + 6 * std::log(1.5), 1e-9);
  EXPECT_GT(evidence_of(60, 300, 0, 600), 25);
}

}  // namespace
}  // namespace daruma::health
