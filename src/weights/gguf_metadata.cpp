// SPDX-License-Identifier: MIT
// The key-value pairs of a GGUF file.
#include <limits>

#include "weights/gguf_parts.h"

namespace bantam {

namespace {

// gguf_metadata_value_type of the format description.
enum ValueType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// What is copied out of the file is bounded, since a small hostile file could
// make it many times larger than itself. Real files have less than a hundred
// keys and at most two arrays of 260 thousand numbers, one per token.
constexpr uint64_t kMaxEntries = uint64_t{1} << 16;
constexpr uint64_t kMaxNumbers = uint64_t{1} << 24;
constexpr int kMaxNesting = 8;

template <typename Stored>
int64_t read_integer(ByteCursor& cursor) {
  const size_t at = cursor.position();
  const auto value = cursor.read<Stored>("an integer");
  if constexpr (std::is_same_v<Stored, uint64_t>) {
    if (value > uint64_t{std::numeric_limits<int64_t>::max()}) {
      cursor.fail_at(
          at, fmt::format("the value {} does not fit 63 bits", value));
    }
  }
  return static_cast<int64_t>(value);
}

template <typename Stored>
double read_float(ByteCursor& cursor) {
  return static_cast<double>(cursor.read<Stored>("a number"));
}

bool read_bool(ByteCursor& cursor) {
  const size_t at = cursor.position();
  const auto value = cursor.read<uint8_t>("a boolean");
  if (value > 1) {
    cursor.fail_at(
        at, fmt::format("the boolean is {}, expected 0 or 1", value));
  }
  return value == 1;
}

// Refuses a count that the rest of the file cannot hold, before any use.
void require_elements(
    const ByteCursor& cursor,
    uint64_t count,
    uint64_t least_bytes) {
  if (count > cursor.remaining() / least_bytes) {
    cursor.fail_at(
        cursor.position(),
        fmt::format(
            "the array claims {} elements, but the file has {} bytes left: {}",
            count,
            cursor.remaining(),
            kFetchAgain));
  }
}

class ValueReader {
 public:
  explicit ValueReader(ByteCursor& cursor) : cursor_(cursor) {}

  GgufValue read_value();

 private:
  GgufValue read_array(int nesting);
  GgufStrings read_strings(uint64_t count);
  GgufNestedArray skip_arrays(uint64_t count, int nesting);
  template <typename Element>
  std::vector<Element> read_numbers(
      uint64_t count,
      uint64_t element_bytes,
      Element (*read_element)(ByteCursor&));

