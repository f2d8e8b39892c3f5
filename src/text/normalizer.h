// SPDX-License-Identifier: MIT
// Rewrites text before it is cut into words: Unicode normal forms, case,
// replacements.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/prompt_text.h"

namespace bantam {

/// Text that remembers, where that is asked for, which of its bytes go back
/// to the user's input.
struct TrackedText {
  std::string text;
  /// One byte per byte of text, 1 where it came from input; empty if nothing
  /// is tracked.
  std::string input_marks;
  /// The text begins where the whole input begins.
  bool at_origin = false;
};

/// Writes a TrackedText anew, piece by piece, and carries the marks over.
class TextRewriter {
 public:
  explicit TextRewriter(TrackedText& target);
  /// `out` stands for the bytes `source` of the old text.
  void put(std::string_view out, ByteRange source);
  /// Copies bytes of the old text.
  void copy(ByteRange source);
  /// Replaces the old text.
  void finish();
  const std::string& old() const { return target_.text; }

 private:
  TrackedText& target_;
  std::string text_;
  std::string marks_;
  bool began_ = false;
  bool at_origin_ = false;
};

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  /// Thread-safe.
  virtual void apply(TrackedText& text) const = 0;
};

enum class NormalForm { nfc, nfd, nfkc, nfkd };
std::unique_ptr<Normalizer> make_normal_form(NormalForm form);
std::unique_ptr<Normalizer> make_lowercase();
std::unique_ptr<Normalizer> make_strip_accents();
/// SentencePiece's clean-up of control characters and unusual spaces.
std::unique_ptr<Normalizer> make_nmt();
/// Spells each byte with its stand-in (see byte_alphabet.h).
std::unique_ptr<Normalizer> make_byte_level_normalizer();

struct StripOptions {
  bool left = true;
  bool right = true;
};
std::unique_ptr<Normalizer> make_strip(const StripOptions& options);

/// Nothing is put before an empty text.
std::unique_ptr<Normalizer> make_prepend(std::string prefix);

std::unique_ptr<Normalizer> make_string_replace(
    std::string pattern,
    std::string content);
std::unique_ptr<Normalizer> make_regex_replace(
    const std::string& pattern,
    std::string content,
    const std::string& where);

struct BertNormalizerOptions {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};
std::unique_ptr<Normalizer> make_bert_normalizer(
    const BertNormalizerOptions& options);

/// SentencePiece's compiled rules: a double-array trie and replacements.
/// `charsmap` is the decoded blob. Throws invalid_file beginning with `where`.
std::unique_ptr<Normalizer> make_precompiled(
    std::string charsmap,
    const std::string& where);

std::unique_ptr<Normalizer> make_normalizer_sequence(
    std::vector<std::unique_ptr<Normalizer>> stages);

}  // namespace bantam
