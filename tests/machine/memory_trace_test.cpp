// SPDX-License-Identifier: MIT
#include "machine/memory_trace.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "fake_tree.h"
#include "machine/trace_fields.h"

namespace bantam {
namespace {

std::string error_of(std::string_view text) {
  try {
    parse_memory_trace(text, "t.jsonl");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_request) << error.what();
    return error.what();
  }
  return "";
}

// The example of the format's description.
constexpr std::string_view kFull =
    R"({"t_s": 0.25, "pressure": "yellow", "available_bytes": 1,)"
    R"( "total_bytes": 2, "swap_used_bytes": 3, "swap_in_bytes": 4,)"
    R"( "swap_out_bytes": 5, "own_footprint_bytes": 6, "own_swap_bytes": 7,)"
    R"( "apps": [{"name": "Docker Desktop", "bytes": 8}, {"name": "Zoom"}]})";

TEST(MemoryTrace, ReadsEveryField) {
  const auto samples = parse_memory_trace(kFull, "t.jsonl");
  ASSERT_EQ(samples.size(), 1u);
  const MemorySample& sample = samples[0];
  EXPECT_EQ(sample.t_s, 0.25);
  EXPECT_EQ(sample.pressure, Pressure::yellow);
  EXPECT_EQ(sample.available_bytes, 1);
  EXPECT_EQ(sample.total_bytes, 2);
  EXPECT_EQ(sample.swap_used_bytes, 3);
  EXPECT_EQ(sample.swap_in_bytes, 4);
  EXPECT_EQ(sample.swap_out_bytes, 5);
  EXPECT_EQ(sample.own_footprint_bytes, 6);
  EXPECT_EQ(sample.own_swap_bytes, 7);
  ASSERT_EQ(sample.apps->size(), 2u);
  EXPECT_EQ(sample.apps->at(0).name, "Docker Desktop");
  EXPECT_EQ(sample.apps->at(0).bytes, 8);
  EXPECT_FALSE(sample.apps->at(1).bytes);
}

TEST(MemoryTrace, AMissingFieldIsNotKnown) {
  const auto samples = parse_memory_trace("{\"t_s\":0}\n{\"t_s\":0}\r\n", "t");
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].pressure, Pressure::unknown);
  for (const TraceField& field : kTraceFields) {
    EXPECT_FALSE(samples[0].*field.member) << field.name;
  }
  EXPECT_FALSE(samples[0].apps);
}

TEST(MemoryTrace, WholeNumbersMayBeWrittenWithAFraction) {
  const auto samples = parse_memory_trace(
      R"({"t_s": 1, "total_bytes": 17179869184.0, "swap_in_bytes": 9223372036854775807})",
      "t");
  EXPECT_EQ(samples[0].total_bytes, int64_t{16} << 30);
  EXPECT_EQ(samples[0].swap_in_bytes, INT64_MAX);
}

