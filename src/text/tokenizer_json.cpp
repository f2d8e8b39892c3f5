// SPDX-License-Identifier: MIT
// Reads tokenizer.json: the vocabulary in one pass over the text, the small
// parts as JSON values (tokenizer_json_parts.h).
//
// "truncation" and "padding" are left to the caller: they belong to batches
// for training, and transformers overrides them too.
#include <algorithm>
#include <map>

#include "base/error.h"
#include "text/bpe_model.h"
#include "text/json_scanner.h"
#include "text/tokenizer_json_parts.h"
#include "text/unigram_model.h"
#include "text/word_model.h"

namespace bantam {

namespace {

// An object in a small part has a dozen keys; the general parser is
// quadratic in their number.
constexpr size_t kMaxKeys = 4096;

class JsonTokenizerReader {
 public:
  JsonTokenizerReader(std::string_view text, const std::string& source)
      : source_(source), scanner_(text, source) {}

  std::unique_ptr<Tokenizer> read() {
    find_parts();
    const auto model = parts_.find("model");
    if (model == parts_.end()) {
      fail(ErrorCode::invalid_file, "{}: \"model\" is missing", source_);
    }
    read_model(model->second);
    // Added tokens are spelled in normalized text, the template in ids: the
    // order of these calls does not matter.
    with_part(
        "added_tokens", [&](const JsonNode& node) { read_added_tokens(node); });
    with_part("normalizer", [&](const JsonNode& node) {
      out_.normalizer = read_normalizer(node);
    });
    with_part("pre_tokenizer", [&](const JsonNode& node) {
      out_.pre_tokenizer = read_pre_tokenizer(node);
    });
    with_part("post_processor", [&](const JsonNode& node) {
      out_.templates = read_post_processor(node);
    });
    with_part("decoder", [&](const JsonNode& node) {
      out_.decoder = read_decoder(node);
    });
    if (out_.decoder == nullptr) {
      out_.decoder = make_space_join_decoder();
    }
    name_ends();
    return make_pipeline_tokenizer(std::move(out_));
  }

 private:
  [[noreturn]] void damaged(const std::string& path, std::string_view what)
      const {
    fail(ErrorCode::invalid_file, "{}: {}: {}", source_, path, what);
  }

  void find_parts() {
    std::string key;
    scanner_.begin_object();
    while (scanner_.next_key(key)) {
      // Added tokens are an array: only objects within it count keys.
      const bool model = key == "model";
      parts_[key] = scanner_.skip_value(model ? 0 : kMaxKeys);
    }
    scanner_.end();
  }

  template <typename Read>
  void with_part(const std::string& name, Read read) {
    const auto part = parts_.find(name);
    if (part == parts_.end()) {
      return;
    }
    const Json value = parse_json(part->second, source_);
    if (!value.is_null()) {
      read(JsonNode(value, name, source_));
    }
  }

  /// The model's small members become a JSON value; vocab and merges stay
  /// text.
  void read_model(std::string_view text) {
    JsonScanner model(scanner_, text);
    std::string key;
    std::map<std::string, std::string_view> members;
    model.begin_object();
    while (model.next_key(key)) {
      const bool big = key == "vocab" || key == "merges";
      members[key] = model.skip_value(big ? 0 : kMaxKeys);
      if (members.size() > kMaxKeys) {
        model.refuse("too many members");
      }
    }
    Json small = Json::object();
    for (const auto& [name, value] : members) {
      if (name == "vocab") {
        vocab_ = value;
      } else if (name == "merges") {
        merges_ = value;
      } else {
        small[name] = parse_json(value, source_);
      }
    }
    if (vocab_.empty()) {
      damaged("model.vocab", "missing");
    }
    build_model(JsonNode(small, "model", source_));
  }

  /// The type, or for files that do not name it, what their members say.
  std::string model_type(const JsonNode& model) const {
    if (const auto type = model.find("type")) {
      return type->string();
    }
    return !merges_.empty()                      ? "BPE"
        : vocab_.starts_with('[')                ? "Unigram"
        : model.find("max_input_chars_per_word") ? "WordPiece"
                                                 : "WordLevel";
  }

