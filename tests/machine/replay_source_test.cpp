// SPDX-License-Identifier: MIT
#include "machine/replay_source.h"

#include <gtest/gtest.h>

#include "allocation_count.h"
#include "base/error.h"
#include "fake_tree.h"
#include "machine/this_machine.h"

namespace bantam {
namespace {

class ReplayTest : public testing::Test {
 protected:
  ReplayMemorySource play(const std::string& text) {
    tree_.write("trace.jsonl", text);
    return ReplayMemorySource(
        tree_.path("trace.jsonl"), [this] { return now_s_; });
  }

  FakeTree tree_;
  double now_s_ = 300;
};

TEST_F(ReplayTest, ASampleHoldsUntilTheNextAndTheLastForEver) {
  ReplayMemorySource source = play(
      "{\"t_s\": 0, \"pressure\": \"green\", \"total_bytes\": 1}\n"
      "{\"t_s\": 1, \"pressure\": \"yellow\"}\n"
      "{\"t_s\": 1, \"pressure\": \"red\"}\n"
      "{\"t_s\": 2.5, \"pressure\": \"green\"}\n");
  EXPECT_EQ(source.sample().pressure, Pressure::green);
  EXPECT_EQ(source.sample().total_bytes, 1);
  now_s_ = 300.99;
  EXPECT_EQ(source.sample().pressure, Pressure::green);
  now_s_ = 301;
  EXPECT_EQ(source.sample().pressure, Pressure::red);
  EXPECT_FALSE(source.sample().total_bytes);
  now_s_ = 302.5;
  EXPECT_EQ(source.sample().pressure, Pressure::green);
  now_s_ = 1e6;
  EXPECT_EQ(source.sample().pressure, Pressure::green);
  // Time goes on while a sample holds: a policy counts it.
  EXPECT_EQ(source.sample().t_s, 1e6 - 300);
}

TEST_F(ReplayTest, TheFirstSampleHoldsFromTheStart) {
  ReplayMemorySource source = play(
      "{\"t_s\": 1, \"pressure\": \"green\", \"total_bytes\": 1,"
      " \"apps\": [{\"name\": \"Zoom\"}]}\n");
  EXPECT_EQ(source.sample().pressure, Pressure::green);
  EXPECT_EQ(source.sample().total_bytes, 1);
  EXPECT_EQ(source.sample().t_s, 0);
  EXPECT_EQ(source.sample_with_apps().apps->at(0).name, "Zoom");
}

TEST_F(ReplayTest, TheNewestListOfApplicationsHolds) {
  ReplayMemorySource source = play(
      "{\"t_s\": 0, \"apps\": [{\"name\": \"Zoom\", \"bytes\": 3}]}\n"
      "{\"t_s\": 1}\n"
      "{\"t_s\": 2, \"apps\": []}\n");
  EXPECT_FALSE(source.sample().apps);
  EXPECT_EQ(source.sample_with_apps().apps->at(0).name, "Zoom");
  now_s_ += 1.5;
  EXPECT_EQ(source.sample_with_apps().apps->at(0).bytes, 3);
  now_s_ += 1;
  EXPECT_TRUE(source.sample_with_apps().apps->empty());
}

TEST_F(ReplayTest, DoesNotAllocateInASample) {
  ReplayMemorySource source =
      play("{\"t_s\": 0, \"apps\": [{\"name\": \"Zoom\"}]}\n");
  const int64_t before = allocation_count();
  source.sample();
  EXPECT_EQ(allocation_count(), before);
}

TEST_F(ReplayTest, IsMadeFromItsSpelling) {
  tree_.write("a:b.jsonl", "{\"t_s\": 0, \"pressure\": \"yellow\"}\n");
  const auto source = make_memory_source("replay:" + tree_.path("a:b.jsonl"));
  EXPECT_EQ(source->sample().pressure, Pressure::yellow);
  EXPECT_NE(source->describe().find("a:b.jsonl"), std::string::npos);
  for (const char* spec : {"", "replay:", "replay", "Live", "live:x", "file"}) {
    try {
      make_memory_source(spec);
      ADD_FAILURE() << spec;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_request);
    }
  }
}

}  // namespace
}  // namespace bantam
