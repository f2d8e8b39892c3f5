// SPDX-License-Identifier: MIT
// bantam debug: the inner steps, for tests and bug reports.
#include <charconv>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/npy.h"
#include "cli/options.h"
#include "cli/setting_flags.h"
#include "engine/chat_prompt.h"
#include "retrieval/text_encoder.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"
#include "weights/checkpoint.h"
#include "weights/locate.h"

namespace bantam {

namespace {

std::vector<TokenId> parse_ids(const std::string& text) {
  std::vector<TokenId> ids;
  const char* next = text.data();
  const char* end = next + text.size();
  while (next != end) {
    TokenId id = 0;
    const auto [stop, error] = std::from_chars(next, end, id);
    if (error != std::errc{} || (stop != end && *stop != ',') ||
        (stop != end && stop + 1 == end)) {
      fail(
          ErrorCode::invalid_request,
          "\"{}\" is not a list of token ids such as 1,2,3",
          text.substr(0, 40));
    }
    ids.push_back(id);
    next = stop == end ? end : stop + 1;
  }
  if (ids.empty()) {
    fail(ErrorCode::invalid_request, "the list of token ids is empty");
  }
  return ids;
}

struct TokenizeOptions {
  std::string model, text, file, decode;
  bool no_special = false;
};

int tokenize(const TokenizeOptions& options) {
  const Checkpoint checkpoint(locate_model(options.model));
  const auto tokenizer = checkpoint.make_tokenizer();
  if (!options.decode.empty()) {
    const Json json{{"text", tokenizer->decode(parse_ids(options.decode))}};
    std::printf("%s\n", to_json_line(json).c_str());
    return 0;
  }
  PromptText text;
  text.text = options.file.empty()
      ? options.text
      : std::string(MappedFile(options.file).text());
  if (const size_t valid = valid_utf8_prefix(text.text);
      valid != text.text.size()) {
    fail(
        ErrorCode::invalid_request,
        "the text is not valid UTF-8: byte 0x{:02X} at offset {}",
        static_cast<unsigned char>(text.text[valid]),
        valid);
  }
  const Json json{
      {"ids",
       tokenizer->encode(
           text, {.add_special = true, .parse_special = !options.no_special})}};
  std::printf("%s\n", to_json_line(json).c_str());
  return 0;
}

void add_tokenize(CLI::App& debug, Action& action) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = debug.add_subcommand(
      "tokenize", "Text to token ids, or back with --decode");
  command->add_option("MODEL", options->model)->required();
  command->add_option("TEXT", options->text, "The text itself");
  command->add_option("--file", options->file, "Read the text from a file");
  command->add_option("--decode", options->decode, "Ids: 1,2,3");
  command->add_flag(
      "--no-special",
      options->no_special,
      "The text of a special token stays text");
  command->callback(
      [=, &action] { action = [=] { return tokenize(*options); }; });
}

struct RenderOptions {
  std::string model, messages, template_file, kwargs;
  bool no_generation_prompt = false;
};

int render(const RenderOptions& options) {
  const Checkpoint checkpoint(locate_model(options.model));
  const auto tokenizer = checkpoint.make_tokenizer();
  Json variables = default_template_variables(checkpoint, *tokenizer);
  variables["messages"] = read_json_file(options.messages);
  if (!variables["messages"].is_array()) {
    fail(
        ErrorCode::invalid_request,
        "{}: must hold a list of messages",
        options.messages);
  }
  variables["add_generation_prompt"] = !options.no_generation_prompt;
  if (!options.kwargs.empty()) {
    const Json kwargs =
        parse_json(options.kwargs, "--kwargs", ErrorCode::invalid_request);
    if (!kwargs.is_object()) {
      fail(ErrorCode::invalid_request, "--kwargs must be a JSON object");
    }
    for (const auto& [key, value] : kwargs.items()) {
      variables[key] = value;
    }
  }
  std::optional<ChatTemplate> chat_template = options.template_file.empty()
      ? make_chat_template(checkpoint)
      : ChatTemplate(
            MappedFile(options.template_file).text(), options.template_file);
  if (!chat_template) {
    fail(
        ErrorCode::invalid_file,
        "{} has no chat template; name one with --template",
        checkpoint.path());
  }
  const PromptText text = chat_template->render(variables);
  std::fwrite(text.text.data(), 1, text.text.size(), stdout);
  return 0;
}

void add_render(CLI::App& debug, Action& action) {
  auto options = std::make_shared<RenderOptions>();
  CLI::App* command =
      debug.add_subcommand("render", "Messages to the text of a prompt");
  command->add_option("MODEL", options->model)->required();
  command->add_option("MESSAGES", options->messages, "A JSON list of messages")
      ->required();
  command->add_option(
      "--template",
      options->template_file,
      "A template other than the model's");
  command->add_option(
      "--kwargs", options->kwargs, "JSON object of template variables");
  command->add_flag(
      "--no-generation-prompt",
      options->no_generation_prompt,
      "Do not open the assistant's turn");
  command->callback(
      [=, &action] { action = [=] { return render(*options); }; });
}

struct LogitsOptions {
  std::string model, ids, out;
  int64_t chunk = 512;
};

int logits(const LogitsOptions& options, const SettingFlags& flags) {
  const std::vector<TokenId> ids = parse_ids(options.ids);
  EngineOptions engine_choice = engine_options(flags.read());
  engine_choice.model = options.model;
  Engine engine(engine_choice);
  NpyWriter writer(
      options.out, static_cast<int64_t>(ids.size()), engine.model().vocabulary);
  engine.logits(ids, options.chunk, [&](std::span<const float> row) {
    writer.append(row);
  });
  writer.close();
  return 0;
}

void add_logits(CLI::App& debug, Action& action) {
  auto options = std::make_shared<LogitsOptions>();
  CLI::App* command = debug.add_subcommand(
      "logits", "Logits of every token, as a float32 .npy file");
  command->add_option("MODEL", options->model)->required();
  command->add_option("--ids", options->ids, "Token ids: 1,2,3")->required();
  command->add_option("--chunk", options->chunk, "Tokens read at a time")
      ->capture_default_str();
  command->add_option("--out", options->out, "The .npy file to write")
      ->required();
  auto flags = std::make_shared<SettingFlags>(*command, commands::kLogits);
  command->callback(
      [=, &action] { action = [=] { return logits(*options, *flags); }; });
}

struct EmbedOptions {
  std::string model, texts, out;
  int threads = 0;
};

int embed(const EmbedOptions& options) {
  const Json texts = read_json_file(options.texts);
  TextEncoder encoder(options.model, options.threads);
  std::vector<std::string> list;
  for (const Json& text : texts) {
    if (!text.is_string()) {
      fail(
          ErrorCode::invalid_request,
          "{}: not a list of strings",
          options.texts);
    }
    list.push_back(text);
  }
  const std::vector<float> vectors = encoder.embed(list);
  NpyWriter writer(
      options.out, static_cast<int64_t>(list.size()), encoder.dimension());
  writer.append(vectors);
  writer.close();
  return 0;
}

void add_embed(CLI::App& debug, Action& action) {
  auto options = std::make_shared<EmbedOptions>();
  CLI::App* command =
      debug.add_subcommand("embed", "Vectors of texts, as a float32 .npy file");
  command->add_option("MODEL", options->model, "minilm or a folder")
      ->required();
  command->add_option("TEXTS", options->texts, "A JSON list of strings")
      ->required();
  command->add_option("--out", options->out, "The .npy file to write")
      ->required();
  command->add_option("--threads", options->threads, "0: the physical cores");
  command->callback([=, &action] { action = [=] { return embed(*options); }; });
}

struct GraphOptions {
  std::string model;
  bool json = false;
};

int graph(const GraphOptions& options, const SettingFlags& flags) {
  EngineOptions engine_choice = engine_options(flags.read());
  engine_choice.model = options.model;
  Engine engine(engine_choice);
  const GraphCost cost = engine.count_graph();
  int64_t total = 0;
  for (const auto& [name, count] : cost.primitives) {
    total += count;
  }
  if (options.json) {
    const Json json{
        {"primitives", total},
        {"by_name", cost.primitives},
        {"layers", cost.layers},
        {"build_us", cost.build_s * 1e6},
        {"token_us", cost.token_s * 1e6}};
    std::printf("%s\n", to_json_line(json).c_str());
    return 0;
  }
  for (const auto& [name, count] : cost.primitives) {
    std::printf("%6lld  %s\n", static_cast<long long>(count), name.c_str());
  }
  std::printf(
      "%6lld  operations for a token in %lld layers\n"
      "%6.0f  us to build their graph, of %.0f us for the token\n",
      static_cast<long long>(total),
      static_cast<long long>(cost.layers),
      cost.build_s * 1e6,
      cost.token_s * 1e6);
  return 0;
}

void add_graph(CLI::App& debug, Action& action) {
  auto options = std::make_shared<GraphOptions>();
  CLI::App* command = debug.add_subcommand(
      "graph", "The operations of one token, and what they cost the host");
  command->add_option("MODEL", options->model)->required();
  command->add_flag("--json", options->json, "Print one JSON object");
  auto flags = std::make_shared<SettingFlags>(*command, commands::kLogits);
  command->callback(
      [=, &action] { action = [=] { return graph(*options, *flags); }; });
}

}  // namespace

void add_debug_command(CLI::App& app, Action& action) {
  CLI::App* debug = app.add_subcommand(
      "debug", "The inner steps: tokenize, render, logits, embed, graph");
  add_tokenize(*debug, action);
  add_render(*debug, action);
  add_logits(*debug, action);
  add_embed(*debug, action);
  add_graph(*debug, action);
}

}  // namespace bantam
