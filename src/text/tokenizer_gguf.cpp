// SPDX-License-Identifier: MIT
// Tokenizers from GGUF metadata (tokenizer.ggml.*).
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "text/bpe_model.h"
#include "text/gguf_pre_tokenizer.h"
#include "text/gguf_token_type.h"
#include "text/pipeline_tokenizer.h"
#include "text/spm_model.h"

namespace bantam {

namespace {

class GgufBuilder {
 public:
  explicit GgufBuilder(GgufVocabulary vocabulary) : v_(std::move(vocabulary)) {}

  std::unique_ptr<Tokenizer> build() {
    check();
    add_tokens();
    if (v_.model == "gpt2") {
      build_byte_level_bpe();
    } else if (v_.model == "llama") {
      build_spm();
    } else if (v_.model == "gemma4") {
      build_spaced_bpe();
    } else {
      fail(
          ErrorCode::unsupported,
          "{}: the vocabulary type \"{}\" (tokenizer.ggml.model) is not "
          "supported",
          v_.source,
          v_.model);
    }
    add_bos_and_eos();
    return make_pipeline_tokenizer(std::move(parts_));
  }

 private:
  template <typename... Args>
  [[noreturn]] void damaged(fmt::format_string<Args...> format, Args&&... args)
      const {
    fail(
        ErrorCode::invalid_file,
        "{}: {}",
        v_.source,
        fmt::format(format, std::forward<Args>(args)...));
  }

  void check_length(size_t length, const char* key) const {
    if (length != 0 && length != v_.tokens.size()) {
      damaged("{} has {} entries for {} tokens", key, length, v_.tokens.size());
    }
  }

  void check() const {
    if (v_.tokens.empty()) {
      damaged("tokenizer.ggml.tokens is missing or empty");
    }
    if (v_.tokens.size() > TokenTable::kMaxTokens) {
      damaged("{} tokens are too many", v_.tokens.size());
    }
    check_length(v_.scores.size(), "tokenizer.ggml.scores");
    check_length(v_.types.size(), "tokenizer.ggml.token_type");
    check_id(v_.bos, "bos_token_id");
    check_id(v_.eos, "eos_token_id");
    check_id(v_.unknown, "unknown_token_id");
  }

  void check_id(std::optional<TokenId> id, const char* key) const {
    if (id && (*id < 0 || static_cast<size_t>(*id) >= v_.tokens.size())) {
      damaged(
          "tokenizer.ggml.{} {} is outside the vocabulary of {} tokens",
          key,
          *id,
          v_.tokens.size());
    }
  }

  void add_tokens() {
    auto tokens = std::make_unique<TokenTable>();
    size_t bytes = 0;
    for (const std::string& token : v_.tokens) {
      bytes += token.size();
    }
    tokens->reserve(v_.tokens.size(), bytes);
    for (size_t i = 0; i < v_.tokens.size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      if (v_.tokens[i].empty()) {
        continue;  // a hole that the converter left
      }
      const size_t before = tokens->count();
      tokens->add(v_.tokens[i], id);
      if (tokens->count() == before) {
        damaged("token {} has the spelling of another token", i);
      }
      if (is_added_token(v_, i)) {
        parts_.added.push_back(
            {.content = v_.tokens[i],
             .id = id,
             .normalized = false,
             .special = is_special_token(v_, i)});
      }
    }
    tokens->extend(static_cast<int64_t>(v_.tokens.size()));
    tokens_ = tokens.get();
    parts_.tokens = std::move(tokens);
  }

  MergeTable read_merges() const {
    MergeTable merges(v_.merges.size());
    std::string whole;
    for (size_t i = 0; i < v_.merges.size(); ++i) {
      const std::string& line = v_.merges[i];
      // A token may itself begin with a space, never end with one.
      const size_t space = line.find(' ', 1);
      if (space == line.npos) {
        damaged("tokenizer.ggml.merges[{}] is not a pair", i);
      }
      const std::string_view left(line.data(), space);
      const std::string_view right = std::string_view(line).substr(space + 1);
      whole.assign(left).append(right);
      const auto left_id = tokens_->find(left);
      const auto right_id = tokens_->find(right);
      const auto whole_id = tokens_->find(whole);
      if (!left_id || !right_id || !whole_id) {
        damaged(
            "tokenizer.ggml.merges[{}] names \"{}\", which is no token",
            i,
            !left_id        ? left
                : !right_id ? right
                            : std::string_view(whole));
      }
      merges.add(*left_id, *right_id, {static_cast<uint32_t>(i), *whole_id});
    }
    return merges;
  }

