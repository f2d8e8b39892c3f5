// SPDX-License-Identifier: MIT
#include "weights/gguf.h"

#include "weights/gguf_parts.h"

namespace bantam {

namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr uint64_t kDefaultAlignment = 32;
constexpr int64_t kMaxAlignment = int64_t{1} << 30;

int read_version(ByteCursor& cursor) {
  cursor.enter("GGUF header");
  const size_t at = cursor.position();
  const auto version = cursor.read<uint32_t>("the version");
  if (version == 2 || version == 3) {
    return static_cast<int>(version);
  }
  // The low bytes of a small big-endian number are zero.
  if ((version & 0xFFFF) == 0 && version != 0) {
    cursor.fail_at(
        at,
        "a big-endian file, made for another kind of machine; fetch the "
        "little-endian one",
        ErrorCode::unsupported);
  }
  cursor.fail_at(
      at,
      fmt::format(
          "version {}; versions 2 and 3 are supported. Convert the model "
          "again or fetch a newer file",
          version),
      ErrorCode::unsupported);
}

uint64_t alignment_of(const GgufFile& file) {
  const auto alignment = file.integer("general.alignment");
  if (!alignment) {
    return kDefaultAlignment;
  }
  const bool power_of_two =
      *alignment > 0 && (*alignment & (*alignment - 1)) == 0;
  if (!power_of_two || *alignment > kMaxAlignment) {
    fail(
        ErrorCode::invalid_file,
        "{}: metadata key 'general.alignment' is {}, expected a power of two",
        file.path(),
        *alignment);
  }
  return static_cast<uint64_t>(*alignment);
}

[[noreturn]] void fail_type(
    const GgufFile& file,
    std::string_view key,
    const GgufValue& value,
    std::string_view expected) {
  fail(
      ErrorCode::invalid_file,
      "{}: metadata key {} is {}, expected {}",
      file.path(),
      in_quotes(key),
      kind_of(value),
      expected);
}

template <typename T>
const T* get(
    const GgufFile& file,
    std::string_view key,
    std::string_view expected) {
  const GgufValue* value = file.find(key);
  if (value == nullptr) {
    return nullptr;
  }
  if (const T* typed = std::get_if<T>(value)) {
    return typed;
  }
  fail_type(file, key, *value, expected);
}

template <typename T>
std::optional<T> optional_copy(const T* value) {
  return value == nullptr ? std::nullopt : std::optional<T>(*value);
}

}  // namespace

bool looks_like_gguf(std::string_view first_bytes) {
  return first_bytes.substr(0, kMagic.size()) == kMagic;
}

GgufFile::GgufFile(const std::string& path) : file_(path) {
  ByteCursor cursor(file_.path(), file_.bytes());
  cursor.enter("GGUF header");
  if (!looks_like_gguf(file_.text())) {
    const bool cut = kMagic.substr(0, file_.size()) == file_.text();
    cursor.fail_at(
        0,
        cut ? fmt::format("the file is {} bytes: {}", file_.size(), kFetchAgain)
            : "not a GGUF file: it does not begin with 'GGUF'");
  }
  cursor.skip(kMagic.size(), "the magic number");
  version_ = read_version(cursor);
  const auto tensor_count = cursor.read<uint64_t>("the number of tensors");
  const auto entry_count = cursor.read<uint64_t>("the number of entries");
  metadata_ = read_gguf_metadata(cursor, entry_count);
  tensors_ = read_gguf_tensors(
      cursor, tensor_count, alignment_of(*this), file_.bytes());
}

const GgufValue* GgufFile::find(std::string_view key) const {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? nullptr : &found->second;
}

std::optional<int64_t> GgufFile::integer(std::string_view key) const {
  return optional_copy(get<int64_t>(*this, key, "an integer"));
}

std::optional<double> GgufFile::number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value != nullptr && std::holds_alternative<int64_t>(*value)) {
    return static_cast<double>(std::get<int64_t>(*value));
  }
  return optional_copy(get<double>(*this, key, "a number"));
}

std::optional<bool> GgufFile::boolean(std::string_view key) const {
  return optional_copy(get<bool>(*this, key, "a boolean"));
}

std::optional<std::string> GgufFile::string(std::string_view key) const {
  return optional_copy(get<std::string>(*this, key, "text"));
}

const GgufStrings* GgufFile::strings(std::string_view key) const {
  return get<GgufStrings>(*this, key, "an array of strings");
}

}  // namespace bantam
