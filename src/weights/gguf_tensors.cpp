// SPDX-License-Identifier: MIT
// The tensor table of a GGUF file: names, shapes, types, places.
#include <algorithm>
#include <array>
#include <unordered_set>

#include "weights/gguf_parts.h"

namespace bantam {

namespace {

constexpr uint32_t kMaxDimensions = 4;
// Far above any real model; bounds the memory that a hostile file can take.
constexpr uint64_t kMaxTensors = uint64_t{1} << 20;

// Numbers of enum ggml_type. An empty type: a number that was once used.
struct NumberedType {
  uint32_t number;
  std::optional<TensorType> type;
  std::string_view removed_name = {};
};

constexpr std::array kTypes{
    NumberedType{0, TensorType::f32},
    NumberedType{1, TensorType::f16},
    NumberedType{2, TensorType::q4_0},
    NumberedType{3, TensorType::q4_1},
    NumberedType{4, std::nullopt, "Q4_2"},
    NumberedType{5, std::nullopt, "Q4_3"},
    NumberedType{6, TensorType::q5_0},
    NumberedType{7, TensorType::q5_1},
    NumberedType{8, TensorType::q8_0},
    NumberedType{9, TensorType::q8_1},
    NumberedType{10, TensorType::q2_k},
    NumberedType{11, TensorType::q3_k},
    NumberedType{12, TensorType::q4_k},
    NumberedType{13, TensorType::q5_k},
    NumberedType{14, TensorType::q6_k},
    NumberedType{15, TensorType::q8_k},
    NumberedType{16, TensorType::iq2_xxs},
    NumberedType{17, TensorType::iq2_xs},
    NumberedType{18, TensorType::iq3_xxs},
    NumberedType{19, TensorType::iq1_s},
    NumberedType{20, TensorType::iq4_nl},
    NumberedType{21, TensorType::iq3_s},
    NumberedType{22, TensorType::iq2_s},
    NumberedType{23, TensorType::iq4_xs},
    NumberedType{24, TensorType::i8},
    NumberedType{25, TensorType::i16},
    NumberedType{26, TensorType::i32},
    NumberedType{27, TensorType::i64},
    NumberedType{28, TensorType::f64},
    NumberedType{29, TensorType::iq1_m},
    NumberedType{30, TensorType::bf16},
    NumberedType{31, std::nullopt, "Q4_0_4_4"},
    NumberedType{32, std::nullopt, "Q4_0_4_8"},
    NumberedType{33, std::nullopt, "Q4_0_8_8"},
    NumberedType{34, TensorType::tq1_0},
    NumberedType{35, TensorType::tq2_0},
    NumberedType{36, std::nullopt, "IQ4_NL_4_4"},
    NumberedType{37, std::nullopt, "IQ4_NL_4_8"},
    NumberedType{38, std::nullopt, "IQ4_NL_8_8"},
    NumberedType{39, TensorType::mxfp4},
    NumberedType{40, TensorType::nvfp4},
    NumberedType{41, TensorType::q1_0},
    NumberedType{42, TensorType::q2_0},
};

TensorType read_type(ByteCursor& cursor) {
  const size_t at = cursor.position();
  const auto number = cursor.read<uint32_t>("the tensor's type");
  for (const NumberedType& known : kTypes) {
    if (known.number != number) {
      continue;
    }
    if (known.type) {
      return *known.type;
    }
    cursor.fail_at(
        at,
        fmt::format(
            "type {} ({}) was removed from the format; fetch a newer file",
            number,
            known.removed_name),
        ErrorCode::unsupported);
  }
  cursor.fail_at(
      at,
      fmt::format("type number {} is not known to this bantam", number),
      ErrorCode::unsupported);
}

std::vector<int64_t> read_shape(ByteCursor& cursor) {
  const size_t at = cursor.position();
  const auto dimensions = cursor.read<uint32_t>("the number of dimensions");
  if (dimensions > kMaxDimensions) {
    cursor.fail_at(
        at,
        fmt::format(
            "{} dimensions; at most {} are allowed",
            dimensions,
            kMaxDimensions));
  }
  // The file has the contiguous dimension first.
  std::vector<int64_t> shape(dimensions);
  for (uint32_t i = 0; i < dimensions; ++i) {
    const size_t extent_at = cursor.position();
    const auto extent = cursor.read<int64_t>("a dimension");
    if (extent < 0) {
      cursor.fail_at(extent_at, "a dimension does not fit 63 bits");
    }
    shape[dimensions - 1 - i] = extent;
  }
  return shape;
}

// A tensor whose data is not placed yet.
struct Entry {
  Tensor tensor;
  std::string_view name;  // in the mapping: the cursor keeps it
  size_t at;              // of the entry, for messages
  uint64_t offset;        // of the data, in the data section
  uint64_t bytes;
};

Entry read_entry(ByteCursor& cursor) {
  cursor.enter("tensor table");
  Entry entry;
  entry.at = cursor.position();
  entry.name = cursor.read_string("a tensor's name");
  cursor.enter("tensor", entry.name);
  if (entry.name.empty()) {
    cursor.fail_at(entry.at, "an empty name");
  }
  entry.tensor.name = entry.name;
  entry.tensor.file = cursor.file();
  entry.tensor.shape = read_shape(cursor);
  entry.tensor.type = read_type(cursor);
  const auto bytes = tensor_bytes(entry.tensor.type, entry.tensor.shape);
  if (!bytes) {
    const TensorTypeLayout& layout = layout_of(entry.tensor.type);
    cursor.fail_at(
        entry.at,
        fmt::format(
            "the shape {} is too large or its rows are no multiple of {} "
            "values, as {} needs",
            shape_text(entry.tensor.shape),
            layout.block_values,
            layout.name));
  }
  entry.bytes = static_cast<uint64_t>(*bytes);
  entry.offset = cursor.read<uint64_t>("the tensor's offset");
  return entry;
}

void place(
    Entry& entry,
    ByteCursor& cursor,
    uint64_t data_begin,
    uint64_t alignment,
    std::span<const std::byte> file) {
  cursor.enter("tensor", entry.name);
  if (entry.offset % alignment != 0) {
    cursor.fail_at(
        entry.at,
        fmt::format(
            "its offset {} is no multiple of the alignment {}",
            entry.offset,
            alignment));
  }
  uint64_t begin = 0;
  uint64_t end = 0;
  if (__builtin_add_overflow(data_begin, entry.offset, &begin) ||
      __builtin_add_overflow(begin, entry.bytes, &end) || end > file.size()) {
    cursor.fail_at(
        entry.at,
        fmt::format(
            "its data ({} bytes at offset {} of the data section, which "
            "begins at byte {}) ends past the end of the file ({} bytes): {}",
            entry.bytes,
            entry.offset,
            data_begin,
            file.size(),
            kFetchAgain));
  }
  entry.tensor.bytes = file.subspan(begin, entry.bytes);
  entry.tensor.file_offset = static_cast<int64_t>(begin);
}

void refuse_overlaps(const std::vector<Entry>& entries, ByteCursor& cursor) {
  std::vector<const Entry*> by_offset;
  by_offset.reserve(entries.size());
  for (const Entry& entry : entries) {
    if (entry.bytes > 0) {
      by_offset.push_back(&entry);
    }
  }
  std::ranges::sort(by_offset, {}, &Entry::offset);
  for (size_t i = 1; i < by_offset.size(); ++i) {
    const Entry& before = *by_offset[i - 1];
    const Entry& after = *by_offset[i];
    if (after.offset < before.offset + before.bytes) {
      cursor.enter("tensor", after.name);
      cursor.fail_at(
          after.at,
          fmt::format(
              "its data at byte {} overlaps that of tensor {}",
              after.tensor.file_offset,
              in_quotes(before.name)));
    }
  }
}

}  // namespace

std::vector<Tensor> read_gguf_tensors(
    ByteCursor& cursor,
    uint64_t count,
    uint64_t alignment,
    std::span<const std::byte> bytes) {
  // A name's length, the number of dimensions, a type and an offset.
  constexpr uint64_t kLeastEntryBytes = 8 + 4 + 4 + 8;
  cursor.enter("tensor table");
  if (count > cursor.remaining() / kLeastEntryBytes) {
    cursor.fail_at(
        cursor.position(),
        fmt::format(
            "the header claims {} tensors, but the file has {} bytes left: {}",
            count,
            cursor.remaining(),
            kFetchAgain));
  }
  if (count > kMaxTensors) {
    cursor.fail_at(
        cursor.position(),
        fmt::format("{} tensors; at most {} are read", count, kMaxTensors),
        ErrorCode::unsupported);
  }
  std::vector<Entry> entries;
  std::unordered_set<std::string_view> names;
  for (uint64_t i = 0; i < count; ++i) {
    entries.push_back(read_entry(cursor));
    if (!names.insert(entries.back().name).second) {
      cursor.fail_at(entries.back().at, "the name occurs twice");
    }
  }
  const uint64_t data_begin =
      (cursor.position() + alignment - 1) / alignment * alignment;
  for (Entry& entry : entries) {
    place(entry, cursor, data_begin, alignment, bytes);
  }
  refuse_overlaps(entries, cursor);
  std::vector<Tensor> tensors;
  tensors.reserve(entries.size());
  for (Entry& entry : entries) {
    tensors.push_back(std::move(entry.tensor));
  }
  return tensors;
}

}  // namespace bantam
