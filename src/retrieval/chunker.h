// SPDX-License-Identifier: MIT
// Documents to chunks: pieces of a few paragraphs, at most as long as an
// encoder reads, cut where the structure lets them and overlapping where it
// does not.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "retrieval/document_text.h"

namespace bantam {

/// In tokens of whoever reads the chunks.
struct ChunkLimits {
  int64_t most_tokens = 200;
  /// A section shorter than this is joined with the next one.
  int64_t least_tokens = 64;
  /// Of a chunk's end that the next one repeats, unless a section ends there.
  int64_t overlap_tokens = 32;
};

struct ChunkSpan {
  size_t begin = 0;  // in DocumentText::text
  size_t end = 0;
  size_t section = 0;  // in DocumentText::sections
};

using TokenCount = std::function<int64_t(std::string_view text)>;

/// Everything that makes a token is in some chunk; spans ascend. Linear in the
/// length of the text.
std::vector<ChunkSpan> cut_chunks(
    const DocumentText& document,
    const ChunkLimits& limits,
    const TokenCount& count_tokens);

}  // namespace bantam
