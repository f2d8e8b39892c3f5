// SPDX-License-Identifier: MIT
// The JSON header of a safetensors file, read event by event: a header may be
// 100 MB, and a document tree of it ten times that. Internal to weights/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weights/tensor.h"

namespace bantam {

/// One tensor as the header describes it; offsets within the data section.
struct SafetensorsEntry {
  std::string name;
  TensorType type;
  std::vector<int64_t> shape;
  uint64_t begin;
  uint64_t end;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of the header
  std::map<std::string, std::string> metadata;
};

/// `text` begins at byte `text_begin` of `file`. Throws invalid_file or
/// unsupported, naming file, tensor and byte.
SafetensorsHeader read_safetensors_header(
    std::string_view text,
    const std::string& file,
    uint64_t text_begin);

/// Throws "<file>: tensor '<name>' at byte <n>: <what>", n being where the
/// header `text` describes the tensor.
[[noreturn]] void fail_safetensors_entry(
    std::string_view text,
    const std::string& file,
    uint64_t text_begin,
    std::string_view name,
    std::string_view what);

}  // namespace bantam
