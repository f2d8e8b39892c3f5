// SPDX-License-Identifier: MIT
#include "memory/memory_monitor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "samples.h"

namespace bantam {
namespace {

using enum Pressure;
using namespace std::chrono_literals;

// True as soon as `condition` holds; false after ten seconds without it.
template <typename Condition>
bool eventually(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

TEST(MemoryMonitor, ReadsRedAgainAtOnceAndStops) {
  ScriptedSource source({at(0, green), at(1, red), at(1, red)});
  std::stop_source stop;
  MemoryMonitor monitor(source, GuardPolicy(), {.stop = stop});
  EXPECT_DOUBLE_EQ(monitor.poll_once(), 0.25);
  EXPECT_EQ(monitor.stop_cause(), StopCause::none);
  EXPECT_FALSE(stop.stop_requested());
  monitor.poll_once();
  EXPECT_EQ(source.taken(), 3);
  EXPECT_EQ(monitor.stop_cause(), StopCause::red);
  EXPECT_TRUE(stop.stop_requested());
  EXPECT_EQ(monitor.report().pressure_max, red);
}

TEST(MemoryMonitor, RedThatVanishesStopsNothing) {
  ScriptedSource source({at(0, red), at(0, green)});
  MemoryMonitor monitor(source, GuardPolicy());
  monitor.poll_once();
  EXPECT_EQ(source.taken(), 2);
  EXPECT_EQ(monitor.stop_cause(), StopCause::none);
}

TEST(MemoryMonitor, FirstCauseStays) {
  std::vector<MemorySample> samples = {
      at(0, green), at(1, red), at(1, red), at(2, green)};
  for (MemorySample& sample : samples) {
    sample.own_swap_bytes = 0;
  }
  samples.back().own_swap_bytes = 9 * kMiB;
  ScriptedSource source(samples);
  MemoryMonitor monitor(source, GuardPolicy());
  for (int i = 0; i < 6; ++i) {
    monitor.poll_once();
  }
  EXPECT_EQ(monitor.stop_cause(), StopCause::red);
  const MonitorReport report = monitor.report();
  ASSERT_TRUE(report.stop);
  EXPECT_EQ(describe(*report.stop), "memory pressure is red");
  // What came after is in the report all the same.
  EXPECT_EQ(report.own_swap_growth_bytes, 9 * kMiB);
}

TEST(MemoryMonitor, WakesWhenTheDwellClockRunsOut) {
  std::vector<MemorySample> samples;
  for (int quarter = 0; quarter <= 39; ++quarter) {
    samples.push_back(at(0.1 + 0.25 * quarter, yellow));
  }
  samples.push_back(at(10.06, yellow));  // a sample that came early
  ScriptedSource source(samples);
  MemoryMonitor monitor(source, GuardPolicy());
  for (int quarter = 0; quarter <= 39; ++quarter) {
    EXPECT_NEAR(monitor.poll_once(), 0.25, 0.0011);
  }
  EXPECT_NEAR(monitor.poll_once(), 0.041, 1e-6);
  EXPECT_EQ(monitor.stop_cause(), StopCause::none);
  monitor.poll_once();
  EXPECT_EQ(monitor.stop_cause(), StopCause::dwell);
}

TEST(MemoryMonitor, TellsWhenToGiveBackAndToShrink) {
  ScriptedSource source(
      {at(0, green),
       at(1, yellow),
       at(2, yellow),
       at(3, green),
       at(5, green),
       at(6, yellow),
       at(7, green),
       at(9, green)});
  MemoryMonitor monitor(source, GuardPolicy());
  monitor.poll_once();
  EXPECT_FALSE(monitor.shrink_prefill());
  EXPECT_FALSE(monitor.take_give_back());
  monitor.poll_once();
  EXPECT_TRUE(monitor.shrink_prefill());
  EXPECT_TRUE(monitor.take_give_back());
  EXPECT_FALSE(monitor.take_give_back());
  monitor.poll_once();
  monitor.poll_once();
  EXPECT_TRUE(monitor.shrink_prefill());
  EXPECT_FALSE(monitor.take_give_back());
  monitor.poll_once();
  EXPECT_FALSE(monitor.shrink_prefill());
  // Nobody took it in time: there is nothing to give back for any more.
  monitor.poll_once();
  monitor.poll_once();
  monitor.poll_once();
  EXPECT_FALSE(monitor.take_give_back());
}

TEST(MemoryMonitor, MeasuresFromTheDecidingSampleToTheAcknowledgement) {
  double now_s = 100;
  ScriptedSource source({at(0, green), at(1, red), at(1, red)});
  MemoryMonitor monitor(
      source, GuardPolicy(), {.now_s = [&] { return now_s; }});
  monitor.acknowledge_stop();  // of nothing
  monitor.poll_once();
  EXPECT_EQ(monitor.report().stop_latency_s, std::nullopt);
  now_s = 101;
  monitor.poll_once();
  EXPECT_EQ(monitor.report().stop_latency_s, std::nullopt);
  now_s = 101.4;
  monitor.poll_once();
  monitor.acknowledge_stop();
  now_s = 109;
  monitor.acknowledge_stop();  // once is enough
  ASSERT_TRUE(monitor.report().stop_latency_s);
  EXPECT_NEAR(*monitor.report().stop_latency_s, 0.4, 1e-9);
}

TEST(MemoryMonitor, WatchdogBitesOnceAfterFiveSeconds) {
  double now_s = 0;
  int bites = 0;
  std::string last_words;
  ScriptedSource source({at(0, green), at(1, red), at(1, red)});
  MemoryMonitor* watched = nullptr;
  MemoryMonitor monitor(
      source,
      GuardPolicy(),
      {.on_stuck =
           [&] {
             ++bites;
             last_words = describe(*watched->report().stop);
           },
       .now_s = [&] { return now_s; }});
  watched = &monitor;
  monitor.poll_once();
  now_s = 60;  // no stop yet: nothing is stuck
  monitor.poll_once();
  now_s = 64.9;
  monitor.poll_once();
  EXPECT_EQ(bites, 0);
  now_s = 65;
  monitor.poll_once();
  monitor.poll_once();
  EXPECT_EQ(bites, 1);
  EXPECT_EQ(last_words, "memory pressure is red");
}

TEST(MemoryMonitor, WatchdogSparesAStopThatWasAcknowledged) {
  double now_s = 0;
  int bites = 0;
  ScriptedSource source({at(0, red), at(0, red)});
  MemoryMonitor monitor(
      source,
      GuardPolicy(),
      {.on_stuck = [&] { ++bites; }, .now_s = [&] { return now_s; }});
  monitor.poll_once();
  ASSERT_EQ(monitor.stop_cause(), StopCause::red);
  now_s = 4.9;
  monitor.acknowledge_stop();
  now_s = 100;
  monitor.poll_once();
  EXPECT_EQ(bites, 0);
}

TEST(MemoryMonitor, ReportsTheRunInShort) {
  std::vector<MemorySample> samples = {
      at(50, green),
      at(50.25, green),
      at(51, yellow),
      at(52, unknown),
      at(52.5, green),
      at(53, green)};
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i].swap_out_bytes = 700 * kMiB + static_cast<int64_t>(i) * 4096;
  }
  ScriptedSource source(samples);
  MemoryMonitor monitor(source, GuardPolicy());
  for (size_t i = 0; i < samples.size(); ++i) {
    monitor.poll_once();
  }
  const MonitorReport report = monitor.report();
  EXPECT_EQ(report.samples, 6);
  EXPECT_EQ(report.unknown_samples, 1);
  EXPECT_EQ(report.pressure_max, yellow);
  EXPECT_EQ(report.machine_swap_growth_bytes, 5 * 4096);
  EXPECT_EQ(report.own_swap_growth_bytes, std::nullopt);
  EXPECT_FALSE(report.stop);
  EXPECT_EQ(report.callback_error, "");
  ASSERT_EQ(report.pressure.size(), 4u);
  const std::vector<std::pair<double, Pressure>> expected = {
      {0, green}, {1, yellow}, {2, unknown}, {2.5, green}};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_DOUBLE_EQ(report.pressure[i].t_s, expected[i].first);
    EXPECT_EQ(report.pressure[i].level, expected[i].second);
  }
}

