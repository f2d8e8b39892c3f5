// SPDX-License-Identifier: MIT
#include "text/tokenizer_json_parts.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/utf8.h"
#include "text/character_class.h"
#include "text/regex_syntax.h"
#include "text/token_table.h"

namespace bantam {

namespace {

/// {"String": "..."} or {"Regex": "..."}.
struct Pattern {
  bool is_regex;
  std::string text;
};

Pattern read_pattern(const JsonNode& node) {
  const auto [kind, value] = node.only_member();
  if (kind != "String" && kind != "Regex") {
    node.damaged("expected \"String\" or \"Regex\"");
  }
  if (value.string().empty()) {
    value.unsupported("an empty pattern");
  }
  return {kind == "Regex", value.string()};
}

/// A string of one character.
std::string read_character(const JsonNode& node) {
  const std::string& text = node.string();
  if (text.empty() ||
      decode_utf8(text, 0).length != static_cast<int>(text.size())) {
    node.damaged("expected a string of one character");
  }
  return text;
}

/// Decodes base64 (RFC 4648); a precompiled charsmap is in it.
std::string read_base64(const JsonNode& node) {
  const auto value_of = [](char c) {
    return c >= 'A' && c <= 'Z' ? c - 'A'
        : c >= 'a' && c <= 'z'  ? c - 'a' + 26
        : c >= '0' && c <= '9'  ? c - '0' + 52
        : c == '+'              ? 62
        : c == '/'              ? 63
                                : -1;
  };
  std::string_view text = node.string();
  while (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = value_of(c);
    if (value < 0) {
      node.damaged("not base64");
    }
    bits = (bits << 6 | static_cast<uint32_t>(value)) & 0xFFFFFF;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>(bits >> count & 0xFF));
    }
  }
  return bytes;
}

SplitBehavior read_behavior(const JsonNode& node) {
  static const std::map<std::string, SplitBehavior> kNames = {
      {"Removed", SplitBehavior::removed},
      {"Isolated", SplitBehavior::isolated},
      {"MergedWithPrevious", SplitBehavior::merged_with_previous},
      {"MergedWithNext", SplitBehavior::merged_with_next},
      {"Contiguous", SplitBehavior::contiguous},
  };
  const auto found = kNames.find(node.string());
  if (found == kNames.end()) {
    node.unsupported("the behavior \"" + node.string() + "\"");
  }
  return found->second;
}

/// The list of a Sequence, each element read by `read`.
template <typename Part>
std::vector<std::unique_ptr<Part>> read_list(
    const JsonNode& list,
    std::unique_ptr<Part> (*read)(const JsonNode&)) {
  std::vector<std::unique_ptr<Part>> parts;
  for (const JsonNode& node : list.elements()) {
    parts.push_back(read(node));
  }
  return parts;
}

MetaspaceOptions read_metaspace(const JsonNode& node) {
  MetaspaceOptions options;
  options.replacement = read_character(node.at("replacement"));
  options.split = node.flag("split", true);
  // Older files have a flag, newer ones a scheme.
  const bool adds = node.flag("add_prefix_space", true);
  const std::string scheme =
      node.text("prepend_scheme", adds ? "always" : "never");
  if (scheme == "never") {
    options.prefix = PrefixSpace::never;
  } else if (scheme == "first") {
    options.prefix = PrefixSpace::first;
  } else if (scheme != "always") {
    node.unsupported("the prepend_scheme \"" + scheme + "\"");
  }
  if (!adds && options.prefix != PrefixSpace::never) {
    node.damaged("add_prefix_space is false, prepend_scheme is " + scheme);
  }
  return options;
}

std::unique_ptr<Normalizer> read_replace(const JsonNode& node) {
  const Pattern pattern = read_pattern(node.at("pattern"));
  const std::string& content = node.at("content").string();
  return pattern.is_regex
      ? make_regex_replace(pattern.text, content, node.where())
      : make_string_replace(pattern.text, content);
}

std::unique_ptr<PreTokenizer> read_split(const JsonNode& node) {
  const Pattern pattern = read_pattern(node.at("pattern"));
  const SplitBehavior behavior = read_behavior(node.at("behavior"));
  const bool invert = node.flag("invert", false);
  return pattern.is_regex
      ? make_regex_split(pattern.text, behavior, invert, node.where())
      : make_string_split(pattern.text, behavior, invert);
}

