// SPDX-License-Identifier: MIT
// From token spellings back to text: a chain of stages, each of which passes
// text on as soon as it is certain. decode() and the streaming decoder run
// the same chain, so they cannot differ.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bantam {

/// Takes a sequence of strings, each of which may come in several fragments
/// (cut between characters).
class TextSink {
 public:
  virtual ~TextSink() = default;
  /// `ends`: this is the last fragment of the current string.
  virtual void put(std::string_view fragment, bool ends) = 0;
  /// No more strings.
  virtual void finish() = 0;
};

/// One decoder of tokenizer.json. Immutable; open() makes its state.
class TokenDecoder {
 public:
  virtual ~TokenDecoder() = default;
  /// A stage that writes to `next`, which must outlive it.
  virtual std::unique_ptr<TextSink> open(TextSink& next) const = 0;
};

/// Stand-ins of bytes to UTF-8; joins everything.
std::unique_ptr<TokenDecoder> make_byte_level_decoder();
/// Runs of <0xNN> to UTF-8, or one U+FFFD a byte if the run is not valid.
std::unique_ptr<TokenDecoder> make_byte_fallback_decoder();
/// Joins everything to one string.
std::unique_ptr<TokenDecoder> make_fuse_decoder();

struct StripDecoderOptions {
  std::string content = " ";
  size_t start = 0;  // at most this many are taken from the start
  size_t stop = 0;
};
std::unique_ptr<TokenDecoder> make_strip_decoder(StripDecoderOptions options);

/// `pattern` is not empty.
std::unique_ptr<TokenDecoder> make_string_replace_decoder(
    std::string pattern,
    std::string content);
std::unique_ptr<TokenDecoder> make_regex_replace_decoder(
    const std::string& pattern,
    std::string content,
    const std::string& where);

/// The replacement character becomes a space; in the first string it goes,
/// if a prefix was added.
std::unique_ptr<TokenDecoder> make_metaspace_decoder(
    std::string replacement,
    bool added_prefix);

struct WordPieceDecoderOptions {
  std::string prefix = "##";
  bool cleanup = true;
};
std::unique_ptr<TokenDecoder> make_word_piece_decoder(
    WordPieceDecoderOptions options);

/// The end-of-word suffix becomes a space, in the last string nothing.
std::unique_ptr<TokenDecoder> make_bpe_decoder(std::string suffix);

/// Puts a space between strings: what tokenizers does without a decoder.
std::unique_ptr<TokenDecoder> make_space_join_decoder();

std::unique_ptr<TokenDecoder> make_decoder_sequence(
    std::vector<std::unique_ptr<TokenDecoder>> stages);

}  // namespace bantam