TEST(MemoryTrace, ErrorsNameTheLineAndTheField) {
  struct Case {
    std::string_view text;
    std::string_view error;
  };
  for (const Case& c : {
           Case{"", "t.jsonl:1: the memory trace has no samples"},
           Case{"{\"t_s\":0}\n{\"t_s\":", "t.jsonl:2:"},
           Case{"{\"t_s\":0}\n{\"t_s\":1", "t.jsonl:2:"},
           Case{"\n{\"t_s\":0}\n", "t.jsonl:1: empty line"},
           Case{"{\"t_s\":0}\n \n", "t.jsonl:2: empty line"},
           Case{"[]", "t.jsonl:1: a sample must be a JSON object"},
           Case{"{}", "t.jsonl:1: t_s is missing"},
           Case{"{\"t_s\":NaN}", "t.jsonl:1:8:"},
           Case{"{\"t_s\":1e999}", "t.jsonl:1:"},
           Case{"{\"t_s\":-1}", "t.jsonl:1: t_s must be finite"},
           Case{"{\"t_s\":\"0\"}", "t.jsonl:1: t_s must be a number"},
           Case{"{\"t_s\":null}", "t.jsonl:1: t_s must be a number"},
           Case{
               "{\"t_s\":2}\n{\"t_s\":1}",
               "t.jsonl:2: t_s 1 is before the sample above it, 2"},
           Case{
               "{\"t_s\":0,\"pressure\":\"Green\"}",
               "t.jsonl:1: pressure must be"},
           Case{"{\"t_s\":0,\"pressure\":1}", "t.jsonl:1: pressure must be"},
           Case{
               "{\"t_s\":0,\"total_bytes\":-1}",
               "t.jsonl:1: total_bytes must not be negative"},
           Case{
               "{\"t_s\":0,\"total_bytes\":1.5}",
               "t.jsonl:1: total_bytes must be a whole number"},
           Case{
               "{\"t_s\":0,\"total_bytes\":\"1\"}",
               "t.jsonl:1: total_bytes must be a number"},
           Case{
               "{\"t_s\":0,\"total_bytes\":null}",
               "t.jsonl:1: total_bytes must be a number"},
           Case{
               "{\"t_s\":0,\"total_bytes\":true}",
               "t.jsonl:1: total_bytes must be a number"},
           Case{
               "{\"t_s\":0,\"total_bytes\":9223372036854775808}",
               "t.jsonl:1: total_bytes is too large"},
           Case{
               "{\"t_s\":0,\"total_bytes\":1e300}",
               "t.jsonl:1: total_bytes is too large"},
           Case{
               "{\"t_s\":0,\"total_byte\":1}",
               "t.jsonl:1: unknown field \"total_byte\", did you mean "
               "\"total_bytes\"?"},
           Case{
               "{\"t_s\":0,\"comment\":1}",
               "t.jsonl:1: unknown field \"comment\""},
           Case{"{\"t_s\":0,\"apps\":{}}", "t.jsonl:1: apps must be a list"},
           Case{"{\"t_s\":0,\"apps\":[1]}", "t.jsonl:1: each of apps"},
           Case{
               "{\"t_s\":0,\"apps\":[{}]}",
               "t.jsonl:1: an entry of apps has no name"},
           Case{
               "{\"t_s\":0,\"apps\":[{\"name\":1}]}",
               "t.jsonl:1: name in apps must be text"},
           Case{
               "{\"t_s\":0,\"apps\":[{\"name\":\"a\",\"bytes\":-2}]}",
               "t.jsonl:1: bytes in apps must not"},
           Case{
               "{\"t_s\":0,\"apps\":[{\"name\":\"a\",\"size\":2}]}",
               "t.jsonl:1: unknown field \"size\" in apps"},
       }) {
    const std::string error = error_of(c.text);
    EXPECT_EQ(error.rfind(c.error, 0), 0u) << c.text << "\n" << error;
  }
}

