// SPDX-License-Identifier: MIT
// Cuts normalized text into the words that the model sees one by one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/prompt_text.h"

namespace bantam {

/// Text on its way through the pre-tokenizers.
struct Words {
  std::string text;
  /// In order, disjoint, none empty; what is in no range was removed.
  std::vector<ByteRange> ranges;
  /// The first range begins where the whole input begins (Metaspace's
  /// "first" asks for it).
  bool at_origin = false;
};

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Thread-safe.
  virtual void apply(Words& words) const = 0;
};

/// What becomes of the matches a splitter finds, with tokenizers' names.
enum class SplitBehavior {
  removed,
  isolated,
  merged_with_previous,
  merged_with_next,
  contiguous,
};

enum class PrefixSpace { never, first, always };

std::unique_ptr<PreTokenizer> make_regex_split(
    const std::string& pattern,
    SplitBehavior behavior,
    bool invert,
    const std::string& where);
std::unique_ptr<PreTokenizer> make_string_split(
    std::string pattern,
    SplitBehavior behavior,
    bool invert);

/// A set of characters to split at.
using CharacterTest = bool (*)(char32_t);
std::unique_ptr<PreTokenizer> make_character_split(
    CharacterTest test,
    SplitBehavior behavior);

/// Every `length` characters.
std::unique_ptr<PreTokenizer> make_fixed_length_split(size_t length);

struct ByteLevelOptions {
  bool add_prefix_space = true;
  bool use_regex = true;
};
/// Spells each byte with its stand-in, after GPT-2's own split if asked for.
std::unique_ptr<PreTokenizer> make_byte_level(const ByteLevelOptions& options);

struct MetaspaceOptions {
  std::string replacement = "\u2581";
  PrefixSpace prefix = PrefixSpace::always;
  bool split = true;
};
std::unique_ptr<PreTokenizer> make_metaspace(MetaspaceOptions options);

std::unique_ptr<PreTokenizer> make_pre_tokenizer_sequence(
    std::vector<std::unique_ptr<PreTokenizer>> stages);

/// GPT-2's expression, which ByteLevel applies by default.
extern const char* const kGpt2Pattern;

}  // namespace bantam