/// Rust's \w+ or a run of what is neither word nor space.
std::unique_ptr<PreTokenizer> make_whitespace(const JsonNode& node) {
  const std::string word = std::string(kWordMembers) + R"(\x{200C}\x{200D})";
  return make_regex_split(
      "[" + word + "]+|[^" + word + "\\s]+",
      SplitBehavior::removed,
      true,
      node.where());
}

std::unique_ptr<PreTokenizer> make_bert_pre_tokenizer() {
  std::vector<std::unique_ptr<PreTokenizer>> stages;
  stages.push_back(
      make_character_split(is_white_space, SplitBehavior::removed));
  stages.push_back(
      make_character_split(is_punctuation, SplitBehavior::isolated));
  return make_pre_tokenizer_sequence(std::move(stages));
}

}  // namespace

std::unique_ptr<Normalizer> read_normalizer(const JsonNode& node) {
  const std::string& type = node.at("type").string();
  if (type == "Sequence") {
    return make_normalizer_sequence(
        read_list(node.at("normalizers"), read_normalizer));
  }
  static const std::map<std::string, NormalForm> kForms = {
      {"NFC", NormalForm::nfc},
      {"NFD", NormalForm::nfd},
      {"NFKC", NormalForm::nfkc},
      {"NFKD", NormalForm::nfkd},
  };
  if (const auto form = kForms.find(type); form != kForms.end()) {
    return make_normal_form(form->second);
  }
  if (type == "Lowercase") {
    return make_lowercase();
  }
  if (type == "StripAccents") {
    return make_strip_accents();
  }
  if (type == "Nmt") {
    return make_nmt();
  }
  if (type == "ByteLevel") {
    return make_byte_level_normalizer();
  }
  if (type == "Strip") {
    return make_strip(
        {node.flag("strip_left", true), node.flag("strip_right", true)});
  }
  if (type == "Prepend") {
    return make_prepend(node.at("prepend").string());
  }
  if (type == "Replace") {
    return read_replace(node);
  }
  if (type == "Precompiled") {
    const JsonNode charsmap = node.at("precompiled_charsmap");
    return make_precompiled(read_base64(charsmap), charsmap.where());
  }
  if (type == "BertNormalizer") {
    const bool lowercase = node.flag("lowercase", true);
    return make_bert_normalizer(
        {node.flag("clean_text", true),
         node.flag("handle_chinese_chars", true),
         node.flag("strip_accents", lowercase),
         lowercase});
  }
  node.unsupported("the normalizer \"" + type + "\"");
}

std::unique_ptr<PreTokenizer> read_pre_tokenizer(const JsonNode& node) {
  const std::string& type = node.at("type").string();
  if (type == "Sequence") {
    return make_pre_tokenizer_sequence(
        read_list(node.at("pretokenizers"), read_pre_tokenizer));
  }
  if (type == "ByteLevel") {
    return make_byte_level(
        {node.flag("add_prefix_space", true), node.flag("use_regex", true)});
  }
  if (type == "Split") {
    return read_split(node);
  }
  if (type == "Digits") {
    return make_character_split(
        is_numeric,
        node.flag("individual_digits", false) ? SplitBehavior::isolated
                                              : SplitBehavior::contiguous);
  }
  if (type == "Punctuation") {
    const auto behavior = node.find("behavior");
    return make_character_split(
        is_punctuation,
        behavior ? read_behavior(*behavior) : SplitBehavior::isolated);
  }
  if (type == "Whitespace") {
    return make_whitespace(node);
  }
  if (type == "WhitespaceSplit") {
    return make_character_split(is_white_space, SplitBehavior::removed);
  }
  if (type == "Metaspace") {
    return make_metaspace(read_metaspace(node));
  }
  if (type == "BertPreTokenizer") {
    return make_bert_pre_tokenizer();
  }
  if (type == "CharDelimiterSplit") {
    return make_string_split(
        read_character(node.at("delimiter")), SplitBehavior::removed, false);
  }
  if (type == "FixedLength") {
    return make_fixed_length_split(
        static_cast<size_t>(node.at("length").integer(1, INT64_MAX)));
  }
  node.unsupported("the pre-tokenizer \"" + type + "\"");
}

