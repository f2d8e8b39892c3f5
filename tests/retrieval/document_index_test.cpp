// SPDX-License-Identifier: MIT
#include "retrieval/document_index.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "../base/temporary_folder.h"
#include "base/error.h"

namespace bantam {
namespace {

const VectorModel kTestModel{"test", 2};

IndexedDocument document_of(
    const std::string& path,
    const std::string& sha256,
    const std::vector<std::string>& texts) {
  IndexedDocument out;
  out.document = {
      .path = path,
      .kind = "text",
      .encoding = "utf-8",
      .bytes = 7,
      .sha256 = sha256};
  int64_t line = 1;
  for (const std::string& text : texts) {
    out.chunks.push_back(
        {.byte_begin = 10 * line,
         .byte_end = 10 * line + 9,
         .line_first = line,
         .line_last = line + 1,
         .heading = "H",
         .text = text});
    out.vectors.push_back(line == 1 ? 1.0f : 0.6f);
    out.vectors.push_back(line == 1 ? 0.0f : 0.8f);
    ++line;
  }
  return out;
}

ErrorCode refusal(const std::string& path, DatabaseMode mode) {
  try {
    DocumentIndex index(path, mode);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

class DocumentIndexTest : public testing::Test {
 protected:
  DocumentIndexTest() : index_(folder_.at("i.db"), DatabaseMode::create) {}
  TemporaryFolder folder_;
  DocumentIndex index_;
};

TEST_F(DocumentIndexTest, KeepsDocuments) {
  index_.put(
      std::vector{
          document_of("/a", "1", {"apples are red", "pears are green"}),
          document_of("/b/c", "2", {"rivers run"})},
      kTestModel);
  EXPECT_EQ(index_.chunk_count(), 3);
  const auto words = index_.search_words("Which apple?", 5);
  ASSERT_EQ(words.size(), 1u);
  const auto place = index_.chunk(words[0].chunk);
  EXPECT_EQ(place.path, "/a");
  EXPECT_EQ(place.chunk.text, "apples are red");
  EXPECT_EQ(place_text(place.path, place.kind, place.chunk), "/a:1-2");
  const auto vectors = index_.search_vectors(std::vector{0.0f, 1.0f}, 1);
  ASSERT_EQ(vectors.size(), 1u);
  EXPECT_EQ(index_.chunk(vectors[0].chunk).chunk.text, "pears are green");
  EXPECT_NEAR(vectors[0].score, 0.8, 1e-3);
  EXPECT_TRUE(index_.check().empty());
}

TEST_F(DocumentIndexTest, ReplacesAndRemoves) {
  index_.put(
      std::vector{document_of("/f/a", "1", {"old words", "x"})}, kTestModel);
  index_.put(std::vector{document_of("/f/a", "2", {"new words"})}, kTestModel);
  EXPECT_TRUE(index_.search_words("old", 5).empty());
  EXPECT_EQ(index_.search_words("new", 5).size(), 1u);
  EXPECT_EQ(index_.find("/f/a")->sha256, "2");
  index_.put(std::vector{document_of("/f%", "3", {"kept"})}, kTestModel);
  EXPECT_EQ(index_.remove("/f"), 1);  // not "/f%"
  EXPECT_EQ(index_.documents().size(), 1u);
  EXPECT_EQ(index_.search_vectors(std::vector{1.0f, 0.0f}, 9).size(), 1u);
  EXPECT_TRUE(index_.check().empty());
}

TEST_F(DocumentIndexTest, RefusesVectorsOfAnotherModel) {
  index_.put(std::vector{document_of("/a", "1", {"x"})}, kTestModel);
  EXPECT_THROW(index_.check_model({"other", 2}), Error);
  EXPECT_THROW(
      index_.put(std::vector{document_of("/b", "1", {"x"})}, {"other", 2}),
      Error);
  EXPECT_FALSE(index_.find("/b"));
}

// Another connection, as another process has one, sees whole documents while
// it reads, and the newest afterwards.
TEST_F(DocumentIndexTest, ReadersSeeOneState) {
  index_.put(std::vector{document_of("/a", "1", {"first"})}, kTestModel);
  DocumentIndex other(index_.path(), DatabaseMode::read);
  {
    const Transaction reading = other.read();
    EXPECT_EQ(other.chunk_count(), 1);
    index_.put(std::vector{document_of("/b", "1", {"second"})}, kTestModel);
    EXPECT_EQ(other.chunk_count(), 1);
  }
  EXPECT_EQ(other.chunk_count(), 2);
}

TEST_F(DocumentIndexTest, QueriesOfAnyBytes) {
  index_.put(std::vector{document_of("/a", "1", {"plain words"})}, kTestModel);
  for (const char* query :
       {"",
        "\"",
        "a AND (",
        "NEAR(x y)",
        "*",
        "heading:x",
        "what is it",
        "\xFF\xC3",
        "-words"}) {
    index_.search_words(query, 5);
  }
  EXPECT_EQ(index_.search_words("(plain* AND", 5).size(), 1u);
  EXPECT_EQ(
      words_query("How do I use the Plain words?"),
      "\"plain\" OR \"use\" OR \"words\"");
  EXPECT_EQ(words_query("what is it"), "\"is\" OR \"it\" OR \"what\"");
}

TEST(DocumentIndexFile, RefusesWhatIsNoIndex) {
  const TemporaryFolder folder;
  EXPECT_EQ(
      refusal(folder.at("none"), DatabaseMode::read), ErrorCode::not_found);
  const std::string text = folder.write("text", std::string(9000, 'x'));
  EXPECT_EQ(refusal(text, DatabaseMode::create), ErrorCode::invalid_file);
  const std::string empty = folder.write("empty", "");
  EXPECT_EQ(refusal(empty, DatabaseMode::read), ErrorCode::invalid_file);
  const std::string foreign = folder.at("foreign");
  Database(foreign, DatabaseMode::create).execute("CREATE TABLE t (x)");
  EXPECT_EQ(refusal(foreign, DatabaseMode::create), ErrorCode::invalid_file);
  const std::string newer = folder.at("newer");
  {
    const DocumentIndex index(newer, DatabaseMode::create);
  }
  Database(newer, DatabaseMode::write).execute("PRAGMA user_version = 99");
  EXPECT_EQ(refusal(newer, DatabaseMode::write), ErrorCode::unsupported);
}

TEST(DocumentIndexFile, SaysThatAFileIsDamaged) {
  const TemporaryFolder folder;
  const std::string path = folder.at("i.db");
  {
    DocumentIndex index(path, DatabaseMode::create);
    for (int i = 0; i < 40; ++i) {
      index.put(
          std::vector{document_of(
              "/" + std::to_string(i), "1", {std::string(3000, 'w')})},
          kTestModel);
    }
  }
  const auto size = std::filesystem::file_size(path);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(8192);
  file << std::string(size / 2, '\x5A');
  file.close();
  try {
    DocumentIndex index(path, DatabaseMode::write);
    index.documents();
    index.search_words("www", 5);
    FAIL() << "damage was not seen";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_file) << error.what();
    EXPECT_NE(std::string(error.what()).find("damaged"), std::string::npos);
  }
}

}  // namespace
}  // namespace bantam
