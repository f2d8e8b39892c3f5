// SPDX-License-Identifier: MIT
#include "config/yaml_settings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "refused.h"

namespace bantam {
namespace {

std::map<std::string, SettingValue> settings(std::string_view text) {
  std::map<std::string, SettingValue> found;
  for (FileSetting& setting : parse_settings(text, "f")) {
    found[std::string(setting.setting->key)] = std::move(setting.value);
  }
  return found;
}

std::string refusal_of(std::string_view text) {
  return refused([&] { parse_settings(text, "f"); });
}

TEST(YamlSettings, TheGuidesFile) {
  const auto found =
      read_settings_file(BANTAM_SOURCE_DIR "/examples/inference_config.yaml");
  std::map<std::string, SettingValue> values;
  std::map<std::string, int> lines;
  for (const FileSetting& setting : found) {
    values[std::string(setting.setting->key)] = setting.value;
    lines[std::string(setting.setting->key)] = setting.line;
  }
  const std::map<std::string, SettingValue> expected{
      {"model.repository", std::string("Qwen/Qwen3.6-27B-MLX-3bit")},
      {"model.local_path", std::string("/models/qwen3.6-27b-mlx-3bit")},
      {"runtime.framework", std::string("mlx-lm")},
      {"runtime.version_pin", std::string(">=0.15.0,<0.16.0")},
      {"sampling.temperature", 0.1},
      {"sampling.max_tokens", int64_t{256}},
      {"sampling.max_kv_size", int64_t{1024}},
      {"environment.clean_room", true},
      {"environment.memory_pressure_threshold", std::string("yellow")},
      {"environment.abort_on_swap", std::string("true")},
      {"execution.mode", std::string("single_shot")},
      {"execution.chat_history_limit", int64_t{0}},
      {"execution.thinking_mode", false},
  };
  EXPECT_EQ(values, expected);
  EXPECT_EQ(lines["model.repository"], 3);
  EXPECT_EQ(lines["execution.thinking_mode"], 19);
}

TEST(YamlSettings, Accepts) {
  EXPECT_TRUE(settings("").empty());
  EXPECT_TRUE(settings("# nothing\n").empty());
  EXPECT_TRUE(settings("---\n").empty());
  EXPECT_TRUE(settings("~\n").empty());
  EXPECT_TRUE(settings("sampling:\n  # temperature: 1\nmodel:\n").empty());
  EXPECT_TRUE(settings("{}").empty());
  const SettingValue seven = int64_t{7};
  EXPECT_EQ(settings("sampling: {top_k: 7}")["sampling.top_k"], seven);
  EXPECT_EQ(settings("{sampling: {top_k: 7}}")["sampling.top_k"], seven);
  EXPECT_EQ(settings("sampling:\r\n  top_k: 7\r\n")["sampling.top_k"], seven);
  EXPECT_EQ(
      settings("\xEF\xBB\xBFsampling:\n  top_k: 7")["sampling.top_k"], seven);
  EXPECT_EQ(settings("\"sampling\":\n  'top_k': 7")["sampling.top_k"], seven);
  EXPECT_EQ(settings("sampling:\n  top_k:\t7\t# x")["sampling.top_k"], seven);
  EXPECT_EQ(
      settings(
          "%YAML 1.2\n---\nsampling:\n  top_k: 7\n...\n")["sampling.top_k"],
      seven);
  EXPECT_EQ(
      settings("execution:\n  system_prompt: |\n    a\n    \tb\n")
          ["execution.system_prompt"],
      SettingValue(std::string("a\n\tb\n")));
  EXPECT_EQ(
      settings("sampling:\n  stop: [\"1\", b, 'c d', é]\n")["sampling.stop"],
      SettingValue(std::vector<std::string>{"1", "b", "c d", "é"}));
  EXPECT_EQ(
      settings(
          "sampling:\n  stop:\n  - x\n  - \"\"\n  top_k: 7\n")["sampling.stop"],
      SettingValue(std::vector<std::string>{"x", ""}));
  EXPECT_EQ(
      settings("environment:\n  ram: \"16GiB\"\n  budget: 4096\n")
          ["environment.budget"],
      SettingValue(int64_t{4096}));
  EXPECT_EQ(
      settings("environment:\n  abort_on_swap: \"strict\"\n")
          ["environment.abort_on_swap"],
      SettingValue(std::string("strict")));
}

struct Case {
  const char* text;
  const char* begins;  // the place and the start of the message
  const char* holds;   // what must be in the rest
};

TEST(YamlSettings, Refuses) {
  constexpr Case kCases[] = {
      // Unknown and duplicate keys.
      {"samplin:\n  top_k: 7\n", "f:1:1: unknown section samplin", "sampling?"},
      {"sampling:\n  topk: 7\n", "f:2:3: unknown key sampling.topk", "top_k?"},
      {"temperature: 1\n", "f:1:1: unknown section", "sampling.temperature?"},
      {"sampling:\n  top_k: 1\n  top_k: 2\n",
       "f:3:3: sampling.top_k",
       "line 2"},
      {"sampling: {top_k: 1, top_k: 1}\n", "f:1:22: sampling.top_k", "twice"},
      {"model:\nsampling:\nmodel:\n", "f:3:1: model", "line 1"},
      {"sampling:\n  \"top_k\": 1\n  top_k: 2\n", "f:3:3: ", "twice"},
      // Wrong types.
      {"sampling:\n  max_tokens: \"256\"\n", "f:2:15: ", "write 256"},
      {"sampling:\n  max_tokens: 'x'\n", "f:2:15: ", "a whole number"},
      {"sampling:\n  max_tokens: 2.5\n", "f:2:15: ", "\"2.5\" is not a whole"},
      {"sampling:\n  max_tokens: [1]\n", "f:2:15: ", "not a list"},
      {"sampling:\n  max_tokens: {a: 1}\n", "f:2:15: ", "not a mapping"},
      {"sampling:\n  max_tokens:\n", "f:2:3: ", "has no value"},
      {"sampling:\n  max_tokens: ~\n", "f:2:3: ", "has no value"},
      {"sampling:\n  max_tokens: null\n", "f:2:3: ", "has no value"},
      {"execution:\n  thinking_mode: yes\n", "f:2:18: ", "true or false"},
      {"execution:\n  thinking_mode: \"true\"\n", "f:2:18: ", "write true"},
      {"execution:\n  thinking_mode: 1\n", "f:2:18: ", "true or false"},
      {"execution:\n  mode: singleshot\n", "f:2:9: ", "mean single_shot?"},
      {"environment:\n  abort_on_swap: \"true\"\n", "f:2:18: ", "write true"},
      {"model:\n  name: 42\n", "f:2:9: ", "\"42\""},
      {"model:\n  name: true\n", "f:2:9: ", "\"true\""},
      {"sampling:\n  stop: x\n", "f:2:9: ", "must be a list"},
      {"sampling:\n  stop: [1]\n", "f:2:10: ", "\"1\""},
      {"sampling:\n  stop: [a, ~]\n", "f:2:13: ", "is empty"},
      {"sampling:\n  stop: [[a]]\n", "f:2:10: ", "not a list"},
      {"sampling:\n  stop: [{a: b}]\n", "f:2:10: ", "not a mapping"},
      {"sampling: 5\n", "f:1:11: settings must stand under", "sampling:"},
      {"sampling: [a]\n", "f:1:11: a list where", "sampling:"},
      {"- a\n", "f:1:1: a list where", "sections"},
      {"hello\n", "f:1:1: sections", ""},
      {"42", "f:1:1: sections", ""},
      {"? [a]\n: b\n", "f:1:3: a list cannot be a key", ""},
      {"sampling:\n  ? {a: b}\n  : 1\n", "f:2:5: a mapping cannot", ""},
      {"~: 1\n", "f:1:1: ", "a key is missing"},
      {"runtime:\n  version_pin: 0.15\n", "f:2:16: ", "\"0.15\""},
      {"runtime:\n  version_pin: \"^1.2\"\n", "f:2:16: ", "range of versions"},
      // Ranges and numbers that are none.
      {"sampling:\n  top_p: 1.5\n", "f:2:10: ", "between 0 and 1"},
      {"sampling:\n  temperature: -1\n", "f:2:16: ", "between 0 and 100"},
      {"sampling:\n  temperature: .nan\n", "f:2:16: ", "not a number"},
      {"sampling:\n  temperature: nan\n", "f:2:16: ", "not a number"},
      {"sampling:\n  temperature: .inf\n", "f:2:16: ", "not a number"},
      {"sampling:\n  temperature: 1e999\n", "f:2:16: ", "not a number"},
      {"sampling:\n  max_tokens: 99999999999999999999\n", "f:2:15: ", "whole"},
      {"sampling:\n  max_kv_size: 4\n", "f:2:16: ", "at least 5"},
      // Tabs.
      {"sampling:\n\ttop_k: 7\n", "f:2:1: a tab", "spaces"},
      {"sampling:\n  top_p: 1\n\ttop_k: 7\n", "f:3:1: a tab", "spaces"},
      {"sampling:\n \ttop_k: 7\n", "f:2:2: a tab", "spaces"},
      {"\tsampling:\n", "f:1:1: a tab", "spaces"},
      {"sampling: {\n\ttop_k: 7}\n", "f:2:1: a tab", "spaces"},
      // What could expand or hide something.
      {"sampling: &a\n  top_k: 7\n", "f:1:11: anchors", ""},
      {"sampling:\n  top_k: &a 7\n", "f:2:10: anchors", ""},
      {"sampling:\n  top_k: *a\n", "f:2:10: ", ""},
      {"sampling:\n  <<: *a\n", "f:2:3: unknown key sampling.<<", ""},
      {"sampling:\n  top_k: !!int 7\n", "f:2:10: tags", ""},
      {"model:\n  name: !x y\n", "f:2:9: tags", ""},
      {"sampling: {}\n---\nmodel: {}\n", "f:2:1: a second document", ""},
      {"sampling: {}\n...\nmodel: {}\n", "f:3:1: a second document", ""},
      {" sampling:\nmodel:\n", "f:2:1: a second document", "indentation"},
      // Not YAML at all.
      {"sampling:\n  top_k: [7\n", "f:2:10: ", "not a list"},
      {"sampling: {top_k: 7\n", "f:2:1: not valid YAML", ""},
      {"sampling:\n  top_k: 7: 8\n", "f:2:11: not valid YAML", ""},
      {"sampling:\n  top_k: @7\n", "f:2:10: not valid YAML", ""},
      // yaml-cpp 0.7 lets a quote run to the end of the file.
      {"model:\n  name: \"x\n", "f:3:1: not valid YAML", "not closed"},
      {"model:\n  name: 'x\n\n", "f:4:1: not valid YAML", "not closed"},
      {"model:\n  name: \"x\noutput:\n", "f:4:1: not valid", "not closed"},
      {"model:\n  name: \"x", "f:2:11: not valid YAML", "not closed"},
      {"a\x01", "f:1:2: a control character (0x01)", ""},
      {"sampling:\n\x04", "f:2:1: a control character (0x04)", ""},
      {"model:\n  name: \xFF\n", "f:2:9: not valid UTF-8: byte 0xFF", ""},
  };
  for (const Case& test : kCases) {
    const std::string message = refusal_of(test.text);
    EXPECT_TRUE(message.starts_with(test.begins))
        << test.text << "\n  " << message;
    EXPECT_NE(message.find(test.holds), std::string::npos)
        << test.text << "\n  " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(YamlSettings, RefusesZeroBytes) {
  EXPECT_EQ(
      refusal_of(std::string_view("model:\n\0", 8)),
      "f:2:1: a control character (0x00)");
}

// Nested or repeated as much as the size limit allows: refused at once.
TEST(YamlSettings, BombsAreRefused) {
  const auto many = [](const std::string& text) {
    std::string bomb;
    while (bomb.size() + text.size() < 250'000) {
      bomb += text;
    }
    return bomb;
  };
  for (const char* text :
       {"[",
        "{",
        "{a: ",
        "- ",
        "? ",
        "a: &a [*a, ",
        "!",
        "&",
        "*",
        "\"",
        "'",
        "|",
        "-\n",
        "a:\n "}) {
    EXPECT_NE(refusal_of(many(text)), "") << text;
    EXPECT_NE(refusal_of("sampling:\n  stop: " + many(text)), "") << text;
  }
  EXPECT_NE(refusal_of(many("a: 1\n")), "");
  EXPECT_EQ(
      refusal_of(std::string((1 << 18) + 1, '#')),
      "f: larger than 262144 bytes; is it a configuration?");
}

TEST(YamlSettings, ReadsFiles) {
  const std::string missing = refused([] { read_settings_file("nowhere.y"); });
  EXPECT_NE(
      missing.find("nowhere.y: the configuration cannot be read"),
      std::string::npos)
      << missing;
  EXPECT_NE(refused([] { read_settings_file("/"); }), "");
  const std::string path =
      BANTAM_BUILD_DIR "/yaml_settings_" + std::to_string(::getpid()) + ".yaml";
  std::ofstream(path) << "sampling:\n  top_k: 0.5\n";
  EXPECT_TRUE(refused([&] {
                read_settings_file(path);
              }).starts_with(path + ":2:10: sampling.top_k"));
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace bantam
