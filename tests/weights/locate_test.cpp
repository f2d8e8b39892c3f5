// SPDX-License-Identifier: MIT
#include "weights/locate.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "model_files.h"
#include "weights/file_kind.h"
#include "weights/hub_cache.h"

namespace bantam {
namespace {

constexpr const char* kVariables[] =
    {"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME", "BANTAM_SMOLLM2"};

class LocateTest : public ::testing::Test {
 protected:
  LocateTest() {
    for (const char* name : kVariables) {
      if (const char* value = std::getenv(name)) {
        before_[name] = value;
      }
      ::unsetenv(name);
    }
    set("HOME", folder_.at("home"));
    set("HF_HUB_CACHE", folder_.at("hub"));
  }
  ~LocateTest() override {
    for (const char* name : kVariables) {
      ::unsetenv(name);
      if (before_.contains(name)) {
        set(name, before_[name]);
      }
    }
  }
  static void set(const char* name, const std::string& value) {
    ::setenv(name, value.c_str(), 1);
  }
  void expect(
      ErrorCode code,
      const std::string& model,
      std::initializer_list<std::string> parts) {
    expect_error(code, parts, [&] { locate_model(model); });
  }
  // Puts a file into a cached repository; returns its snapshot's folder.
  std::string cache(
      const std::string& repository,
      const std::string& commit,
      const std::string& file,
      const std::string& bytes = "GGUF") {
    const std::string snapshot = repository + "/snapshots/" + commit;
    folder_.write("hub/" + snapshot + "/" + file, bytes);
    return folder_.at("hub/" + snapshot);
  }
  void name_commit(
      const std::string& repository,
      const std::string& revision,
      const std::string& commit) {
    folder_.write("hub/" + repository + "/refs/" + revision, commit);
  }