  void build_model(const JsonNode& model) {
    const std::string type = model_type(model);
    auto table = std::make_unique<TokenTable>();
    if (type == "Unigram") {
      std::vector<double> scores = read_scored_vocab(*table);
      model_tokens_ = static_cast<int64_t>(scores.size());
      build_unigram(model, *table, std::move(scores));
    } else {
      read_vocab(*table);
      model_tokens_ = static_cast<int64_t>(table->count());
      if (type == "BPE") {
        build_bpe(model, *table);
      } else if (type == "WordPiece") {
        build_word_piece(model, *table);
      } else if (type == "WordLevel") {
        out_.model = std::make_unique<WordLevelModel>(
            *table, table->find(model.text("unk_token", "<unk>")));
      } else {
        model.at("type").unsupported("the model \"" + type + "\"");
      }
    }
    out_.tokens = std::move(table);
  }

  /// {"token": id, ...}
  void read_vocab(TokenTable& table) const {
    JsonScanner vocab(scanner_, vocab_);
    if (vocab.peek() != '{') {
      damaged("model.vocab", "expected an object");
    }
    // A guess that saves most of the growing: an entry has some 16 bytes.
    table.reserve(vocab_.size() / 20, vocab_.size() / 2);
    std::string token;
    vocab.begin_object();
    while (vocab.next_key(token)) {
      const int64_t id = vocab.peek() == '0' ? vocab.read_integer() : -1;
      if (id < 0 || id >= TokenTable::kMaxTokens) {
        vocab.refuse(
            fmt::format(
                "model.vocab[\"{}\"]: expected an id from 0 to {}",
                token,
                TokenTable::kMaxTokens - 1));
      }
      const auto number = static_cast<TokenId>(id);
      if (table.contains(number)) {
        vocab.refuse(
            fmt::format(
                "model.vocab[\"{}\"]: id {} is that of \"{}\" too",
                token,
                id,
                table.spelling(number)));
      }
      const size_t before = table.count();
      table.add(token, number);
      if (table.count() == before) {
        vocab.refuse(fmt::format("model.vocab[\"{}\"] is there twice", token));
      }
    }
  }

  /// [["token", score], ...]
  std::vector<double> read_scored_vocab(TokenTable& table) const {
    JsonScanner vocab(scanner_, vocab_);
    if (vocab.peek() != '[') {
      damaged("model.vocab", "expected an array");
    }
    std::vector<double> scores;
    std::string token;
    vocab.begin_array();
    while (vocab.next_element()) {
      if (scores.size() >= TokenTable::kMaxTokens) {
        vocab.refuse("too many tokens");
      }
      vocab.begin_array();
      if (!vocab.next_element()) {
        vocab.refuse("expected a token and its score");
      }
      vocab.read_string(token);
      if (!vocab.next_element()) {
        vocab.refuse("expected a score");
      }
      table.add(token, static_cast<TokenId>(scores.size()));
      scores.push_back(vocab.read_number());
      if (vocab.next_element()) {
        vocab.refuse("more than a token and its score");
      }
    }
    return scores;
  }

  struct Merge {
    TokenId left;
    TokenId right;
    TokenId whole;
  };

  TokenId token_of_merge(
      const TokenTable& table,
      std::string_view token,
      size_t index) const {
    const auto id = table.find(token);
    if (!id) {
      damaged(
          fmt::format("model.merges[{}]", index),
          fmt::format("\"{}\" is not in model.vocab", token));
    }
    return *id;
  }

  /// "left right", or ["left", "right"] in newer files.
  bool read_pair(JsonScanner& merges, std::string& left, std::string& right)
      const {
    if (merges.peek() == '[') {
      merges.begin_array();
      if (!merges.next_element()) {
        return false;
      }
      merges.read_string(left);
      if (!merges.next_element()) {
        return false;
      }
      merges.read_string(right);
      return !merges.next_element();
    }
    merges.read_string(left);
    const size_t space = left.find(' ');
    if (space == left.npos || left.find(' ', space + 1) != left.npos) {
      return false;
    }
    right.assign(left, space + 1);
    left.resize(space);
    return true;
  }

