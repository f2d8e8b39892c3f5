// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "config/run_config.h"
#include "refused.h"

namespace bantam {
namespace {

std::vector<GivenSetting> settings(
    std::initializer_list<const char*> variables) {
  std::vector<const char*> list(variables);
  list.push_back(nullptr);
  return environment_settings(list.data());
}

std::string refusal_of_variable(const char* variable) {
  return refused([&] { settings({variable}); });
}

TEST(Environment, Reads) {
  const auto found = settings(
      {"PATH=/bin",
       "BANTAM_SAMPLING_TEMPERATURE=0.5",
       "BANTAM_SAMPLING_STOP=[\"a\", \"b=c\"]",
       "BANTAM_EXECUTION_SYSTEM_PROMPT=a=b"});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].index, find_setting("sampling.temperature"));
  EXPECT_EQ(found[0].value, SettingValue(0.5));
  EXPECT_EQ(found[0].from, "env BANTAM_SAMPLING_TEMPERATURE");
  EXPECT_EQ(found[1].value, SettingValue(std::vector<std::string>{"a", "b=c"}));
  EXPECT_EQ(found[2].value, SettingValue(std::string("a=b")));
}

// Empty is not set; the build's and the program's own variables are no
// settings.
TEST(Environment, PassesOver) {
  EXPECT_TRUE(settings({"BANTAM_SAMPLING_TEMPERATURE=",
                        "BANTAM_SMOLLM2=/x",
                        "BANTAM_SKIP_PACKAGES=1",
                        "BANTAM_KERNELS=portable",
                        "BANTAM_CONFIG=/x.yaml",
                        "bantam_sampling_seed=1",
                        "BANTAM",
                        "XBANTAM_SAMPLING_SEED=x",
                        ""})
                  .empty());
}

TEST(Environment, Refuses) {
  EXPECT_EQ(
      refusal_of_variable("BANTAM_SAMPLING_TOP_P=2"),
      "BANTAM_SAMPLING_TOP_P: \"2\" is not a number between 0 and 1");
  EXPECT_EQ(
      refusal_of_variable("BANTAM_TEMP=1"),
      "the environment variable BANTAM_TEMP is no setting (did you mean "
      "BANTAM_SAMPLING_TEMPERATURE?); unset it");
  EXPECT_EQ(
      refusal_of_variable("BANTAM_FLUX=1"),
      "the environment variable BANTAM_FLUX is no setting; unset it");
  for (const char* wrong :
       {"BANTAM_SAMPLING_STOP=x",
        "BANTAM_SAMPLING_STOP=[1]",
        "BANTAM_SAMPLING_STOP={\"a\": \"b\"}",
        "BANTAM_SAMPLING_STOP=[\"a\"",
        "BANTAM_OUTPUT_JSON=yes",
        "BANTAM_RUNTIME_DEVICE=tpu"}) {
    EXPECT_NE(refusal_of_variable(wrong), "") << wrong;
  }
}

}  // namespace
}  // namespace bantam
