// SPDX-License-Identifier: MIT
#include "weights/safetensors.h"

#include <algorithm>

#include "weights/byte_cursor.h"
#include "weights/safetensors_header.h"

namespace bantam {

namespace {

constexpr uint64_t kLengthBytes = 8;
// Both limits are the format's own.
constexpr uint64_t kLeastHeaderBytes = 2;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;

// The header's text, once its length is known to be sound.
std::string_view header_text(const MappedFile& file) {
  ByteCursor cursor(file.path(), file.bytes());
  cursor.enter("safetensors header");
  const auto length = cursor.read<uint64_t>("the header's length");
  if (length < kLeastHeaderBytes || length > kMaxHeaderBytes) {
    cursor.fail_at(
        0,
        fmt::format(
            "a header of {} bytes, expected {} to {}: not a safetensors file, "
            "or damaged",
            length,
            kLeastHeaderBytes,
            kMaxHeaderBytes));
  }
  cursor.require(length, "the header");
  const std::string_view text = file.text().substr(kLengthBytes, length);
  if (text.front() != '{') {
    cursor.fail_at(
        kLengthBytes,
        "it does not begin with '{': not a safetensors file, or damaged");
  }
  return text;
}

// The format's rule: sorted by place, tensors follow each other without
// overlaps or holes and fill the data section exactly.
void check_places(
    const SafetensorsHeader& header,
    std::string_view text,
    const std::string& file,
    uint64_t section_bytes) {
  const auto fail_entry = [&](const SafetensorsEntry& entry,
                              std::string_view what) {
    fail_safetensors_entry(text, file, kLengthBytes, entry.name, what);
  };
  std::vector<const SafetensorsEntry*> by_place;
  for (const SafetensorsEntry& entry : header.entries) {
    const auto bytes = tensor_bytes(entry.type, entry.shape);
    if (!bytes || entry.begin > entry.end ||
        entry.end - entry.begin != static_cast<uint64_t>(*bytes)) {
      fail_entry(
          entry,
          fmt::format(
              "offsets {} to {} do not fit {} values of {}",
              entry.begin,
              entry.end,
              shape_text(entry.shape),
              layout_of(entry.type).name));
    }
    by_place.push_back(&entry);
  }
  std::ranges::sort(by_place, [](const auto* a, const auto* b) {
    return a->begin != b->begin ? a->begin < b->begin : a->end < b->end;
  });
  uint64_t filled = 0;
  for (const SafetensorsEntry* entry : by_place) {
    if (entry->end > section_bytes) {
      fail_entry(
          *entry,
          fmt::format(
              "its data ends at byte {} of the data section, which has {} "
              "bytes: {}",
              entry->end,
              section_bytes,
              kFetchAgain));
    }
    if (entry->begin != filled) {
      fail_entry(
          *entry,
          fmt::format(
              "its data begins at byte {} of the data section, expected {}: "
              "tensors overlap or leave a hole",
              entry->begin,
              filled));
    }
    filled = entry->end;
  }
  if (filled != section_bytes) {
    fail(
        ErrorCode::invalid_file,
        "{}: data section at byte {}: {} bytes, but the tensors fill {}",
        file,
        kLengthBytes + text.size(),
        section_bytes,
        filled);
  }
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path) : file_(path) {
  const std::string_view text = header_text(file_);
  SafetensorsHeader header =
      read_safetensors_header(text, file_.path(), kLengthBytes);
  const uint64_t data_begin = kLengthBytes + text.size();
  check_places(header, text, file_.path(), file_.size() - data_begin);
  tensors_.reserve(header.entries.size());
  for (SafetensorsEntry& entry : header.entries) {
    Tensor tensor;
    tensor.name = std::move(entry.name);
    tensor.type = entry.type;
    tensor.shape = std::move(entry.shape);
    tensor.bytes = file_.bytes().subspan(
        data_begin + entry.begin, entry.end - entry.begin);
    tensor.file = file_.path();
    tensor.file_offset = static_cast<int64_t>(data_begin + entry.begin);
    tensors_.push_back(std::move(tensor));
  }
  metadata_ = std::move(header.metadata);
}

}  // namespace bantam
