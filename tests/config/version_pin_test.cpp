// SPDX-License-Identifier: MIT
// Against tests/config/versions.json, which the PyPI package `packaging` made
// (tools/make_version_golden.py).
#include "config/version_pin.h"

#include <gtest/gtest.h>

#include <set>

#include "base/json.h"

namespace bantam {
namespace {

const Json& golden() {
  static const Json json =
      read_json_file(BANTAM_TEST_DIR "/config/versions.json");
  return json;
}

std::vector<Version> flat_versions() {
  std::vector<Version> versions;
  for (const Json& group : golden()["ranked"]) {
    for (const Json& text : group) {
      versions.push_back(Version::parse(text.get<std::string>()).value());
    }
  }
  return versions;
}

TEST(Version, NormalForms) {
  for (const Json& entry : golden()["versions"]) {
    const std::string text = entry[0];
    const auto version = Version::parse(text);
    ASSERT_EQ(version.has_value(), !entry[1].is_null()) << '"' << text << '"';
    if (version) {
      EXPECT_EQ(version->text(), entry[1].get<std::string>()) << text;
    }
  }
}

TEST(Version, Order) {
  std::vector<std::pair<size_t, Version>> ranked;
  size_t rank = 0;
  for (const Json& group : golden()["ranked"]) {
    for (const Json& text : group) {
      ranked.emplace_back(
          rank, Version::parse(text.get<std::string>()).value());
    }
    ++rank;
  }
  ASSERT_GT(rank, 100u);
  for (const auto& [rank_a, a] : ranked) {
    for (const auto& [rank_b, b] : ranked) {
      const std::weak_ordering order = a <=> b;
      EXPECT_EQ(order < 0, rank_a < rank_b) << a.text() << " " << b.text();
      EXPECT_EQ(order == 0, rank_a == rank_b) << a.text() << " " << b.text();
    }
  }
}

TEST(VersionPin, Contains) {
  const std::vector<Version> versions = flat_versions();
  size_t ranges = 0, others = 0;
  for (const Json& entry : golden()["pins"]) {
    const std::string text = entry[0];
    const auto pin = VersionPin::parse(text);
    EXPECT_EQ(pin.has_value(), !entry[1].is_null()) << '"' << text << '"';
    if (!pin || entry[1].is_null()) {
      ++others;
      continue;
    }
    ++ranges;
    const std::set<size_t> inside = entry[1];
    for (size_t i = 0; i < versions.size(); ++i) {
      EXPECT_EQ(pin->contains(versions[i]), inside.contains(i))
          << text << " and " << versions[i].text();
    }
  }
  EXPECT_GT(ranges, 100u);
  EXPECT_GT(others, 50u);
}

TEST(Version, PreReleases) {
  EXPECT_TRUE(Version::parse("1.0rc1")->is_pre_release());
  EXPECT_TRUE(Version::parse("1.0.post1.dev2")->is_pre_release());
  EXPECT_FALSE(Version::parse("1.0.post1+x")->is_pre_release());
}

}  // namespace
}  // namespace bantam
