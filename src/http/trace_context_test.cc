// SPDX-License-Identifier: Apache-2.0
#include "http/trace_context.h"

#include <gtest/gtest.h>

namespace daruma::http {
namespace {

struct Case {
  const char* value;
  bool good;
};

TEST(TraceContext, goes_on_with_what_is_well_formed) {
  const Case cases[] = {
      {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true},
      {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true},
      {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true},
      {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-brings", true},
      {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false},
      {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more", false},
      {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
      {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
      {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false},
      {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
      {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1", false},
      {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g", false},
      {"00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
      {"", false},
  };
  for (const Case& c : cases) {
    Fields fields;
    fields.add("Traceparent", c.value);
    EXPECT_EQ(has_trace(fields), c.good) << c.value;
  }
}

TEST(TraceContext, of_two_none_is_gone_on_with) {
  const char* good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  Fields fields;
  EXPECT_FALSE(has_trace(fields));
  fields.add("traceparent", good);
  EXPECT_TRUE(has_trace(fields));
  fields.add("traceparent", good);
  EXPECT_FALSE(has_trace(fields));
}

TEST(TraceContext, begins_with_the_id_that_x_amzn_trace_id_has) {
  std::string text;
  begin_trace("1-67891233-abcdef012345678912345678", 0xf067aa0ba902b7, true, text);
  EXPECT_EQ(text, "00-67891233abcdef012345678912345678-00f067aa0ba902b7-01");
  begin_trace("1-67891233-abcdef012345678912345678", 1, false, text);
  EXPECT_EQ(text, "00-67891233abcdef012345678912345678-0000000000000001-00");
  Fields fields;
  fields.add("traceparent", text);
  EXPECT_TRUE(has_trace(fields));
}

}  // namespace
}  // namespace daruma::http
