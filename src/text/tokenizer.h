// SPDX-License-Identifier: MIT
// Text <-> token ids, exactly as the Hugging Face `tokenizers` package does
// it for the same tokenizer.json; a GGUF vocabulary is treated as the
// tokenizer.json that it was converted from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/prompt_text.h"

namespace bantam {

using TokenId = int32_t;

/// The tokenizer part of a GGUF file's metadata (tokenizer.ggml.*).
struct GgufVocabulary {
  std::string source;  // file name, for error messages
  std::string model;   // "gpt2", "llama", ...
  std::string pre;     // pre-tokenizer name: "smollm", "qwen2", ...
  std::vector<std::string> tokens;
  std::vector<float> scores;        // may be empty
  std::vector<int32_t> types;       // may be empty; llama_token_type
  std::vector<std::string> merges;  // may be empty
  std::optional<TokenId> bos, eos, unknown, padding;
  std::vector<TokenId> other_end_tokens;  // eot, eom ids
  std::optional<bool> add_bos, add_eos, add_space_prefix;
};

struct EncodeOptions {
  /// Add what the vocabulary's post-processor adds (BOS, EOS).
  bool add_special = true;
  /// Text that spells a special token becomes that token, except within
  /// PromptText::input.
  bool parse_special = true;
};

/// Text that becomes certain token by token. Belongs to one thread.
class TextStream {
 public:
  virtual ~TextStream() = default;
  /// Throws invalid_request for an id outside the vocabulary.
  virtual std::string push(TokenId id) = 0;
  virtual std::string finish() = 0;
};

/// Immutable; every member function may be called from any thread.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Ids of `text`, which must be valid UTF-8 (throws invalid_request with
  /// the byte offset otherwise). Linear in the length of the text.
  virtual std::vector<TokenId> encode(
      const PromptText& text,
      const EncodeOptions& options) const = 0;
  std::vector<TokenId> encode(
      std::string_view text,
      const EncodeOptions& options = {}) const {
    return encode(PromptText{std::string(text), {}}, options);
  }

  /// Text of `ids`. Bytes that are not UTF-8 become U+FFFD as the reference
  /// does. Throws invalid_request for an id outside the vocabulary.
  virtual std::string decode(
      std::span<const TokenId> ids,
      bool skip_special = false) const = 0;

  /// decode() piece by piece: what push() and finish() return, joined, is
  /// decode() of all ids. The tokenizer must outlive the stream. The default
  /// decodes everything at each push.
  virtual std::unique_ptr<TextStream> open_stream(bool skip_special) const;

  /// One past the largest id.
  virtual int64_t vocabulary_size() const = 0;
  /// Declared special (control) tokens: never part of an answer's text.
  virtual bool is_special(TokenId id) const = 0;
  /// The token's own spelling, e.g. "<|im_end|>" or "Ġthe"; "" if unused.
  virtual std::string_view spelling(TokenId id) const = 0;
  /// The id of an exact spelling.
  virtual std::optional<TokenId> find(std::string_view spelling) const = 0;
  virtual std::optional<TokenId> bos() const = 0;
  /// Every token this vocabulary itself names as an end (eos, eot, eom).
  virtual std::vector<TokenId> end_tokens() const = 0;
};

/// From the text of a tokenizer.json; `source` names it in errors. Throws
/// invalid_file (path within the JSON) or unsupported (which part, its type).
std::unique_ptr<Tokenizer> make_tokenizer_from_json(
    std::string_view json,
    const std::string& source);

/// From GGUF metadata. Throws invalid_file or unsupported (model or pre).
std::unique_ptr<Tokenizer> make_tokenizer_from_gguf(GgufVocabulary vocabulary);

/// Turns a stream of ids into a stream of text: never half a character, never
/// a special token unless it is told to show them, and the concatenation equals
/// decode() of all ids.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = true)
      : stream_(tokenizer.open_stream(skip_special)) {}
  /// Text that became certain with this token; may be empty. Throws
  /// invalid_request for an id outside the vocabulary.
  std::string push(TokenId id) { return stream_->push(id); }
  /// What is still held back.
  std::string finish() { return stream_->finish(); }

 private:
  std::unique_ptr<TextStream> stream_;
};

}  // namespace bantam