std::unique_ptr<TokenDecoder> read_decoder(const JsonNode& node) {
  const std::string& type = node.at("type").string();
  if (type == "Sequence") {
    return make_decoder_sequence(read_list(node.at("decoders"), read_decoder));
  }
  if (type == "ByteLevel") {
    return make_byte_level_decoder();
  }
  if (type == "ByteFallback") {
    return make_byte_fallback_decoder();
  }
  if (type == "Fuse") {
    return make_fuse_decoder();
  }
  if (type == "Strip") {
    const auto count = [&](const char* key) {
      return static_cast<size_t>(node.at(key).integer(0, 1 << 20));
    };
    return make_strip_decoder(
        {read_character(node.at("content")), count("start"), count("stop")});
  }
  if (type == "Replace") {
    const Pattern pattern = read_pattern(node.at("pattern"));
    const std::string& content = node.at("content").string();
    return pattern.is_regex
        ? make_regex_replace_decoder(pattern.text, content, node.where())
        : make_string_replace_decoder(pattern.text, content);
  }
  if (type == "Metaspace") {
    const MetaspaceOptions options = read_metaspace(node);
    return make_metaspace_decoder(
        options.replacement, options.prefix != PrefixSpace::never);
  }
  if (type == "WordPiece") {
    return make_word_piece_decoder(
        {node.text("prefix", "##"), node.flag("cleanup", true)});
  }
  if (type == "BPEDecoder") {
    const std::string suffix = node.text("suffix", "</w>");
    if (suffix.empty()) {
      node.unsupported("an empty suffix");
    }
    return make_bpe_decoder(suffix);
  }
  node.unsupported("the decoder \"" + type + "\"");
}

namespace {

TokenId read_id(const JsonNode& node) {
  return static_cast<TokenId>(node.integer(0, TokenTable::kMaxTokens - 1));
}

SequenceTemplate read_template(const JsonNode& node) {
  SequenceTemplate pieces;
  const JsonNode specials = node.at("special_tokens");
  for (const JsonNode& piece : node.at("single").elements()) {
    const auto [kind, value] = piece.only_member();
    const JsonNode name = value.at("id");
    if (kind == "Sequence") {
      if (name.string() != "A") {
        name.unsupported("a sequence other than A");
      }
      pieces.push_back(std::nullopt);
    } else if (kind == "SpecialToken") {
      for (const JsonNode& id :
           specials.at(name.string()).at("ids").elements()) {
        pieces.push_back(read_id(id));
      }
    } else {
      piece.unsupported("the template piece \"" + kind + "\"");
    }
  }
  const auto is_sequence = [](const auto& piece) { return !piece; };
  if (std::ranges::count_if(pieces, is_sequence) != 1) {
    node.unsupported("a template that does not have the sequence once");
  }
  return pieces;
}

/// ["[SEP]", 102]
TokenId read_named_id(const JsonNode& node) {
  const auto pair = node.elements();
  if (pair.size() != 2) {
    node.damaged("expected a token and its id");
  }
  return read_id(pair[1]);
}

}  // namespace

std::vector<SequenceTemplate> read_post_processor(const JsonNode& node) {
  const std::string& type = node.at("type").string();
  if (type == "ByteLevel") {
    return {};  // it changes offsets only
  }
  if (type == "TemplateProcessing") {
    return {read_template(node)};
  }
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    return {
        {read_named_id(node.at("cls")),
         std::nullopt,
         read_named_id(node.at("sep"))}};
  }
  if (type == "Sequence") {
    std::vector<SequenceTemplate> all;
    for (const JsonNode& part : node.at("processors").elements()) {
      const auto templates = read_post_processor(part);
      all.insert(all.end(), templates.begin(), templates.end());
    }
    return all;
  }
  node.unsupported("the post-processor \"" + type + "\"");
}

AddedToken read_added_token(const JsonNode& node) {
  const bool special = node.flag("special", false);
  return {
      .content = node.at("content").string(),
      .id = read_id(node.at("id")),
      .single_word = node.flag("single_word", false),
      .lstrip = node.flag("lstrip", false),
      .rstrip = node.flag("rstrip", false),
      .normalized = node.flag("normalized", !special),
      .special = special,
  };
}

}  // namespace bantam
