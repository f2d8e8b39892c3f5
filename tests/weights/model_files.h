// SPDX-License-Identifier: MIT
// Writes small model files for tests, sound ones and broken ones, into a
// folder that goes away with the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../base/temporary_folder.h"
#include "base/error.h"

namespace bantam {

template <typename T>
std::string raw(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

/// A GGUF string: 64-bit length and bytes.
inline std::string gguf_text(std::string_view text) {
  return raw<uint64_t>(text.size()) + std::string(text);
}

/// Value types of GGUF metadata.
enum GgufType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kText,
  kArray,
  kU64,
  kI64,
  kF64,
};

/// Types of GGUF tensors that the tests use.
inline constexpr uint32_t kGgmlF32 = 0;
inline constexpr uint32_t kGgmlF16 = 1;
inline constexpr uint32_t kGgmlQ4_1 = 3;
inline constexpr uint32_t kGgmlQ8_0 = 8;
inline constexpr uint32_t kGgmlQ6_K = 14;
inline constexpr uint32_t kGgmlQ8_K = 15;

/// Lays a GGUF file out as the format says, except where a test sets a field
/// to something wrong.
class GgufWriter {
 public:
  std::string magic = "GGUF";
  uint32_t version = 3;
  uint64_t alignment = 32;
  int64_t extra_entries = 0;  // claimed above what is there
  int64_t extra_tensors = 0;

  /// `value` is the type's own bytes.
  GgufWriter& entry(std::string_view key, uint32_t type, std::string value) {
    entries_ += gguf_text(key) + raw(type) + value;
    ++entry_count_;
    return *this;
  }
  GgufWriter& text(std::string_view key, std::string_view value) {
    return entry(key, kText, gguf_text(value));
  }
  GgufWriter& u32(std::string_view key, uint32_t value) {
    return entry(key, kU32, raw(value));
  }
  GgufWriter& boolean(std::string_view key, bool value) {
    return entry(key, kBool, raw<uint8_t>(value));
  }
  GgufWriter& texts(
      std::string_view key,
      const std::vector<std::string>& values) {
    std::string bytes = raw<uint32_t>(kText) + raw<uint64_t>(values.size());
    for (const std::string& value : values) {
      bytes += gguf_text(value);
    }
    return entry(key, kArray, bytes);
  }
  template <typename T>
  GgufWriter& numbers(
      std::string_view key,
      uint32_t type,
      const std::vector<T>& values) {
    std::string bytes = raw(type) + raw<uint64_t>(values.size());
    for (const T value : values) {
      bytes += raw(value);
    }
    return entry(key, kArray, bytes);
  }

  /// `extents`: the contiguous one first, as in the file.
  GgufWriter& tensor(
      std::string_view name,
      std::vector<uint64_t> extents,
      uint32_t type,
      std::string_view data) {
    return tensor_at(name, std::move(extents), type, data_.size(), data);
  }
  GgufWriter& tensor_at(
      std::string_view name,
      std::vector<uint64_t> extents,
      uint32_t type,
      uint64_t offset,
      std::string_view data) {
    tensors_ += gguf_text(name) + raw<uint32_t>(extents.size());
    for (const uint64_t extent : extents) {
      tensors_ += raw(extent);
    }
    tensors_ += raw(type) + raw(offset);
    data_ += data;
    pad(data_);
    ++tensor_count_;
    return *this;
  }

  /// Everything in front of the tensor data.
  std::string header() const {
    return magic + raw(version) + raw(tensor_count_ + extra_tensors) +
        raw(entry_count_ + extra_entries) + entries_ + tensors_;
  }
  std::string bytes() const {
    std::string file = header();
    pad(file);
    return file + data_;
  }

 private:
  void pad(std::string& bytes) const {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
  }

  std::string entries_, tensors_, data_;
  int64_t entry_count_ = 0;
  int64_t tensor_count_ = 0;
};

/// A safetensors file of this header and data.
inline std::string safetensors(
    std::string_view header,
    std::string_view data = {}) {
  return raw<uint64_t>(header.size()) + std::string(header) + std::string(data);
}

/// The description of one tensor within a safetensors header.
inline std::string described(
    std::string_view name,
    std::string_view dtype,
    std::string_view shape,
    size_t begin,
    size_t end) {
  return fmt::format(
      R"("{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})",
      name,
      dtype,
      shape,
      begin,
      end);
}

/// Expects that `action` throws an Error of this code, whose message is one
/// line and has all of `parts`.
template <typename Action>
void expect_error(
    ErrorCode code,
    std::initializer_list<std::string> parts,
    Action action) {
  try {
    action();
    ADD_FAILURE() << "no error; expected one with: " << *parts.begin();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(error_kind(error.code()).name, error_kind(code).name) << message;
    EXPECT_EQ(message.find('\n'), message.npos) << message;
    for (const std::string& part : parts) {
      EXPECT_NE(message.find(part), message.npos)
          << "message: " << message << "\nlacks:   " << part;
    }
  }
}

}  // namespace bantam
