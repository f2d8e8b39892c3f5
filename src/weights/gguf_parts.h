// SPDX-License-Identifier: MIT
// The two tables of a GGUF file, each read by its own source file. Internal
// to weights/.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "weights/byte_cursor.h"
#include "weights/gguf.h"

namespace bantam {

using GgufMetadata = std::map<std::string, GgufValue, std::less<>>;

/// Reads `count` key-value pairs.
GgufMetadata read_gguf_metadata(ByteCursor& cursor, uint64_t count);

/// Reads `count` tensor descriptions; the data starts at the first multiple
/// of `alignment` after them. `bytes` is the whole file.
std::vector<Tensor> read_gguf_tensors(
    ByteCursor& cursor,
    uint64_t count,
    uint64_t alignment,
    std::span<const std::byte> bytes);

/// "text", "an array of integers": for messages about a wrong type.
std::string_view kind_of(const GgufValue& value);

}  // namespace bantam