  TemporaryFolder folder_;
  std::map<std::string, std::string> before_;
};

TEST_F(LocateTest, PathsComeFirst) {
  const std::string file = folder_.write("m/a.gguf", "GGUF...");
  EXPECT_EQ(locate_model(file), file);
  EXPECT_EQ(locate_model(folder_.at("m")), file);
  folder_.write("m/mmproj-a.gguf", "GGUF...");
  EXPECT_EQ(locate_model(folder_.at("m")), file);
  folder_.write("m/model.safetensors", "x");
  EXPECT_EQ(locate_model(folder_.at("m")), folder_.at("m"));
  const std::string home = folder_.write("home/x.gguf", "GGUF");
  EXPECT_EQ(locate_model("~/x.gguf"), home);
}

TEST_F(LocateTest, SeveralFilesMustBeChosenFrom) {
  folder_.write("m/a.gguf", "GGUF");
  folder_.write("m/b.gguf", "GGUF");
  expect(
      ErrorCode::not_found,
      folder_.at("m"),
      {"2 GGUF files", folder_.at("m/a.gguf"), folder_.at("m/b.gguf")});
}

TEST_F(LocateTest, ASplitFileIsOne) {
  folder_.write("m/Q4/a-00001-of-00002.gguf", "GGUF");
  folder_.write("m/Q4/a-00002-of-00002.gguf", "GGUF");
  EXPECT_EQ(
      locate_model(folder_.at("m")), folder_.at("m/Q4/a-00001-of-00002.gguf"));
}

TEST_F(LocateTest, OtherFilesSayWhatTheyLookLike) {
  const auto expect_kind = [&](const std::string& bytes, const char* kind) {
    expect(
        ErrorCode::invalid_file,
        folder_.write("x.gguf", bytes),
        {folder_.at("x.gguf"), "it looks like", kind});
  };
  expect_kind("", "an empty file");
  expect_kind(
      "version https://git-lfs.github.com/spec/v1\noid", "git lfs pull");
  expect_kind("<!DOCTYPE html>", "a web page");
  expect_kind("PK\x03\x04zip", "a PyTorch checkpoint");
  expect_kind("tjgg1234", "the format before GGUF");
  expect_kind("FUGG", "big-endian");
  expect_kind(safetensors("{}"), "a safetensors file; give the folder");
  expect_kind("{\"a\": 1}", "a JSON file");
  expect_kind("hello é", "a text file");
  folder_.write("config.json", "{}");
  expect_kind(safetensors("{}"), folder_.path().c_str());
  expect_kind(std::string("\0\1\2\3\4\5\6\7\x08\x09", 10), "none of the");
}

TEST_F(LocateTest, MissingPathsSuggestTheNearest) {
  folder_.write("models/llama.gguf", "GGUF");
  expect(
      ErrorCode::not_found,
      folder_.at("models/lama.gguf"),
      {"no such file or folder", "did you mean " + folder_.at("models/llama")});
  expect(
      ErrorCode::not_found,
      folder_.at("absent/llama.gguf"),
      {"there is no folder", folder_.at("absent")});
  expect(ErrorCode::not_found, "", {"is empty"});
  expect(ErrorCode::not_found, "./x/y/z", {"./x/y/z", "no such file"});
  expect(ErrorCode::not_found, "x.gguf", {"x.gguf: no such file or folder"});
}

TEST_F(LocateTest, TheBuiltInModel) {
  expect(ErrorCode::not_found, "smollm2", {"BANTAM_SMOLLM2", "make"});
  set("BANTAM_SMOLLM2", folder_.at("absent"));
  expect(ErrorCode::not_found, "smollm2", {folder_.at("absent")});
  set("BANTAM_SMOLLM2", folder_.write("s.gguf", "GGUF"));
  EXPECT_EQ(locate_model("smollm2"), folder_.at("s.gguf"));
}

TEST_F(LocateTest, RepositoriesOfTheCache) {
  const std::string snapshot =
      cache("models--org--tiny", "abc123", "config.json", "{}");
  cache("models--org--tiny", "abc123", "model.safetensors", "x");
  name_commit("models--org--tiny", "main", "abc123\n");
  EXPECT_EQ(locate_model("org/tiny"), snapshot);
  const std::string old =
      cache("models--org--tiny", "def456", "model.safetensors", "x");
  EXPECT_EQ(locate_model("org/tiny"), snapshot);
  EXPECT_EQ(locate_model("org/tiny@def456"), old);
  EXPECT_EQ(locate_model("org/tiny@def"), old);
  name_commit("models--org--tiny", "refs/pr/1", "def456");
  EXPECT_EQ(locate_model("org/tiny@refs/pr/1"), old);
  expect(
      ErrorCode::not_found,
      "org/tiny@v2",
      {"'v2'", "abc123, def456", "hf download org/tiny --revision v2"});
  cache("models--gpt2", "aa", "model.safetensors", "x");
  EXPECT_TRUE(locate_model("gpt2").ends_with("models--gpt2/snapshots/aa"));
}

TEST_F(LocateTest, GgufFilesOfARepository) {
  const std::string snapshot = cache("models--o--g", "c1", "a.Q4.gguf");
  cache("models--o--g", "c1", "config.json", "{}");
  EXPECT_EQ(locate_model("o/g"), snapshot + "/a.Q4.gguf");
  cache("models--o--g", "c1", "sub/a.Q8.gguf");
  expect(
      ErrorCode::not_found,
      "o/g",
      {"2 GGUF files", "o/g:a.Q4.gguf", "o/g:sub/a.Q8.gguf"});
  EXPECT_EQ(locate_model("o/g:sub/a.Q8.gguf"), snapshot + "/sub/a.Q8.gguf");
  EXPECT_EQ(locate_model("o/g@c1:a.Q4.gguf"), snapshot + "/a.Q4.gguf");
  expect(
      ErrorCode::not_found,
      "o/g:b.gguf",
      {"no file 'b.gguf'", "a.Q4.gguf", "hf download o/g b.gguf"});
  expect(ErrorCode::invalid_file, "o/g:config.json", {"a JSON file"});
}

TEST_F(LocateTest, IncompleteDownloadsAreNamed) {
  folder_.write("hub/models--o--g/refs/main", "abc");
  expect(ErrorCode::not_found, "o/g", {"it has: none", "hf download o/g"});
  const std::string snapshot = cache("models--o--h", "c1", "config.json", "{}");
  std::filesystem::create_symlink("../../blobs/0", snapshot + "/a.gguf");
  expect(
      ErrorCode::not_found, "o/h:a.gguf", {"a link to a file", "incomplete"});
}

TEST_F(LocateTest, UnknownRepositoriesSayWhereWasLooked) {
  cache("models--mlx-community--Qwen3-4B", "c", "config.json", "{}");
  set("HF_HOME", folder_.at("hf"));
  expect(
      ErrorCode::not_found,
      "mlx-community/Qwen3-4b",
      {folder_.at("hub"),
       folder_.at("hf/hub"),
       folder_.at("home/.cache/huggingface/hub"),
       "did you mean 'mlx-community/Qwen3-4B'?",
       "hf download mlx-community/Qwen3-4b"});
  expect(ErrorCode::not_found, "smolm2", {"did you mean 'smollm2'?"});
  ::unsetenv("HF_HUB_CACHE");
  folder_.write("hf/hub/models--a--b/snapshots/1/x.gguf", "GGUF");
  EXPECT_EQ(
      locate_model("a/b"),
      folder_.at("hf/hub/models--a--b/snapshots/1/x.gguf"));
}

TEST_F(LocateTest, RepositoryIdsStayInsideTheCache) {
  for (const char* path :
       {"../x",
        "a/../b",
        "a/b/c",
        "/a/b",
        "a/b:../c",
        "a/b:/c",
        "a/b@../c",
        "a/b:",
        "a/b@",
        ".a/b",
        "a/.b",
        "a b/c",
        "-a/b",
        ""}) {
    EXPECT_FALSE(parse_repository_id(path).has_value()) << path;
  }
  const auto id = parse_repository_id("org/na-me.1_x@v1:d/f.gguf");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->name, "org/na-me.1_x");
  EXPECT_EQ(id->revision, "v1");
  EXPECT_EQ(id->file, "d/f.gguf");
  // A hostile ref must not lead outside either.
  cache("models--o--g", "c1", "a.gguf");
  name_commit("models--o--g", "main", "../../../..");
  EXPECT_TRUE(locate_model("o/g").ends_with("snapshots/c1/a.gguf"));
}

}  // namespace
}  // namespace bantam