  ByteCursor& cursor_;
  uint64_t numbers_left_ = kMaxNumbers;  // in all arrays together
};

template <typename Element>
std::vector<Element> ValueReader::read_numbers(
    uint64_t count,
    uint64_t element_bytes,
    Element (*read_element)(ByteCursor&)) {
  require_elements(cursor_, count, element_bytes);
  if (count > numbers_left_) {
    cursor_.fail_at(
        cursor_.position(),
        fmt::format(
            "an array of {} numbers; at most {} in all are read",
            count,
            kMaxNumbers),
        ErrorCode::unsupported);
  }
  numbers_left_ -= count;
  std::vector<Element> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    values.push_back(read_element(cursor_));
  }
  return values;
}

GgufStrings ValueReader::read_strings(uint64_t count) {
  require_elements(cursor_, count, sizeof(uint64_t));
  const std::byte* first = cursor_.here();
  for (uint64_t i = 0; i < count; ++i) {
    cursor_.read_string("a string of the array");
  }
  return {first, cursor_.here(), static_cast<size_t>(count)};
}

GgufNestedArray ValueReader::skip_arrays(uint64_t count, int nesting) {
  if (nesting == kMaxNesting) {
    cursor_.fail_at(
        cursor_.position(),
        fmt::format("arrays nested deeper than {} levels", kMaxNesting));
  }
  require_elements(cursor_, count, sizeof(uint32_t) + sizeof(uint64_t));
  for (uint64_t i = 0; i < count; ++i) {
    read_array(nesting + 1);
  }
  return {static_cast<int64_t>(count)};
}

GgufValue ValueReader::read_array(int nesting) {
  const size_t at = cursor_.position();
  const auto type = cursor_.read<uint32_t>("the array's element type");
  const auto count = cursor_.read<uint64_t>("the array's length");
  switch (type) {
    case kUint8:
      return read_numbers(count, 1, read_integer<uint8_t>);
    case kInt8:
      return read_numbers(count, 1, read_integer<int8_t>);
    case kUint16:
      return read_numbers(count, 2, read_integer<uint16_t>);
    case kInt16:
      return read_numbers(count, 2, read_integer<int16_t>);
    case kUint32:
      return read_numbers(count, 4, read_integer<uint32_t>);
    case kInt32:
      return read_numbers(count, 4, read_integer<int32_t>);
    case kUint64:
      return read_numbers(count, 8, read_integer<uint64_t>);
    case kInt64:
      return read_numbers(count, 8, read_integer<int64_t>);
    case kFloat32:
      return read_numbers(count, 4, read_float<float>);
    case kFloat64:
      return read_numbers(count, 8, read_float<double>);
    case kBool:
      return read_numbers(count, 1, read_bool);
    case kString:
      return read_strings(count);
    case kArray:
      return skip_arrays(count, nesting);
    default:
      cursor_.fail_at(
          at, fmt::format("the array's element type {} is unknown", type));
  }
}

GgufValue ValueReader::read_value() {
  const size_t at = cursor_.position();
  const auto type = cursor_.read<uint32_t>("the value's type");
  switch (type) {
    case kUint8:
      return read_integer<uint8_t>(cursor_);
    case kInt8:
      return read_integer<int8_t>(cursor_);
    case kUint16:
      return read_integer<uint16_t>(cursor_);
    case kInt16:
      return read_integer<int16_t>(cursor_);
    case kUint32:
      return read_integer<uint32_t>(cursor_);
    case kInt32:
      return read_integer<int32_t>(cursor_);
    case kUint64:
      return read_integer<uint64_t>(cursor_);
    case kInt64:
      return read_integer<int64_t>(cursor_);
    case kFloat32:
      return read_float<float>(cursor_);
    case kFloat64:
      return read_float<double>(cursor_);
    case kBool:
      return read_bool(cursor_);
    case kString:
      return std::string(cursor_.read_string("the text"));
    case kArray:
      return read_array(0);
    default:
      cursor_.fail_at(at, fmt::format("the value type {} is unknown", type));
  }
}

}  // namespace

GgufMetadata read_gguf_metadata(ByteCursor& cursor, uint64_t count) {
  // A key's length, a type and a value of one byte.
  constexpr uint64_t kLeastEntryBytes = 8 + 4 + 1;
  cursor.enter("metadata");
  if (count > cursor.remaining() / kLeastEntryBytes) {
    cursor.fail_at(
        cursor.position(),
        fmt::format(
            "the header claims {} entries, but the file has {} bytes left: {}",
            count,
            cursor.remaining(),
            kFetchAgain));
  }
  if (count > kMaxEntries) {
    cursor.fail_at(
        cursor.position(),
        fmt::format(
            "the header claims {} entries; at most {} are read",
            count,
            kMaxEntries),
        ErrorCode::unsupported);
  }
  GgufMetadata metadata;
  ValueReader reader(cursor);
  for (uint64_t i = 0; i < count; ++i) {
    cursor.enter("metadata");
    const size_t at = cursor.position();
    const std::string_view key = cursor.read_string("a key");
    cursor.enter("metadata key", key);
    if (key.empty()) {
      cursor.fail_at(at, "an empty key");
    }
    if (!metadata.try_emplace(std::string(key), reader.read_value()).second) {
      cursor.fail_at(at, "the key occurs twice");
    }
  }
  return metadata;
}

std::string_view kind_of(const GgufValue& value) {
  constexpr std::string_view kKinds[] = {
      "an integer",
      "a number",
      "a boolean",
      "text",
      "an array of integers",
      "an array of numbers",
      "an array of booleans",
      "an array of strings",
      "an array of arrays",
  };
  static_assert(std::size(kKinds) == std::variant_size_v<GgufValue>);
  return kKinds[value.index()];
}

}  // namespace bantam
