// SPDX-License-Identifier: MIT
#include "weights/safetensors.h"

#include <gtest/gtest.h>

#include "model_files.h"

namespace bantam {
namespace {

class SafetensorsTest : public ::testing::Test {
 protected:
  SafetensorsFile open(const std::string& bytes) {
    return SafetensorsFile(folder_.write("m.safetensors", bytes));
  }
  void expect_invalid(
      const std::string& bytes,
      std::initializer_list<std::string> parts,
      ErrorCode code = ErrorCode::invalid_file) {
    expect_error(code, parts, [&] { open(bytes); });
    expect_error(code, {folder_.at("m.safetensors")}, [&] { open(bytes); });
  }
  // One broken description of tensor 'w', with 8 bytes of data.
  void expect_refused(
      const std::string& description,
      std::initializer_list<std::string> parts) {
    const std::string bytes =
        safetensors("{\"w\":" + description + "}", "01234567");
    expect_invalid(bytes, parts);
    expect_invalid(bytes, {"tensor 'w' at byte 9"});
  }

  TemporaryFolder folder_;
};

TEST_F(SafetensorsTest, ReadsTensorsInAnyOrder) {
  const SafetensorsFile file = open(safetensors(
      "{" + described("b", "F32", "[2,1]", 3, 11) +
          R"(,"__metadata__":{"format":"pt","a":"b"},)" +
          described("a", "U8", "[3]", 0, 3) + "," +
          described("none", "F16", "[0,7]", 3, 3) + "," +
          described("one", "BF16", "[]", 11, 13) + "}   ",
      "abc01234567xy"));
  ASSERT_EQ(file.tensors().size(), 4u);
  const Tensor& b = file.tensors()[0];
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.type, TensorType::f32);
  EXPECT_EQ(b.shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(b.bytes.size(), 8u);
  EXPECT_EQ(b.bytes[0], std::byte{'0'});
  EXPECT_EQ(b.file, file.path());
  EXPECT_EQ(b.file_offset, file.file_bytes() - 10);
  EXPECT_EQ(file.tensors()[1].bytes[2], std::byte{'c'});
  EXPECT_EQ(file.tensors()[2].bytes.size(), 0u);
  EXPECT_EQ(file.tensors()[3].values(), 1);
  EXPECT_EQ(
      file.metadata(),
      (std::map<std::string, std::string>{{"format", "pt"}, {"a", "b"}}));
}

TEST_F(SafetensorsTest, EmptyFilesOfTensorsAreSound) {
  EXPECT_TRUE(open(safetensors("{}")).tensors().empty());
  EXPECT_TRUE(open(safetensors(R"({"__metadata__":null})")).tensors().empty());
}

TEST_F(SafetensorsTest, TheHeaderLengthIsChecked) {
  expect_invalid("", {"at byte 0", "needs 8 bytes"});
  expect_invalid("1234567", {"at byte 0", "needs 8 bytes"});
  expect_invalid(raw<uint64_t>(0), {"a header of 0 bytes"});
  expect_invalid(raw<uint64_t>(1) + "{", {"a header of 1 bytes"});
  expect_invalid(raw<uint64_t>(100'000'001), {"a header of 100000001 bytes"});
  expect_invalid(
      raw(~uint64_t{0}) + "{}", {"a header of 18446744073709551615 bytes"});
  expect_invalid(raw<uint64_t>(3) + "{}", {"needs 3 bytes", "has 2 left"});
  expect_invalid(safetensors("[]"), {"does not begin with '{'"});
  expect_invalid(safetensors(" {}"), {"does not begin with '{'"});
}

TEST_F(SafetensorsTest, BrokenJsonNamesTheByte) {
  expect_invalid(safetensors("{\"a\":}"), {"JSON at byte 13"});
  expect_invalid(safetensors("{} {}"), {"JSON at byte 11"});
  expect_invalid(safetensors("{\"a\xff\":1}"), {"JSON at byte"});
  expect_invalid(
      safetensors("{\"w\":" + std::string(1'000'000, '[')),
      {"tensor 'w'", "an array where its description is expected"});
  std::string objects;
  for (int i = 0; i < 100'000; ++i) {
    objects += "{\"w\":";
  }
  expect_invalid(safetensors(objects), {"unknown field 'w'"});
}

TEST_F(SafetensorsTest, DescriptionsAreChecked) {
  const std::string rest = R"("shape":[2],"data_offsets":[0,8])";
  expect_refused("3", {"a number where its description is expected"});
  expect_refused("null", {"null where its description"});
  expect_refused("true", {"a boolean where its description"});
  expect_refused("\"x\"", {"text where its description"});
  expect_refused("{" + rest + "}", {"the field 'dtype' is missing"});
  expect_refused(
      R"({"dtype":"F32","data_offsets":[0,8]})", {"'shape' is missing"});
  expect_refused(
      R"({"dtype":"F32","shape":[2]})", {"'data_offsets' is missing"});
  expect_refused(
      "{\"dtype\":\"F32\",\"dtype\":\"F32\"," + rest + "}",
      {"'dtype' occurs twice"});
  expect_refused(
      "{\"x\":1,\"dtype\":\"F32\"," + rest + "}", {"unknown field 'x'"});
  expect_refused("{\"dtype\":4," + rest + "}", {"a number as its 'dtype'"});
  expect_refused("{\"dtype\":[4]," + rest + "}", {"an array as its 'dtype'"});
  expect_refused(
      R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})",
      {"a number as its 'shape'"});
  expect_refused(
      R"({"dtype":"F32","shape":"2","data_offsets":[0,8]})",
      {"text as its 'shape'"});
  expect_refused(
      R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})",
      {"a negative number as its 'shape'"});
  expect_refused(
      R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})",
      {"a fraction as its 'shape'"});
  expect_refused(
      R"({"dtype":"F32","shape":[[2]],"data_offsets":[0,8]})",
      {"an array as its 'shape'"});
  expect_refused(
      R"({"dtype":"F32","shape":[{}],"data_offsets":[0,8]})",
      {"an object as its 'shape'"});
  expect_refused(
      R"({"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]})",
      {"does not fit 63 bits"});
  expect_refused(
      R"({"dtype":"F32","shape":[2],"data_offsets":[0,4,8]})",
      {"'data_offsets' has 3 numbers"});
}