  MergeTable read_merges(const TokenTable& table, std::string_view prefix)
      const {
    std::vector<Merge> all;
    if (merges_.empty()) {
      damaged("model.merges", "missing");
    }
    JsonScanner merges(scanner_, merges_);
    if (merges.peek() != '[') {
      damaged("model.merges", "expected an array");
    }
    std::string left;
    std::string right;
    merges.begin_array();
    for (size_t i = 0; merges.next_element(); ++i) {
      if (!read_pair(merges, left, right)) {
        if (left.starts_with("#version")) {
          continue;  // the first line of an old merges.txt
        }
        merges.refuse(
            fmt::format("model.merges[{}]: expected a pair of tokens", i));
      }
      const TokenId left_id = token_of_merge(table, left, i);
      const TokenId right_id = token_of_merge(table, right, i);
      if (right.size() < prefix.size()) {
        merges.refuse(
            fmt::format("model.merges[{}]: no continuing_subword_prefix", i));
      }
      left.append(right, prefix.size());
      all.push_back({left_id, right_id, token_of_merge(table, left, i)});
    }
    MergeTable result(all.size());
    for (size_t rank = 0; rank < all.size(); ++rank) {
      result.add(
          all[rank].left,
          all[rank].right,
          {static_cast<uint32_t>(rank), all[rank].whole});
    }
    return result;
  }

  void build_bpe(const JsonNode& model, const TokenTable& table) {
    if (const auto dropout = model.find("dropout")) {
      if (!dropout->is_zero()) {
        dropout->unsupported("random merges");
      }
    }
    BpeOptions options;
    if (const auto unknown = model.find("unk_token")) {
      options.unknown = table.find(unknown->string());
      options.unknown_is_error = !options.unknown;
    }
    options.continuing_prefix = model.text("continuing_subword_prefix", "");
    options.end_suffix = model.text("end_of_word_suffix", "");
    options.fuse_unknown = model.flag("fuse_unk", false);
    options.byte_fallback = model.flag("byte_fallback", false);
    options.ignore_merges = model.flag("ignore_merges", false);
    MergeTable merges = read_merges(table, options.continuing_prefix);
    out_.model = std::make_unique<BpeModel>(
        table, std::move(merges), std::move(options));
  }

  void build_unigram(
      const JsonNode& model,
      const TokenTable& table,
      std::vector<double> scores) {
    UnigramOptions options;
    if (const auto unknown = model.find("unk_id")) {
      if (scores.empty()) {
        damaged("model.vocab", "empty");
      }
      options.unknown = static_cast<TokenId>(
          unknown->integer(0, static_cast<int64_t>(scores.size()) - 1));
    }
    options.byte_fallback = model.flag("byte_fallback", false);
    out_.model =
        std::make_unique<UnigramModel>(table, std::move(scores), options);
  }

  void build_word_piece(const JsonNode& model, const TokenTable& table) {
    WordPieceOptions options;
    options.unknown = table.find(model.text("unk_token", "[UNK]"));
    options.continuing_prefix = model.text("continuing_subword_prefix", "##");
    if (const auto most = model.find("max_input_chars_per_word")) {
      options.max_word_characters =
          static_cast<size_t>(most->integer(0, INT64_MAX));
    }
    out_.model = std::make_unique<WordPieceModel>(table, std::move(options));
  }

  /// As tokenizers does, the ids of the file are not used: a token of the
  /// model keeps its id, others are numbered on.
  void read_added_tokens(const JsonNode& node) {
    std::map<std::string, TokenId> ids;
    int64_t largest = -1;
    for (const JsonNode& element : node.elements()) {
      AddedToken token = read_added_token(element);
      if (token.content.empty()) {
        continue;
      }
      const auto known = ids.find(token.content);
      if (known != ids.end()) {
        token.id = known->second;
      } else if (const auto in_model = out_.tokens->find(token.content)) {
        token.id = *in_model;
      } else {
        const bool follows =
            largest >= model_tokens_ || (model_tokens_ == 0 && largest >= 0);
        const int64_t id = follows ? largest + 1 : model_tokens_;
        if (id >= TokenTable::kMaxTokens) {
          element.damaged("too many tokens");
        }
        token.id = static_cast<TokenId>(id);
      }
      ids[token.content] = token.id;
      largest = std::max<int64_t>(largest, token.id);
      out_.added.push_back(std::move(token));
    }
  }

  void name_ends() {
    // What the template puts first begins a text.
    for (const SequenceTemplate& pieces : out_.templates) {
      if (!out_.bos && !pieces.empty()) {
        out_.bos = pieces.front();
      }
    }
    out_.end_tokens = end_tokens_by_spelling(out_.added);
  }

  const std::string& source_;
  JsonScanner scanner_;
  std::map<std::string, std::string_view> parts_;
  std::string_view vocab_;
  std::string_view merges_;
  int64_t model_tokens_ = 0;
  TokenizerParts out_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_tokenizer_from_json(
    std::string_view json,
    const std::string& source) {
  return JsonTokenizerReader(json, source).read();
}

}  // namespace bantam
