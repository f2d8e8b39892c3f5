// SPDX-License-Identifier: MIT
#include "models/config_reader.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace bantam {
namespace {

const Json kConfig = Json::parse(R"({
  "whole": 7, "real": 0.5, "yes": true, "text": "x", "none": null,
  "huge": 18446744073709551615, "inner": {"a": 1}})");
const JsonConfig config(kConfig, "config.json");

TEST(JsonConfig, ReadsTypedValues) {
  EXPECT_EQ(config.integer("whole"), 7);
  EXPECT_EQ(config.number("whole"), 7.0);
  EXPECT_EQ(config.number("real"), 0.5);
  EXPECT_EQ(config.boolean("yes"), true);
  EXPECT_EQ(config.string("text"), "x");
  EXPECT_EQ(config.object("inner")->integer("a"), 1);
  EXPECT_EQ(config.integer("absent"), std::nullopt);
  EXPECT_EQ(config.integer("none"), std::nullopt);
}

TEST(JsonConfig, RefusesOtherTypesNamingTheKey) {
  for (const char* key : {"real", "yes", "text", "inner", "huge"}) {
    try {
      config.integer(key);
      FAIL() << key;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_file);
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos);
    }
  }
  EXPECT_THROW(config.boolean("whole"), Error);
  EXPECT_THROW(config.string("whole"), Error);
  EXPECT_THROW(config.number("text"), Error);
  EXPECT_THROW(config.object("whole"), Error);
}

TEST(JsonConfig, PositiveChecksPresenceAndRange) {
  EXPECT_EQ(positive(1, "n", "f"), 1);
  EXPECT_THROW(positive(std::nullopt, "n", "f"), Error);
  EXPECT_THROW(positive(0, "n", "f"), Error);
  EXPECT_THROW(positive(-4, "n", "f"), Error);
  EXPECT_THROW(positive(int64_t{1} << 31, "n", "f"), Error);
}

}  // namespace
}  // namespace bantam
