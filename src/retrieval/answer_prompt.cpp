// SPDX-License-Identifier: MIT
#include "retrieval/answer_prompt.h"

#include "base/error.h"

namespace bantam {

namespace {

constexpr std::string_view kTask =
    "Answer the question from the sources below, and from nothing else. After "
    "each sentence name the sources that say so, like this: [1] or [1][3]. If "
    "the sources do not answer the question, say that they do not.";

std::string source_text(size_t number, const Hit& hit) {
  const std::string heading =
      hit.chunk.heading.empty() ? "" : " (" + hit.chunk.heading + ")";
  return fmt::format(
      "[{}] {}{}\n{}\n\n", number, hit.place(), heading, hit.chunk.text);
}

std::string question_text(
    const std::string& question,
    const std::vector<Hit>& sources) {
  std::string text = std::string(kTask) + "\n\nSources:\n\n";
  for (size_t i = 0; i < sources.size(); ++i) {
    text += source_text(i + 1, sources[i]);
  }
  return text + "Question: " + question;
}

// The first half of a chunk, up to a line's end, with its places.
Hit halved(Hit hit) {
  std::string& text = hit.chunk.text;
  size_t cut = text.rfind('\n', text.size() / 2);
  if (cut == text.npos || cut == 0) {
    cut = text.rfind(' ', text.size() / 2);
  }
  cut = cut == text.npos || cut == 0 ? text.size() / 2 : cut;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) {
    --cut;
  }
  text.resize(cut);
  return hit;
}

}  // namespace

int64_t prompt_tokens_of(const Backend& backend, const Request& request) {
  if (const auto tokens = backend.prompt_tokens(request)) {
    return *tokens;
  }
  int64_t bytes = static_cast<int64_t>(request.prompt.size());
  for (const Message& message : request.messages) {
    bytes += static_cast<int64_t>(message.content.size()) + 16;
  }
  return bytes / 2;
}

std::optional<int64_t> prompt_tokens_within(
    const Backend& backend,
    const Request& request,
    int64_t budget) {
  try {
    const int64_t tokens = prompt_tokens_of(backend, request);
    return tokens <= budget ? std::optional(tokens) : std::nullopt;
  } catch (const Error& error) {
    // Longer than the model's context.
    if (error.code() == ErrorCode::invalid_request) {
      return std::nullopt;
    }
    throw;
  }
}

Request with_content(Request base, const std::string& content) {
  base.prompt = content;
  if (base.messages.empty() || base.messages.back().role != "user") {
    base.messages.push_back({"user", ""});
  }
  base.messages.back().content = content;
  return base;
}

PackedPrompt pack_question(
    const Backend& backend,
    const Request& base,
    const std::string& question,
    const std::vector<Hit>& hits,
    int64_t prompt_budget) {
  // What is wrong with the question shows here.
  prompt_tokens_of(backend, with_content(base, question));
  PackedPrompt packed;
  const auto fits = [&](const std::vector<Hit>& sources) {
    Request request = with_content(base, question_text(question, sources));
    const auto tokens = prompt_tokens_within(backend, request, prompt_budget);
    if (!tokens) {
      return false;
    }
    packed.prompt_tokens = *tokens;
    packed.request = std::move(request);
    packed.sources = sources;
    return true;
  };
  for (const Hit& hit : hits) {
    std::vector<Hit> sources = packed.sources;
    sources.push_back(hit);
    if (!fits(sources)) {
      ++packed.left_out;
    }
  }
  if (packed.sources.empty() && !hits.empty() && fits({halved(hits.front())})) {
    --packed.left_out;
  }
  if (packed.sources.empty()) {
    fail(
        ErrorCode::invalid_request,
        "{} tokens are too few for the question and one source; take a larger "
        "--max-kv-size or a smaller --max-tokens",
        prompt_budget);
  }
  return packed;
}

}  // namespace bantam
