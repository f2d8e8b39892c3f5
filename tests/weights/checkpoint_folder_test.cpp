// SPDX-License-Identifier: MIT
// A folder as a checkpoint: configuration, single and sharded weights,
// template.
#include <gtest/gtest.h>

#include "model_files.h"
#include "weights/checkpoint.h"

namespace bantam {
namespace {

// A file of one tensor, a float.
std::string one_tensor(std::string_view name, float value = 1) {
  return safetensors(
      "{" + described(name, "F32", "[1]", 0, 4) + "}", raw(value));
}

class CheckpointFolderTest : public ::testing::Test {
 protected:
  CheckpointFolderTest() { folder_.write("config.json", "{\"a\": 1}"); }
  Checkpoint open() { return Checkpoint(folder_.path()); }
  void expect(ErrorCode code, std::initializer_list<std::string> parts) {
    expect_error(code, parts, [&] { open(); });
    expect_error(code, {folder_.path()}, [&] { open(); });
  }
  void write_index(const std::string& weight_map) {
    folder_.write(
        "model.safetensors.index.json", "{\"weight_map\":" + weight_map + "}");
  }

  TemporaryFolder folder_;
};

TEST_F(CheckpointFolderTest, ReadsASingleFile) {
  folder_.write("model.safetensors", one_tensor("a", 2.5f));
  folder_.write("generation_config.json", "{\"eos_token_id\": [1]}");
  const Checkpoint checkpoint(folder_.path() + "/");
  EXPECT_FALSE(checkpoint.is_gguf());
  EXPECT_EQ(checkpoint.config().at("a"), 1);
  EXPECT_EQ(checkpoint.generation_config().at("eos_token_id").size(), 1u);
  EXPECT_TRUE(checkpoint.tokenizer_config().is_null());
  EXPECT_EQ(checkpoint.chat_template(), std::nullopt);
  EXPECT_EQ(checkpoint.vector("a", 1)[0], 2.5f);
  EXPECT_EQ(checkpoint.weight_bytes(), 4);
  EXPECT_EQ(
      checkpoint.name(),
      std::filesystem::path(folder_.path()).filename().string());
}

TEST_F(CheckpointFolderTest, ASnapshotIsNamedAfterItsRepository) {
  const std::string snapshot = "models--org--Tiny-1.5/snapshots/0123abc/";
  folder_.write(snapshot + "config.json", "{}");
  folder_.write(snapshot + "model.safetensors", one_tensor("a"));
  EXPECT_EQ(Checkpoint(folder_.at(snapshot)).name(), "Tiny-1.5");
}

TEST_F(CheckpointFolderTest, ReadsShardsByTheIndex) {
  folder_.write(
      "model-00001-of-00002.safetensors",
      safetensors(
          "{" + described("a", "F32", "[1]", 0, 4) + "," +
              described("b", "F32", "[1]", 4, 8) + "," +
              described("extra", "F32", "[1]", 8, 12) + "}",
          raw(1.0f) + raw(-1.0f) + raw(9.0f)));
  folder_.write("model-00002-of-00002.safetensors", one_tensor("b", 2));
  folder_.write("other.safetensors", one_tensor("a", 3));
  write_index(
      R"({"a":"model-00001-of-00002.safetensors",
          "b":"model-00002-of-00002.safetensors"})");
  const Checkpoint checkpoint = open();
  EXPECT_EQ(checkpoint.vector("a", 1)[0], 1.0f);
  // The index places b in the second shard, whatever the first holds.
  EXPECT_EQ(checkpoint.vector("b", 1)[0], 2.0f);
  EXPECT_EQ(checkpoint.vector("extra", 1)[0], 9.0f);
  EXPECT_EQ(checkpoint.tensors().size(), 3u);
}

TEST_F(CheckpointFolderTest, AnIndexMustBeTrue) {
  folder_.write("s1.safetensors", one_tensor("a"));
  write_index(R"({"a":"s1.safetensors","b":"s2.safetensors"})");
  expect(ErrorCode::not_found, {"s2.safetensors", "missing", "index.json"});
  write_index(R"({"a":"s1.safetensors","b":"s1.safetensors"})");
  expect(
      ErrorCode::invalid_file,
      {"index.json", "tensor 'b' is in s1.safetensors, but it is not"});
  write_index("{}");
  expect(ErrorCode::invalid_file, {"index.json: 'weight_map' is empty"});
  write_index("[]");
  expect(
      ErrorCode::invalid_file,
      {"index.json", "an array, but 'weight_map' should be"});
  for (const char* bad :
       {R"("../s1.safetensors")",
        R"("/s1.safetensors")",
        R"("s1.bin")",
        R"("")",
        R"("s\u0000.safetensors")"}) {
    write_index("{\"a\":" + std::string(bad) + "}");
    expect(ErrorCode::invalid_file, {"tensor 'a'", "no file name"});
  }
  for (const char* bad : {"3", "-3", "0.5", "null", "true", "[]", "{}"}) {
    write_index("{\"a\":" + std::string(bad) + "}");
    expect(ErrorCode::invalid_file, {"an object of file names", "'a'"});
    write_index(bad);
    expect(ErrorCode::invalid_file, {"'weight_map'"});
    folder_.write("model.safetensors.index.json", bad);
    expect(ErrorCode::invalid_file, {"'weight_map'"});
  }
  write_index(R"({"a":"s1.safetensors","a":"s2.safetensors"})");
  expect(ErrorCode::invalid_file, {"tensor 'a' twice"});
  folder_.write("model.safetensors.index.json", "{");
  expect(ErrorCode::invalid_file, {"index.json: JSON at byte 1"});
}

TEST_F(CheckpointFolderTest, AnIndexMayHoldOtherThings) {
  folder_.write("s1.safetensors", one_tensor("a"));
  folder_.write(
      "model.safetensors.index.json",
      R"({"metadata": {"total_size": 4, "weight_map": "x", "l": [{"a": []}]},
          "weight_map": {"a": "s1.safetensors"}, "v": null, "f": 1.5})");
  EXPECT_EQ(open().tensors().size(), 1u);
}