TEST(MemoryMonitor, PressureIsUnknownIfItAlwaysWas) {
  ScriptedSource source({at(0, unknown), at(1, unknown)});
  MemoryMonitor monitor(source, GuardPolicy({.unknown_accepted = true}));
  monitor.poll_once();
  monitor.poll_once();
  EXPECT_EQ(monitor.report().pressure_max, unknown);
}

TEST(MemoryMonitor, KeepsTheLastChangesOfALongRun) {
  constexpr size_t kChanges = MemoryMonitor::kChangesKept + 100;
  std::vector<MemorySample> samples;
  for (size_t i = 0; i < kChanges; ++i) {
    samples.push_back(
        at(100.0 * static_cast<double>(i), i % 2 == 0 ? green : yellow));
  }
  ScriptedSource source(samples);
  MemoryMonitor monitor(source, GuardPolicy());
  for (size_t i = 0; i < kChanges; ++i) {
    monitor.poll_once();
  }
  const MonitorReport report = monitor.report();
  ASSERT_EQ(report.pressure.size(), MemoryMonitor::kChangesKept);
  EXPECT_EQ(report.pressure_dropped, 100);
  EXPECT_DOUBLE_EQ(report.pressure.front().t_s, 100.0 * 100);
  EXPECT_DOUBLE_EQ(report.pressure.back().t_s, 100.0 * (kChanges - 1));
}

