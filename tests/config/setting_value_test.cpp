// SPDX-License-Identifier: MIT
#include "config/setting_value.h"

#include <gtest/gtest.h>

#include "config/setting_names.h"

namespace bantam {
namespace {

const Setting& row(std::string_view key) {
  return kSettings[find_setting(key).value()];
}

std::optional<SettingValue> parsed(
    std::string_view key,
    std::string_view text) {
  return parse_value(row(key), text);
}

TEST(SettingValue, Numbers) {
  EXPECT_EQ(parsed("sampling.temperature", "0.25"), SettingValue(0.25));
  EXPECT_EQ(parsed("sampling.temperature", "1"), SettingValue(1.0));
  EXPECT_EQ(parsed("sampling.temperature", "1e-1"), SettingValue(0.1));
  EXPECT_EQ(parsed("sampling.temperature", ".5"), SettingValue(0.5));
  EXPECT_EQ(parsed("sampling.presence_penalty", "-2"), SettingValue(-2.0));
  EXPECT_EQ(parsed("sampling.max_tokens", "+7"), SettingValue(int64_t{7}));
  EXPECT_EQ(
      parsed("sampling.seed", "18446744073709551615"),
      SettingValue(~uint64_t{0}));
  for (const char* wrong :
       {"",
        " 1",
        "1 ",
        "warm",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "1e999",
        "0x10",
        "1,5",
        "-0.1",
        "100.5",
        "--1",
        "1.2.3",
        "e5",
        "+",
        "."}) {
    EXPECT_FALSE(parsed("sampling.temperature", wrong)) << wrong;
  }
  for (const char* wrong :
       {"",
        "0",
        "-1",
        "1.0",
        "1e3",
        "99999999999999999999",
        "0x10",
        "+-5",
        "++5",
        "+",
        "5 ",
        "five"}) {
    EXPECT_FALSE(parsed("sampling.max_tokens", wrong)) << wrong;
  }
  EXPECT_FALSE(parsed("sampling.seed", "-1"));
  EXPECT_FALSE(parsed("sampling.seed", "18446744073709551616"));
  EXPECT_FALSE(parsed("sampling.max_kv_size", "4"));
  EXPECT_TRUE(parsed("sampling.max_kv_size", "5"));
  EXPECT_TRUE(parsed("sampling.top_p", "1"));
  EXPECT_FALSE(parsed("sampling.top_p", "1.0000001"));
}

TEST(SettingValue, SizesBooleansChoices) {
  EXPECT_EQ(
      parsed("environment.ram", "16GiB"), SettingValue(int64_t{16} << 30));
  EXPECT_EQ(
      parsed("environment.ram", "10GB"), SettingValue(int64_t{10'000'000'000}));
  EXPECT_EQ(
      parsed("environment.ram", "512MiB"), SettingValue(int64_t{512} << 20));
  EXPECT_EQ(parsed("environment.ram", "4096"), SettingValue(int64_t{4096}));
  for (const char* wrong : {"", "0", "-1", "16 GiB", "16gib", "lots", "1e9"}) {
    EXPECT_FALSE(parsed("environment.ram", wrong)) << wrong;
  }
  EXPECT_EQ(parsed("output.json", "true"), SettingValue(true));
  EXPECT_EQ(parsed("output.verbose", "False"), SettingValue(false));
  for (const char* wrong : {"", "yes", "on", "1", "tRUE"}) {
    EXPECT_FALSE(parsed("output.json", wrong)) << wrong;
  }
  EXPECT_EQ(parsed("runtime.device", "gpu"), SettingValue(std::string("gpu")));
  for (const char* wrong : {"", "GPU", "cpu gpu", "c", "cpu "}) {
    EXPECT_FALSE(parsed("runtime.device", wrong)) << wrong;
  }
}

TEST(SettingValue, RefusalSaysWhatIsWanted) {
  EXPECT_EQ(
      refusal(row("sampling.top_p"), "1.5"),
      "\"1.5\" is not a number between 0 and 1");
  EXPECT_EQ(
      refusal(row("sampling.max_tokens"), "0"),
      "\"0\" is not a whole number of at least 1");
  EXPECT_EQ(
      refusal(row("runtime.kernels"), "nativ"),
      "\"nativ\" is not one of native, portable, mlx; did you mean native?");
}

TEST(SettingValue, Json) {
  const auto json = [](std::string_view key, std::string_view text) {
    return to_json_line(value_json(row(key), parsed(key, text).value()));
  };
  EXPECT_EQ(json("sampling.kv_bits", "8"), "8");
  EXPECT_EQ(json("environment.abort_on_swap", "true"), "true");
  EXPECT_EQ(json("environment.abort_on_swap", "strict"), "\"strict\"");
  EXPECT_EQ(json("sampling.temperature", "0.1"), "0.1");
  EXPECT_EQ(
      json("sampling.seed", "18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(json("model.name", "8"), "\"8\"");
  EXPECT_EQ(
      value_json(row("environment.ram"), std::monostate{}), Json(nullptr));
}

TEST(SettingValue, BareTexts) {
  for (const char* bare : {"1", "-0.5", "true", "False", "~", "null", ""}) {
    EXPECT_TRUE(reads_as_bare(bare)) << bare;
  }
  for (const char* text : {"1.2.3", ">=0.15", "yellow", "1 2", "v1"}) {
    EXPECT_FALSE(reads_as_bare(text)) << text;
  }
}

}  // namespace
}  // namespace bantam
