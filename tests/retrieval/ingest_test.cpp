// SPDX-License-Identifier: MIT
#include "retrieval/ingest.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "../base/temporary_folder.h"
#include "base/error.h"
#include "fake_embedder.h"

namespace bantam {
namespace {

using namespace std::string_literals;

class IngestTest : public testing::Test {
 protected:
  IngestTest() : index_(out_.at("i.db"), DatabaseMode::create) {}

  IngestReport add() { return ingest(index_, embedder_, {docs_.path()}); }

  TemporaryFolder docs_, out_;
  FakeEmbedder embedder_;
  DocumentIndex index_;
};

TEST_F(IngestTest, TakesOnlyWhatChanged) {
  docs_.write("a.md", "# Apple\nan apple a day\n");
  docs_.write("b.txt", "a river\n");
  IngestReport report = add();
  EXPECT_EQ(report.added, 2);
  EXPECT_EQ(report.chunks, 2);
  const size_t before = embedder_.embedded;
  report = add();
  EXPECT_EQ(report.unchanged, 2);
  EXPECT_EQ(embedder_.embedded, before);
  docs_.write("b.txt", "an engine\n");
  std::filesystem::remove(docs_.at("a.md"));
  report = add();
  EXPECT_EQ(report.updated, 1);
  EXPECT_EQ(report.removed, 1);
  EXPECT_EQ(index_.documents().size(), 1u);
  EXPECT_TRUE(index_.check().empty());
}

TEST_F(IngestTest, CountsWhatItCannotTake) {
  docs_.write(
      "program",
      "\x7F"
      "ELF\0\0"s);
  docs_.write("bomb.zip", "PK\x03\x04" + std::string(100, 'x'));
  docs_.write("latin1.txt", "caf\xE9 and an apple\n");
  docs_.write("empty.txt", "");
  docs_.write("nul.txt", std::string(9000, 'a') + " \0 river\n"s);
  const IngestReport report = add();
  EXPECT_EQ(report.added, 3);
  std::map<std::string, SkipReason> reasons;
  for (const Skipped& skipped : report.skipped) {
    reasons[std::filesystem::path(skipped.path).filename().string()] =
        skipped.reason;
  }
  EXPECT_EQ(
      reasons,
      (std::map<std::string, SkipReason>{
          {"program", SkipReason::binary}, {"bomb.zip", SkipReason::archive}}));
  EXPECT_EQ(index_.find(docs_.at("latin1.txt"))->encoding, "windows-1252");
}

// What is quoted is where the chunk says: bytes and lines of the file.
TEST_F(IngestTest, PlacesPointIntoTheFile) {
  std::string text;
  for (int i = 1; i <= 400; ++i) {
    text += "Zeile " + std::to_string(i) +
        ": Stra\xDF"
        "e und apple\n";
  }
  const std::string path = docs_.write("a.txt", text);
  add();
  const auto matches = index_.search_words("zeile 321", 1);
  ASSERT_EQ(matches.size(), 1u);
  const Chunk chunk = index_.chunk(matches[0].chunk).chunk;
  const auto begin = static_cast<size_t>(chunk.byte_begin);
  const std::string bytes =
      text.substr(begin, static_cast<size_t>(chunk.byte_end) - begin);
  const std::string first = "Zeile " + std::to_string(chunk.line_first) + ":";
  EXPECT_TRUE(bytes.starts_with(first)) << bytes.substr(0, 40);
  EXPECT_TRUE(chunk.text.starts_with(first));
  EXPECT_TRUE(bytes.ends_with("apple"));
  EXPECT_NE(
      bytes.find("Zeile " + std::to_string(chunk.line_last) + ":"), bytes.npos);
  EXPECT_LE(chunk.line_first, 321);
  EXPECT_GE(chunk.line_last, 321);
}

TEST_F(IngestTest, StopsWhenTold) {
  for (int i = 0; i < 300; ++i) {
    docs_.write("f" + std::to_string(i), "apple " + std::to_string(i));
  }
  std::stop_source stop;
  const IngestReport report = ingest(
      index_,
      embedder_,
      {docs_.path()},
      {},
      [&](const IngestProgress& progress) {
        if (progress.chunks_done > 100) {
          stop.request_stop();
        }
      },
      stop.get_token());
  EXPECT_TRUE(report.cancelled);
  EXPECT_GT(report.added, 0);
  EXPECT_LT(report.added, 300);
  EXPECT_EQ(add().added, 300 - report.added);
  EXPECT_TRUE(index_.check().empty());
}

TEST_F(IngestTest, RefusesAnotherModel) {
  docs_.write("a", "apple");
  add();
  FakeEmbedder other("other");
  EXPECT_THROW(ingest(index_, other, {docs_.path()}), Error);
}

}  // namespace
}  // namespace bantam
