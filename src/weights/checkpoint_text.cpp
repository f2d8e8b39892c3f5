// SPDX-License-Identifier: MIT
// Where a checkpoint keeps its tokenizer and its chat template.
#include <filesystem>

#include "weights/byte_cursor.h"
#include "weights/checkpoint.h"
#include "weights/model_folder.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

std::string join(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

[[noreturn]] void fail_no_tokenizer(const std::string& folder) {
  for (const char* other : {"tokenizer.model", "vocab.json", "vocab.txt"}) {
    if (file_is_there(join(folder, other))) {
      fail(
          ErrorCode::not_found,
          "{}: no tokenizer.json, only {}, which bantam does not read; load "
          "and save the tokenizer with the Python package transformers, which "
          "writes tokenizer.json",
          folder,
          other);
    }
  }
  fail(
      ErrorCode::not_found,
      "{}: no tokenizer.json: the download is incomplete; fetch the model's "
      "tokenizer.json into this folder",
      folder);
}

// A "chat_template" entry: the template, or a list of {"name", "template"}.
std::optional<std::string> template_in(
    const Json& json,
    const std::string& source) {
  if (!json.is_object() || !json.contains("chat_template")) {
    return std::nullopt;
  }
  const Json& entry = json.at("chat_template");
  if (entry.is_null()) {
    return std::nullopt;
  }
  if (entry.is_string()) {
    return entry.get<std::string>();
  }
  std::string names;
  std::optional<std::string> only;
  for (const Json& named : entry.is_array() ? entry : Json::array()) {
    if (!named.is_object() || !named.contains("name") ||
        !named["name"].is_string() || !named.contains("template") ||
        !named["template"].is_string()) {
      break;
    }
    only = named["template"].get<std::string>();
    if (named["name"] == "default") {
      return only;
    }
    names += (names.empty() ? "" : ", ") + named["name"].get<std::string>();
  }
  if (only && entry.size() == 1) {
    return only;
  }
  fail(
      ErrorCode::invalid_file,
      "{}: 'chat_template' is neither text nor a list of name and template "
      "with one named 'default'{}",
      source,
      names.empty() ? "" : " (there are: " + printable(names) + ")");
}

}  // namespace

std::unique_ptr<Tokenizer> Checkpoint::make_tokenizer() const {
  if (is_gguf()) {
    return make_tokenizer_from_gguf(read_vocabulary(*gguf_));
  }
  const std::string path = join(path_, "tokenizer.json");
  if (!file_is_there(path)) {
    fail_no_tokenizer(path_);
  }
  const MappedFile file(path);
  return make_tokenizer_from_json(file.text(), path);
}

std::optional<std::string> Checkpoint::chat_template() const {
  if (is_gguf()) {
    return gguf_->string("tokenizer.chat_template");
  }
  // A file of its own beats the entry in tokenizer_config.json, as in
  // transformers, which writes one or the other.
  const std::string jinja = join(path_, "chat_template.jinja");
  if (file_is_there(jinja)) {
    return std::string(MappedFile(jinja).text());
  }
  if (auto found = template_in(
          tokenizer_config_, join(path_, "tokenizer_config.json"))) {
    return found;
  }
  const std::string json = join(path_, "chat_template.json");
  return file_is_there(json) ? template_in(read_json_file(json), json)
                             : std::nullopt;
}

}  // namespace bantam