// Quadratic work in the number of tensors would take minutes here.
TEST_F(CheckpointFolderTest, ManyTensorsAreReadQuickly) {
  std::string header, map;
  constexpr int kTensors = 20'000;
  for (int i = 0; i < kTensors; ++i) {
    const std::string name = fmt::format(
        "model.layers.{}.mlp.experts.{}.up_proj.weight", i / 256, i);
    header += (i == 0 ? "" : ",") + described(name, "U8", "[1]", i, i + 1);
    map += fmt::format("{}\"{}\":\"s.safetensors\"", i == 0 ? "" : ",", name);
  }
  folder_.write(
      "s.safetensors",
      safetensors("{" + header + "}", std::string(kTensors, 'x')));
  write_index("{" + map + "}");
  EXPECT_EQ(open().tensors().size(), static_cast<size_t>(kTensors));
}

TEST_F(CheckpointFolderTest, ASingleFileBeatsALeftOverIndex) {
  folder_.write("model.safetensors", one_tensor("a"));
  write_index(R"({"z":"model-00001-of-00002.safetensors"})");
  EXPECT_EQ(open().tensors().size(), 1u);
}

TEST_F(CheckpointFolderTest, ReadsFilesWithoutAnIndex) {
  folder_.write("weights.00.safetensors", one_tensor("a"));
  folder_.write("weights.01.safetensors", one_tensor("b"));
  folder_.write("consolidated.safetensors", one_tensor("a"));
  folder_.write("._weights.00.safetensors", "left by macOS");
  EXPECT_EQ(open().tensors().size(), 2u);
  folder_.write("model.safetensors", one_tensor("c"));
  EXPECT_EQ(open().tensors().size(), 1u);
}

TEST_F(CheckpointFolderTest, NumberedPartsMustBeComplete) {
  folder_.write("model-00001-of-00003.safetensors", one_tensor("a"));
  folder_.write("model-00003-of-00003.safetensors", one_tensor("c"));
  expect(
      ErrorCode::not_found,
      {"model-00002-of-00003.safetensors", "part 2 of 3 is missing"});
  folder_.write("model-00002-of-00003.safetensors", one_tensor("a"));
  expect(ErrorCode::invalid_file, {"tensor 'a'", "also in"});
  folder_.write("model-00002-of-00003.safetensors", one_tensor("b"));
  EXPECT_EQ(open().tensors().size(), 3u);
}

