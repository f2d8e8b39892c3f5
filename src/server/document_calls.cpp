// SPDX-License-Identifier: MIT
#include "server/document_calls.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>

namespace bantam {

namespace {

// As many as OpenAI takes.
constexpr size_t kMostTexts = 2048;
constexpr int64_t kMostResults = 100;

constexpr std::array<std::string_view, 1> kIgnoredWithTexts{"user"};
constexpr std::array<std::string_view, 2> kIgnoredWithQuestion{
    "user",
    "metadata"};

std::string checked_text(
    JsonFields& fields,
    std::string_view key,
    const Json& value) {
  if (!value.is_string()) {
    fields.refuse(
        key,
        fmt::format(
            "'{}' must be a string or a list of strings; ids of tokens mean "
            "nothing here, since this encoder has its own",
            key));
  }
  std::string text = value.get<std::string>();
  if (text.empty()) {
    fields.refuse(key, fmt::format("'{}' holds an empty string", key));
  }
  return text;
}

std::vector<std::string> read_texts(JsonFields& fields) {
  const Json* input = fields.find("input");
  if (input == nullptr) {
    fields.refuse("input", "'input' is required");
  }
  if (!input->is_array()) {
    return {checked_text(fields, "input", *input)};
  }
  if (input->empty() || input->size() > kMostTexts) {
    fields.refuse(
        "input",
        fmt::format(
            "'input' holds {} texts; 1 to {} are taken",
            input->size(),
            kMostTexts));
  }
  std::vector<std::string> texts;
  for (const Json& one : *input) {
    texts.push_back(checked_text(fields, "input", one));
  }
  return texts;
}

// RFC 4648, with padding.
std::string base64_of(std::span<const unsigned char> bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and a final NUL
  const int length = EVP_EncodeBlock(
      reinterpret_cast<unsigned char*>(out.data()),
      bytes.data(),
      static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(length));
  return out;
}

// Little-endian float32, as OpenAI's clients read it.
std::string base64_of_floats(std::span<const float> values) {
  std::vector<unsigned char> bytes;
  bytes.reserve(4 * values.size());
  for (const float value : values) {
    const auto bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<unsigned char>(bits >> shift & 0xFF));
    }
  }
  return '"' + base64_of(bytes) + '"';
}

std::string list_of_floats(std::span<const float> values) {
  std::string out = "[";
  for (const float value : values) {
    fmt::format_to(
        std::back_inserter(out), "{}{}", out.size() > 1 ? "," : "", value);
  }
  return out + "]";
}

}  // namespace

EmbeddingsCall read_embeddings_call(
    const Json& body,
    const ServedDocuments& documents) {
  EmbeddingsCall call;
  JsonFields fields(body, "");
  if (const auto model = fields.text("model");
      model && *model != documents.id) {
    throw ApiError(
        404,
        fmt::format(
            "the embedding model '{}' is not served here; this server has '{}'",
            *model,
            documents.id))
        .about("model")
        .with_code("model_not_found");
  }
  call.texts = read_texts(fields);
  const std::string format = fields.text("encoding_format").value_or("float");
  if (format != "float" && format != "base64") {
    fields.refuse(
        "encoding_format", "'encoding_format' must be float or base64");
  }
  call.base64 = format == "base64";
  const int64_t dimension = documents.embedder->dimension();
  if (fields.integer("dimensions").value_or(dimension) != dimension) {
    fields.refuse(
        "dimensions",
        fmt::format("'dimensions' of this model is {} alone", dimension));
  }
  fields.ignore(kIgnoredWithTexts, call.ignored);
  fields.refuse_others();
  return call;
}

// Written as text at once: as a tree of numbers it would take several times
// the room.
std::string embeddings_body(
    const EmbeddingsCall& call,
    const std::string& model,
    std::span<const float> vectors,
    int64_t tokens,
    const std::vector<size_t>& truncated) {
  const size_t dimension = vectors.size() / call.texts.size();
  std::string out = R"({"object":"list","data":[)";
  for (size_t i = 0; i < call.texts.size(); ++i) {
    const auto vector = vectors.subspan(i * dimension, dimension);
    out += fmt::format(
        R"({}{{"object":"embedding","index":{},"embedding":{}}})",
        i > 0 ? "," : "",
        i,
        call.base64 ? base64_of_floats(vector) : list_of_floats(vector));
  }
  out += fmt::format(
      R"(],"model":{},"usage":{{"prompt_tokens":{},"total_tokens":{}}})",
      to_json_line(model),
      tokens,
      tokens);
  if (!truncated.empty()) {
    out += fmt::format(R"(,"truncated":{})", to_json_line(truncated));
  }
  return out + "}\n";
}

AskCall read_ask_call(
    const Json& body,
    const ServedModel& model,
    const ServedDocuments& documents) {
  AskCall ask;
  JsonFields fields(body, "");
  read_model(fields, model);
  ask.question = fields.required_text("question");
  if (ask.question.find_first_not_of(" \t\r\n") == std::string::npos) {
    fields.refuse("question", "'question' is empty");
  }
  if (const Json* paths = fields.array("paths")) {
    for (const Json& path : *paths) {
      const bool absolute = path.is_string() &&
          path.get_ref<const std::string&>().starts_with('/');
      if (!absolute) {
        fields.refuse("paths", "'paths' must be a list of absolute paths");
      }
      ask.paths.push_back(path.get<std::string>());
    }
  }
  ask.results =
      fields.integer("results", 1, kMostResults).value_or(documents.results);
  ask.per_file =
      fields.integer("per_file", 0, kMostResults).value_or(documents.per_file);
  ask.request.sampling = read_sampling(fields, model);
  ask.request.stop = read_stop(fields, "stop");
  read_reasoning_effort(
      fields.text("reasoning_effort"), "reasoning_effort", model, ask.request);
  ask.call.max_tokens = fields.integer("max_tokens", 1);
  ask.call.max_kv_size = read_max_kv_size(fields, model);
  if (fields.boolean("stream").value_or(false)) {
    fields.refuse(
        "stream",
        "'stream' is not supported here: which sources an answer names is "
        "known at its end");
  }
  fields.ignore(kIgnoredWithQuestion, ask.call.ignored);
  fields.refuse_others();
  return ask;
}

}  // namespace bantam
