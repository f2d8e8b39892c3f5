// SPDX-License-Identifier: MIT
#include "weights/safetensors_writer.h"

#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "model_files.h"
#include "weights/safetensors.h"

namespace bantam {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

const std::vector<TensorHeading> kTwo{
    {"a.weight", TensorType::u32, {2, 1}},
    {"a \"quoted\" name", TensorType::f16, {3}}};

TEST(SafetensorsWriter, WritesWhatTheReaderReads) {
  TemporaryFolder folder;
  const std::string path = folder.at("x.safetensors");
  SafetensorsWriter writer(path, kTwo, {{"format", "mlx"}});
  writer.write(0, bytes_of("ab"));
  writer.write(1, bytes_of("123456"));  // in any order
  writer.write(0, bytes_of("cdefgh"));
  writer.finish();
  const SafetensorsFile file(path);
  ASSERT_EQ(file.tensors().size(), 2);
  const Tensor& a = file.tensors()[0];
  EXPECT_EQ(a.name, "a.weight");
  EXPECT_EQ(a.type, TensorType::u32);
  EXPECT_EQ(a.shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(
      std::string_view(reinterpret_cast<const char*>(a.bytes.data()), 8),
      "abcdefgh");
  EXPECT_EQ(file.tensors()[1].name, "a \"quoted\" name");
  EXPECT_EQ(
      std::string_view(
          reinterpret_cast<const char*>(file.tensors()[1].bytes.data()), 6),
      "123456");
  EXPECT_EQ(file.metadata().at("format"), "mlx");
  EXPECT_EQ(a.file_offset % 8, 0);
}

TEST(SafetensorsWriter, AnUnfilledTensorIsABug) {
  TemporaryFolder folder;
  SafetensorsWriter writer(folder.at("x"), kTwo, {});
  writer.write(0, bytes_of("abcdefgh"));
  expect_error(ErrorCode::internal, {"6 bytes"}, [&] { writer.finish(); });
}

TEST(SafetensorsWriter, NeverWritesOverAFile) {
  TemporaryFolder folder;
  const std::string path = folder.write("x", "precious");
  expect_error(ErrorCode::invalid_request, {path, "exists"}, [&] {
    SafetensorsWriter(path, kTwo, {});
  });
  expect_error(ErrorCode::invalid_request, {path, "exists"}, [&] {
    write_new_file(path, "new");
  });
  EXPECT_EQ(MappedFile(path).text(), "precious");
  expect_error(ErrorCode::invalid_request, {"nowhere"}, [&] {
    SafetensorsWriter(folder.at("nowhere/x"), kTwo, {});
  });
}

}  // namespace
}  // namespace bantam