TEST_F(CheckpointFolderTest, IncompleteFoldersSayWhatIsMissing) {
  expect(ErrorCode::not_found, {"no *.safetensors", "incomplete"});
  folder_.write("pytorch_model.bin", "PK");
  expect(ErrorCode::not_found, {"pytorch_model.bin", "convert"});
  folder_.write("m.gguf", "GGUF");
  expect(ErrorCode::not_found, {"give the path of", "m.gguf"});
  std::filesystem::remove(folder_.at("config.json"));
  expect(ErrorCode::not_found, {"no config.json", "m.gguf"});
  std::filesystem::remove(folder_.at("m.gguf"));
  expect(ErrorCode::not_found, {"no config.json", "incomplete"});
  std::filesystem::create_symlink("absent", folder_.at("config.json"));
  expect(ErrorCode::not_found, {"config.json: a link to a file"});
}

TEST_F(CheckpointFolderTest, BrokenConfigurationsAreNamed) {
  folder_.write("model.safetensors", one_tensor("a"));
  folder_.write("generation_config.json", "[]");
  expect(
      ErrorCode::invalid_file, {"generation_config.json: not a JSON object"});
  folder_.write("config.json", "{\"a\": 1,}");
  expect(ErrorCode::invalid_file, {"config.json:1:9:"});
  folder_.write("config.json", "");
  expect(ErrorCode::invalid_file, {"config.json:1:1:"});
}

TEST_F(CheckpointFolderTest, FindsTheChatTemplate) {
  folder_.write("model.safetensors", one_tensor("a"));
  folder_.write("chat_template.json", R"({"chat_template": "third"})");
  EXPECT_EQ(open().chat_template(), "third");
  folder_.write("tokenizer_config.json", R"({"chat_template": null})");
  EXPECT_EQ(open().chat_template(), "third");
  folder_.write("tokenizer_config.json", R"({"chat_template": "second"})");
  EXPECT_EQ(open().chat_template(), "second");
  folder_.write(
      "tokenizer_config.json",
      R"({"chat_template": [{"name": "rag", "template": "x"},
                            {"name": "default", "template": "y"}]})");
  EXPECT_EQ(open().chat_template(), "y");
  folder_.write(
      "tokenizer_config.json",
      R"({"chat_template": [{"name": "rag", "template": "x"}]})");
  EXPECT_EQ(open().chat_template(), "x");
  folder_.write("chat_template.jinja", "first\n");
  EXPECT_EQ(open().chat_template(), "first\n");
}

TEST_F(CheckpointFolderTest, TemplatesWithoutADefaultAreNamed) {
  folder_.write("model.safetensors", one_tensor("a"));
  const auto expect_bad = [&](const std::string& value,
                              std::initializer_list<std::string> parts) {
    folder_.write(
        "tokenizer_config.json", "{\"chat_template\": " + value + "}");
    const Checkpoint checkpoint = open();
    expect_error(
        ErrorCode::invalid_file, parts, [&] { checkpoint.chat_template(); });
  };
  expect_bad("3", {"tokenizer_config.json", "neither text nor a list"});
  expect_bad("[3]", {"neither text nor a list"});
  expect_bad(
      R"([{"name":"rag","template":"x"},{"name":"tool","template":"y"}])",
      {"there are: rag, tool"});
}

TEST_F(CheckpointFolderTest, ATokenizerInAnotherFormatIsNamed) {
  folder_.write("model.safetensors", one_tensor("a"));
  const Checkpoint checkpoint = open();
  expect_error(
      ErrorCode::not_found,
      {folder_.path(), "no tokenizer.json", "fetch"},
      [&] { checkpoint.make_tokenizer(); });
  folder_.write("tokenizer.model", "x");
  expect_error(
      ErrorCode::not_found,
      {"no tokenizer.json, only tokenizer.model", "transformers"},
      [&] { checkpoint.make_tokenizer(); });
}

}  // namespace
}  // namespace bantam