TEST(MemoryTrace, EveryPrefixOfALineIsRefused) {
  for (size_t size = 1; size < kFull.size(); ++size) {
    EXPECT_NE(error_of(kFull.substr(0, size)), "") << size;
  }
  EXPECT_NE(error_of(std::string(100'000, '[')), "");
}

// tests/machine/traces/README.md names the line of each broken trace.
TEST(MemoryTrace, TheFolderOfTracesIsAsItsReadmeSays) {
  const std::string folder = BANTAM_TEST_DIR "/machine/traces/";
  std::ifstream readme(folder + "README.md");
  int good = 0;
  int broken = 0;
  for (std::string line; std::getline(readme, line);) {
    const size_t end = line.find("` |");
    if (line.rfind("| `", 0) != 0 || end == line.npos) {
      continue;
    }
    const std::string name = line.substr(3, end - 3) + ".jsonl";
    if (std::filesystem::exists(folder + name)) {
      EXPECT_FALSE(read_memory_trace(folder + name).empty()) << name;
      ++good;
      continue;
    }
    ++broken;
    const std::string path = folder + "broken/" + name;
    const size_t number = line.rfind(' ', line.size() - 3) + 1;
    const std::string place =
        path + ":" + line.substr(number, line.size() - 2 - number) + ":";
    try {
      read_memory_trace(path);
      ADD_FAILURE() << name << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_request);
      EXPECT_EQ(std::string(error.what()).rfind(place, 0), 0u) << error.what();
    }
  }
  EXPECT_GE(good, 20);
  EXPECT_GE(broken, 13);
}

TEST(MemoryTrace, AMissingFileIsNotFound) {
  try {
    read_memory_trace("/absent/trace.jsonl");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
}

TEST(MemoryTrace, PressureHasAWordForEachLevel) {
  for (const Pressure pressure :
       {Pressure::unknown, Pressure::green, Pressure::yellow, Pressure::red}) {
    EXPECT_EQ(parse_pressure_word(pressure_word(pressure)), pressure);
  }
  EXPECT_EQ(pressure_word(Pressure::red), "red");
  EXPECT_FALSE(parse_pressure_word("amber"));
}

TEST(TraceWriter, WhatItWritesReplays) {
  const FakeTree tree;
  const std::string path = tree.path("trace.jsonl");
  MemorySample full = parse_memory_trace(kFull, "t")[0];
  full.t_s = 5000.125;
  full.apps->at(0).name = "Quote \" line \n euro \u20ac bad \xff";
  MemorySample empty;
  empty.t_s = 5000.375;
  TraceWriter writer(path);
  writer.write(full);
  EXPECT_EQ(read_memory_trace(path).size(), 1u) << "each line at once";
  writer.write(empty);
  writer.close();
  const auto got = read_memory_trace(path);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].t_s, 0);
  EXPECT_EQ(got[0].pressure, full.pressure);
  for (const TraceField& field : kTraceFields) {
    EXPECT_EQ(got[0].*field.member, full.*field.member) << field.name;
    EXPECT_FALSE(got[1].*field.member);
  }
  ASSERT_EQ(got[0].apps->size(), 2u);
  EXPECT_EQ(got[0].apps->at(0).name, "Quote \" line \n euro \u20ac bad \uFFFD");
  EXPECT_EQ(got[0].apps->at(0).bytes, 8);
  EXPECT_FALSE(got[0].apps->at(1).bytes);
  EXPECT_EQ(got[1].t_s, 0.25);
  EXPECT_EQ(got[1].pressure, Pressure::unknown);
}

TEST(TraceWriter, WritesTheLineOfTheDescription) {
  const FakeTree tree;
  const std::string path = tree.path("trace.jsonl");
  TraceWriter writer(path);
  writer.write({.t_s = 7, .pressure = Pressure::green, .total_bytes = 16});
  writer.write({.t_s = 7.25, .pressure = Pressure::red});
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(
      text.str(),
      "{\"t_s\": 0, \"pressure\": \"green\", \"total_bytes\": 16}\n"
      "{\"t_s\": 0.25, \"pressure\": \"red\"}\n");
}

TEST(TraceWriter, AFileThatCannotBeMadeIsRefusedAtOnce) {
  try {
    TraceWriter writer("/absent/folder/trace.jsonl");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_request);
    EXPECT_NE(
        std::string(error.what()).find("/absent/folder"), std::string::npos);
  }
}

#ifdef __linux__
TEST(TraceWriter, AFullDiskIsReportedOnceAtTheEnd) {
  TraceWriter writer("/dev/full");
  writer.write({.t_s = 1});
  writer.write({.t_s = 2});
  try {
    writer.close();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("/dev/full"), std::string::npos);
  }
  writer.close();
  writer.write({.t_s = 3});
}
#endif

}  // namespace
}  // namespace bantam