TEST(MemoryMonitor, KeepsSwapNotices) {
  std::vector<MemorySample> samples;
  for (int i = 0; i < 40; ++i) {
    samples.push_back(at(0.25 * i, green));
    samples.back().swap_out_bytes = i * 10 * kMiB;
  }
  ScriptedSource source(samples);
  MemoryMonitor monitor(source, GuardPolicy());
  for (int i = 0; i < 40; ++i) {
    monitor.poll_once();
  }
  const MonitorReport report = monitor.report();
  ASSERT_EQ(report.swap_notices.size(), 1u);
  EXPECT_EQ(report.swap_notices[0].swap_notice, SwapOrigin::ambient);
}

TEST(MemoryMonitor, ShowsEverySampleToItsCallback) {
  ScriptedSource source({at(0, green), at(1, red), at(1, red)});
  std::vector<std::pair<Pressure, GuardAction>> seen;
  MemoryMonitor monitor(
      source,
      GuardPolicy(),
      {.on_sample = [&](const MemorySample& sample, const Verdict& verdict) {
        seen.emplace_back(sample.pressure, verdict.action);
      }});
  monitor.poll_once();
  monitor.poll_once();
  const std::vector<std::pair<Pressure, GuardAction>> expected = {
      {green, GuardAction::carry_on},
      {red, GuardAction::reread},
      {red, GuardAction::stop}};
  EXPECT_EQ(seen, expected);
}

TEST(MemoryMonitor, GuardsOnWhenACallbackThrows) {
  ScriptedSource source({at(0, green), at(1, red), at(1, red)});
  int calls = 0;
  MemoryMonitor monitor(
      source,
      GuardPolicy(),
      {.on_sample = [&](const MemorySample&, const Verdict&) {
        ++calls;
        throw std::runtime_error("the disk is full");
      }});
  monitor.poll_once();
  monitor.poll_once();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(monitor.stop_cause(), StopCause::red);
  EXPECT_EQ(monitor.report().callback_error, "the disk is full");
}