  void build_byte_level_bpe() {
    const GgufPreTokenizer pre = gguf_pre_tokenizer(v_.pre, v_.source);
    add_bos_ = pre.add_bos;
    if (pre.nfc) {
      parts_.normalizer = make_normal_form(NormalForm::nfc);
    }
    parts_.pre_tokenizer =
        make_stages(pre, v_.source + ": pre-tokenizer " + v_.pre);
    parts_.model = std::make_unique<BpeModel>(
        *tokens_,
        read_merges(),
        BpeOptions{.ignore_merges = pre.ignore_merges});
    parts_.decoder = make_byte_level_decoder();
  }

  static void replace_spaces(
      bool prefix,
      std::unique_ptr<const Normalizer>& normalizer) {
    std::vector<std::unique_ptr<Normalizer>> stages;
    if (prefix) {
      stages.push_back(make_prepend("\u2581"));
    }
    stages.push_back(make_string_replace(" ", "\u2581"));
    normalizer = make_normalizer_sequence(std::move(stages));
  }

  static std::unique_ptr<TokenDecoder> spaced_decoder(bool prefix) {
    std::vector<std::unique_ptr<TokenDecoder>> stages;
    stages.push_back(make_string_replace_decoder("\u2581", " "));
    stages.push_back(make_byte_fallback_decoder());
    stages.push_back(make_fuse_decoder());
    if (prefix) {
      stages.push_back(make_strip_decoder({.content = " ", .start = 1}));
    }
    return make_decoder_sequence(std::move(stages));
  }

  void build_spm() {
    if (v_.scores.empty()) {
      damaged("tokenizer.ggml.scores is missing");
    }
    if (std::ranges::any_of(
            v_.scores, [](float score) { return std::isnan(score); })) {
      damaged("tokenizer.ggml.scores has an entry that is not a number");
    }
    add_bos_ = true;
    const bool prefix = v_.add_space_prefix.value_or(true);
    replace_spaces(prefix, parts_.normalizer);
    std::vector<bool> hidden(v_.tokens.size());
    for (size_t i = 0; i < hidden.size(); ++i) {
      const int32_t kind = token_type(v_, i);
      hidden[i] = kind == kControl || kind == kUnknown || kind == kByte;
    }
    parts_.model = std::make_unique<SpmModel>(
        *tokens_, std::move(v_.scores), std::move(hidden), v_.unknown);
    parts_.decoder = spaced_decoder(prefix);
  }

  /// Merges over characters, with spaces spelled as in SentencePiece.
  void build_spaced_bpe() {
    add_bos_ = true;
    replace_spaces(false, parts_.normalizer);
    parts_.model = std::make_unique<BpeModel>(
        *tokens_,
        read_merges(),
        BpeOptions{
            .unknown = v_.unknown,
            .fuse_unknown = true,
            .byte_fallback = true});
    parts_.decoder = spaced_decoder(false);
  }

  void add_bos_and_eos() {
    const bool bos = v_.add_bos.value_or(add_bos_ && v_.bos.has_value());
    const bool eos = v_.add_eos.value_or(false);
    if ((bos && !v_.bos) || (eos && !v_.eos)) {
      damaged(
          "tokenizer.ggml.add_{0}_token is true and there is no "
          "tokenizer.ggml.{0}_token_id",
          bos && !v_.bos ? "bos" : "eos");
    }
    if (bos || eos) {
      SequenceTemplate pieces;
      if (bos) {
        pieces.push_back(*v_.bos);
      }
      pieces.push_back(std::nullopt);
      if (eos) {
        pieces.push_back(*v_.eos);
      }
      parts_.templates.push_back(std::move(pieces));
    }
    parts_.bos = v_.bos;
    std::vector<TokenId> ends = v_.other_end_tokens;
    if (v_.eos) {
      ends.insert(ends.begin(), *v_.eos);
    }
    const auto spelled = end_tokens_by_spelling(parts_.added);
    ends.insert(ends.end(), spelled.begin(), spelled.end());
    for (const TokenId id : ends) {
      if (std::ranges::find(parts_.end_tokens, id) == parts_.end_tokens.end()) {
        check_id(id, "(end of turn)");
        parts_.end_tokens.push_back(id);
      }
    }
  }

  GgufVocabulary v_;
  TokenizerParts parts_;
  const TokenTable* tokens_ = nullptr;
  bool add_bos_ = false;
};

}  // namespace

std::unique_ptr<Tokenizer> make_tokenizer_from_gguf(GgufVocabulary vocabulary) {
  return GgufBuilder(std::move(vocabulary)).build();
}

}  // namespace bantam
