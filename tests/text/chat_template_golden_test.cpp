// SPDX-License-Identifier: MIT
// Renderings recorded from jinja2 (tools/make_template_golden.py).
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "base/json.h"
#include "text/chat_template.h"

namespace bantam {
namespace {

constexpr const char* kFolder = BANTAM_TEST_DIR "/text/templates/";

// The clock of tools/template_oracle.py.
Json with_clock(Json variables) {
  variables["strftime_now"] = "2024-07-26 09:05:03";
  return variables;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream words;
  words << file.rdbuf();
  return words.str();
}

// Compares with a recorded result: text, {"raises": message} or null.
void expect_recorded(
    const std::string& words,
    const Json& variables,
    const Json& recorded) {
  try {
    const std::string text =
        ChatTemplate(words, "golden").render(variables).text;
    ASSERT_TRUE(recorded.is_string()) << "an error is missing, got: " << text;
    EXPECT_EQ(text, recorded.get<std::string>());
  } catch (const Error& error) {
    ASSERT_FALSE(recorded.is_string()) << error.what();
    EXPECT_NE(error.code(), ErrorCode::internal) << error.what();
    if (recorded.is_object()) {
      EXPECT_EQ(error.what(), recorded["raises"].get<std::string>());
      EXPECT_EQ(error.code(), ErrorCode::invalid_request);
    } else {
      EXPECT_EQ(std::string(error.what()).rfind("golden:", 0), 0)
          << "no place in: " << error.what();
    }
  }
}

TEST(ChatTemplateGolden, small_templates) {
  const Json golden = read_json_file(std::string(kFolder) + "small.json");
  const Json variables = with_clock(golden["variables"]);
  ASSERT_GT(golden["cases"].size(), 3000u);
  for (const Json& row : golden["cases"]) {
    const std::string words = row[0].get<std::string>();
    SCOPED_TRACE(words);
    expect_recorded(words, variables, row[1]);
  }
}

TEST(ChatTemplateGolden, conversations) {
  const Json golden =
      read_json_file(std::string(kFolder) + "conversations.json");
  std::map<std::string, std::string> templates;
  ASSERT_GT(golden["cases"].size(), 400u);
  for (const Json& row : golden["cases"]) {
    const std::string name = row[0].get<std::string>();
    const std::string title = row[1].get<std::string>();
    SCOPED_TRACE(name + " " + title);
    if (!templates.count(name)) {
      templates[name] = read_text(kFolder + name);
    }
    expect_recorded(
        templates[name], with_clock(golden["conversations"][title]), row[2]);
  }
}

}  // namespace
}  // namespace bantam
