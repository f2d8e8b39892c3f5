// SPDX-License-Identifier: MIT
// GGUF v2 and v3: metadata and a tensor table in front of aligned tensor
// data. Reference: the format description in the ggml project (docs/gguf.md).
// Everything is checked against the file's real size before it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/mapped_file.h"
#include "text/tokenizer.h"
#include "weights/tensor.h"

namespace bantam {

/// An array of strings where it lies in the file: a vocabulary has a hundred
/// thousand of them, and none is copied. Valid as long as its GgufFile.
class GgufStrings {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    Iterator() = default;
    explicit Iterator(const std::byte* at) : at_(at) {}
    std::string_view operator*() const {
      return {
          reinterpret_cast<const char*>(at_) + sizeof(uint64_t),
          static_cast<size_t>(length())};
    }
    Iterator& operator++() {
      at_ += sizeof(uint64_t) + length();
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    uint64_t length() const {
      uint64_t length;
      std::memcpy(&length, at_, sizeof(length));
      return length;
    }
    const std::byte* at_ = nullptr;
  };

  /// `first` to `last`: `count` strings, each behind its 64-bit length,
  /// checked by the caller.
  GgufStrings(const std::byte* first, const std::byte* last, size_t count)
      : first_(first), last_(last), count_(count) {}

  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Iterator begin() const { return Iterator(first_); }
  Iterator end() const { return Iterator(last_); }

 private:
  const std::byte* first_;
  const std::byte* last_;
  size_t count_;
};

/// An array of arrays: checked and skipped, since no known key uses one.
struct GgufNestedArray {
  int64_t count;
};

/// A metadata value. Integers of every width widen to int64 (uint64 above
/// 2^63 - 1 is an error), floats to double; arrays hold one of the vectors.
using GgufValue = std::variant<
    int64_t,
    double,
    bool,
    std::string,
    std::vector<int64_t>,
    std::vector<double>,
    std::vector<bool>,
    GgufStrings,
    GgufNestedArray>;

/// Owns the mapping; tensors and strings point into it. Immutable.
class GgufFile {
 public:
  /// Throws not_found or invalid_file ("<file>: tensor '<name>' at byte <n>:
  /// ..."). Tensor types that bantam does not know at all are unsupported, as
  /// are version 1 and big-endian files.
  explicit GgufFile(const std::string& path);

  const std::string& path() const { return file_.path(); }
  int64_t file_bytes() const { return static_cast<int64_t>(file_.size()); }
  std::span<const std::byte> bytes() const { return file_.bytes(); }
  int version() const { return version_; }

  const std::map<std::string, GgufValue, std::less<>>& metadata() const {
    return metadata_;
  }
  /// nullptr if the key is absent.
  const GgufValue* find(std::string_view key) const;
  /// nullopt if absent; throws invalid_file if the type does not fit.
  std::optional<int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string> string(std::string_view key) const;
  /// nullptr if absent; throws invalid_file if it is no array of strings.
  const GgufStrings* strings(std::string_view key) const;

  /// In file order.
  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  MappedFile file_;
  int version_ = 0;
  std::map<std::string, GgufValue, std::less<>> metadata_;
  std::vector<Tensor> tensors_;
};

/// Do the first bytes say that this is a GGUF file?
bool looks_like_gguf(std::string_view first_bytes);

/// The vocabulary in the metadata. Throws invalid_file if there is none.
GgufVocabulary read_vocabulary(const GgufFile& file);

}  // namespace bantam