TEST(MemoryMonitor, RefusesSettingsWithoutSense) {
  ScriptedSource source({});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [&](double period_s, double watchdog_s) {
    try {
      const MemoryMonitor monitor(
          source,
          GuardPolicy(),
          {.period_s = period_s, .watchdog_s = watchdog_s});
      return false;
    } catch (const Error& error) {
      return error.code() == ErrorCode::invalid_request;
    }
  };
  EXPECT_TRUE(refused(0, 5));
  EXPECT_TRUE(refused(-1, 5));
  EXPECT_TRUE(refused(1.5, 5));
  EXPECT_TRUE(refused(nan, 5));
  EXPECT_TRUE(refused(0.25, 0));
  EXPECT_TRUE(refused(0.25, nan));
  EXPECT_FALSE(refused(0.25, 5));
}

// The rest runs the thread, with a reader as busy as an engine.

TEST(MemoryMonitorThread, StopsABusyReader) {
  std::vector<MemorySample> samples(20, at(0, green));
  samples.push_back(at(1, red));
  ScriptedSource source(samples);
  std::stop_source stop;
  std::atomic<int> shown{0};
  MemoryMonitor monitor(
      source,
      GuardPolicy(),
      {.period_s = 0.001,
       .on_sample = [&](const MemorySample&, const Verdict&) { ++shown; },
       .stop = stop});
  monitor.start();
  ASSERT_TRUE(eventually([&] {
    static_cast<void>(monitor.shrink_prefill());
    static_cast<void>(monitor.take_give_back());
    static_cast<void>(monitor.report());
    return monitor.stop_cause() != StopCause::none;
  }));
  monitor.acknowledge_stop();
  ASSERT_TRUE(eventually([&] { return stop.stop_requested(); }));
  monitor.finish();
  const MonitorReport report = monitor.report();
  EXPECT_EQ(monitor.stop_cause(), StopCause::red);
  EXPECT_EQ(report.samples, source.taken());
  EXPECT_EQ(report.samples, shown);
  ASSERT_TRUE(report.stop_latency_s);
  EXPECT_GE(*report.stop_latency_s, 0);
  EXPECT_LT(*report.stop_latency_s, 1);
}

TEST(MemoryMonitorThread, WakesCodeThatWaits) {
  ScriptedSource source({at(0, green), at(1, red), at(1, red)});
  std::stop_source stop;
  MemoryMonitor monitor(
      source, GuardPolicy(), {.period_s = 0.01, .stop = stop});
  std::atomic<bool> woken{false};
  const std::stop_callback callback(stop.get_token(), [&] {
    // The cause is there before the request is.
    woken = monitor.stop_cause() == StopCause::red;
  });
  monitor.start();
  EXPECT_TRUE(eventually([&] { return woken.load(); }));
}

TEST(MemoryMonitorThread, EndsAtOnceHoweverLongThePeriod) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    ScriptedSource source({at(0, green)});
    MemoryMonitor monitor(source, GuardPolicy(), {.period_s = 1});
    monitor.start();
    if (i % 2 == 0) {
      EXPECT_TRUE(eventually([&] { return source.taken() > 0; }));
      std::this_thread::sleep_for(2ms);  // now it waits
      monitor.finish();
      monitor.finish();
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(MemoryMonitorThread, SamplesAtItsPeriod) {
  ScriptedSource source({at(0, green)});
  MemoryMonitor monitor(source, GuardPolicy(), {.period_s = 0.02});
  monitor.start();
  std::this_thread::sleep_for(500ms);
  monitor.finish();
  // Never faster; how much slower is the machine's affair.
  EXPECT_GE(source.taken(), 2);
  EXPECT_LE(source.taken(), 40);
}

TEST(MemoryMonitorThread, WatchdogEndsAStuckRun) {
  ScriptedSource source({at(0, red), at(0, red)});
  std::atomic<int> bites{0};
  MemoryMonitor monitor(
      source,
      GuardPolicy(),
      {.period_s = 0.01, .watchdog_s = 0.1, .on_stuck = [&] { ++bites; }});
  monitor.start();
  EXPECT_TRUE(eventually([&] { return bites == 1; }));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(bites, 1);
}

}  // namespace
}  // namespace bantam
