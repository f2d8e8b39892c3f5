// SPDX-License-Identifier: MIT
#include "weights/safetensors_header.h"

#include <array>
#include <limits>
#include <set>
#include <unordered_set>

#include "weights/byte_cursor.h"
#include "weights/json_events.h"

namespace bantam {

namespace {

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr size_t kMaxDimensions = 32;
// Far above any real file; they bound the memory that a hostile one can take.
constexpr size_t kMaxTensors = size_t{1} << 20;
constexpr size_t kMaxMetadata = size_t{1} << 16;

// The names a header may use are those of the layout table's plain types.
constexpr std::array kTypes{
    TensorType::f64,
    TensorType::f32,
    TensorType::f16,
    TensorType::bf16,
    TensorType::i64,
    TensorType::i32,
    TensorType::i16,
    TensorType::i8,
    TensorType::u64,
    TensorType::u32,
    TensorType::u16,
    TensorType::u8,
    TensorType::boolean,
    TensorType::f8_e4m3,
    TensorType::f8_e5m2,
    TensorType::f8_e8m0,
};

// Accepts exactly
//   {"__metadata__": {text: text, ...},
//    name: {"dtype": text, "shape": [n, ...], "data_offsets": [n, n]}, ...}
// The parser keeps its own stack, so nesting cannot overflow ours, and every
// level below the third is refused here.
class HeaderEvents final : public JsonEvents {
 public:
  HeaderEvents(
      std::string_view text,
      const std::string& file,
      uint64_t text_begin)
      : JsonEvents(file, text_begin), text_(text) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool null() override {
    // An absent metadata entry as some writers spell it.
    return level_ == 1 && in_metadata() ? true : refuse("null");
  }
  bool boolean(bool) override { return refuse("a boolean"); }
  bool number_integer(number_integer_t) override {
    return refuse("a negative number");
  }
  bool number_float(number_float_t, const string_t&) override {
    return refuse("a fraction");
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (!in_array_) {
      return refuse("a number");
    }
    std::vector<uint64_t>& numbers = field_ == "shape" ? shape_ : offsets_;
    if (numbers.size() == kMaxDimensions) {
      fail_entry(fmt::format("more than {} numbers", kMaxDimensions));
    }
    numbers.push_back(value);
    return true;
  }

  bool string(string_t& value) override {
    if (level_ != 2 || in_array_ || (!in_metadata() && field_ != "dtype")) {
      return refuse("text");
    }
    if (in_metadata()) {
      if (header_.metadata.size() == kMaxMetadata) {
        fail_entry(fmt::format("more than {} entries", kMaxMetadata));
      }
      if (!header_.metadata.emplace(field_, value).second) {
        fail_entry(fmt::format("the key {} occurs twice", in_quotes(field_)));
      }
    } else {
      dtype_ = value;
    }
    return true;
  }

  bool start_object(size_t) override {
    if (level_ == 2) {
      return refuse("an object");
    }
    ++level_;
    fields_.clear();
    shape_.clear();
    offsets_.clear();
    return true;
  }

  bool key(string_t& value) override {
    if (level_ == 1) {
      if (names_.size() == kMaxTensors) {
        fail(
            ErrorCode::unsupported,
            "{}: more than {} tensors",
            file(),
            kMaxTensors);
      }
      name_ = value;
      field_.clear();
      if (!names_.insert(name_).second) {
        fail_entry("the name occurs twice");
      }
      return true;
    }
    field_ = value;
    if (in_metadata()) {
      return true;
    }
    if (field_ != "dtype" && field_ != "shape" && field_ != "data_offsets") {
      fail_entry(fmt::format("unknown field {}", in_quotes(field_)));
    }
    if (!fields_.insert(field_).second) {
      fail_entry(fmt::format("the field {} occurs twice", in_quotes(field_)));
    }
    return true;
  }

  bool end_object() override {
    if (level_-- == 2 && !in_metadata()) {
      finish_entry();
    }
    return true;
  }

  bool start_array(size_t) override {
    if (level_ != 2 || in_array_ ||
        (field_ != "shape" && field_ != "data_offsets") || in_metadata()) {
      return refuse("an array");
    }
    in_array_ = true;
    return true;
  }

  bool end_array() override {
    in_array_ = false;
    return true;
  }

 private:
  bool in_metadata() const { return name_ == kMetadataKey; }

  [[noreturn]] void fail_entry(std::string_view what) const {
    fail_safetensors_entry(text_, file(), text_begin(), name_, what);
  }

  [[noreturn]] bool refuse(std::string_view what) const {
    if (level_ == 0) {
      fail(
          ErrorCode::invalid_file,
          "{}: header at byte {}: {}, expected an object of tensors",
          file(),
          text_begin(),
          what);
    }
    fail_entry(
        field_.empty()
            ? fmt::format("{} where its description is expected", what)
            : fmt::format("{} as its {}", what, in_quotes(field_)));
  }

  void finish_entry() {
    for (const char* field : {"dtype", "shape", "data_offsets"}) {
      if (!fields_.contains(field)) {
        fail_entry(fmt::format("the field '{}' is missing", field));
      }
    }
    if (offsets_.size() != 2) {
      fail_entry(
          fmt::format(
              "'data_offsets' has {} numbers, expected 2", offsets_.size()));
    }
    SafetensorsEntry entry{name_, read_type(), {}, offsets_[0], offsets_[1]};
    for (const uint64_t extent : shape_) {
      if (extent > uint64_t{std::numeric_limits<int64_t>::max()}) {
        fail_entry("a dimension does not fit 63 bits");
      }
      entry.shape.push_back(static_cast<int64_t>(extent));
    }
    header_.entries.push_back(std::move(entry));
  }

  TensorType read_type() const {
    for (const TensorType type : kTypes) {
      if (layout_of(type).name == dtype_) {
        return type;
      }
    }
    fail(
        ErrorCode::unsupported,
        "{}: tensor {}: the dtype {} is not known to this bantam",
        file(),
        in_quotes(name_),
        in_quotes(dtype_));
  }

  std::string_view text_;
  SafetensorsHeader header_;
  std::unordered_set<std::string> names_;

  int level_ = 0;  // of objects
  bool in_array_ = false;
  std::string name_;   // the current key of the first level
  std::string field_;  // and of the second
  std::set<std::string> fields_;
  std::string dtype_;
  std::vector<uint64_t> shape_, offsets_;
};

}  // namespace

SafetensorsHeader read_safetensors_header(
    std::string_view text,
    const std::string& file,
    uint64_t text_begin) {
  HeaderEvents events(text, file, text_begin);
  events.parse(text);
  return events.take();
}

void fail_safetensors_entry(
    std::string_view text,
    const std::string& file,
    uint64_t text_begin,
    std::string_view name,
    std::string_view what) {
  // Events carry no position; names are rarely escaped, so look for it.
  const size_t found = text.find(fmt::format("\"{}\"", name));
  const uint64_t at = text_begin + (found == text.npos ? 0 : found);
  fail(
      ErrorCode::invalid_file,
      "{}: tensor {} at byte {}: {}",
      file,
      in_quotes(name),
      at,
      what);
}

}  // namespace bantam