TEST_F(SafetensorsTest, UnknownTypesAreNamed) {
  expect_invalid(
      safetensors("{" + described("w", "F4", "[2]", 0, 1) + "}", "x"),
      {"tensor 'w'", "dtype 'F4'"},
      ErrorCode::unsupported);
}

TEST_F(SafetensorsTest, NamesAreUnique) {
  expect_invalid(
      safetensors(
          "{" + described("w", "U8", "[1]", 0, 1) + "," +
              described("w", "U8", "[1]", 1, 2) + "}",
          "xy"),
      {"tensor 'w'", "occurs twice"});
  expect_invalid(
      safetensors(R"({"__metadata__":{"a":"1","a":"2"}})"), {"'a'", "twice"});
  expect_invalid(
      safetensors(R"({"__metadata__":{"a":1}})"), {"a number as its 'a'"});
}

TEST_F(SafetensorsTest, PlacesAreChecked) {
  const auto two =
      [](size_t a_begin, size_t a_end, size_t b_begin, size_t b_end) {
        return safetensors(
            "{" +
                described(
                    "a",
                    "U8",
                    fmt::format("[{}]", a_end - a_begin),
                    a_begin,
                    a_end) +
                "," +
                described(
                    "b",
                    "U8",
                    fmt::format("[{}]", b_end - b_begin),
                    b_begin,
                    b_end) +
                "}",
            "01234567");
      };
  EXPECT_EQ(open(two(4, 8, 0, 4)).tensors().size(), 2u);
  expect_invalid(two(0, 5, 4, 8), {"tensor 'b'", "overlap"});
  expect_invalid(two(0, 3, 4, 8), {"tensor 'b'", "expected 3", "hole"});
  expect_invalid(two(1, 4, 4, 8), {"tensor 'a'", "expected 0"});
  expect_invalid(two(0, 4, 4, 7), {"8 bytes, but the tensors fill 7"});
  expect_invalid(
      two(0, 4, 4, 9), {"tensor 'b'", "ends at byte 9", "has 8", "cut off"});
  expect_refused(
      R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})",
      {"offsets 0 to 4 do not fit [2] values of F32"});
  expect_refused(
      R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})",
      {"offsets 8 to 0 do not fit"});
  expect_refused(
      R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})",
      {"do not fit [4294967296, 4294967296] values"});
}

std::string small_file() {
  return safetensors(
      "{" + described("layer.weight", "F32", "[2,3]", 0, 24) +
          R"(,"__metadata__":{"format":"mlx"},)" +
          described("layer.bias", "BF16", "[2]", 24, 28) + "}",
      std::string(28, 'x'));
}

TEST_F(SafetensorsTest, EveryTruncationIsAnError) {
  const std::string whole = small_file();
  open(whole);
  for (size_t size = 0; size < whole.size(); ++size) {
    expect_invalid(whole.substr(0, size), {"at byte"});
  }
  expect_invalid(whole + "x", {"at byte"});
}

TEST_F(SafetensorsTest, AnyChangedByteIsSurvived) {
  const std::string whole = small_file();
  int errors = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {0x01, 0x02, 0x10, 0x80, 0xFF}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      try {
        const SafetensorsFile file = open(bytes);
        for (const Tensor& tensor : file.tensors()) {
          ASSERT_LE(
              tensor.file_offset + tensor.bytes.size(),
              static_cast<size_t>(file.file_bytes()));
        }
      } catch (const Error& error) {
        ++errors;
        EXPECT_NE(error.code(), ErrorCode::internal);
      }
    }
  }
  EXPECT_GT(errors, 100);
}

}  // namespace
}  // namespace bantam
