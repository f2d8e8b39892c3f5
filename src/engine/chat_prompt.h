// SPDX-License-Identifier: MIT
// From a Request to the ids a model reads: chat template and tokenizer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bantam/request.h"
#include "base/json.h"
#include "text/chat_template.h"
#include "text/reasoning.h"
#include "text/template_traits.h"
#include "text/tokenizer.h"
#include "weights/checkpoint.h"

namespace bantam {

/// What transformers hands to every template besides the messages: the
/// spellings of special tokens ("bos_token", ...), and tools and documents as
/// none.
Json default_template_variables(
    const Checkpoint& checkpoint,
    const Tokenizer& tokenizer);

/// The model's own template; nullopt if it has none.
std::optional<ChatTemplate> make_chat_template(const Checkpoint& checkpoint);

/// Every token that the model declares as the end of an answer: its
/// vocabulary's, and those of config.json and generation_config.json.
std::vector<TokenId> end_tokens_of(
    const Checkpoint& checkpoint,
    const Tokenizer& tokenizer);

struct EncodedPrompt {
  std::vector<TokenId> ids;
  /// How the answer to it will mark reasoning, if at all.
  std::optional<ReasoningFormat> reasoning;
  /// The answer starts within reasoning.
  bool inside_reasoning = false;
};

class ChatPrompt {
 public:
  ChatPrompt(const Checkpoint& checkpoint, const Tokenizer& tokenizer);

  /// Ids of the whole prompt; notes gets what had to be adjusted. Throws
  /// invalid_request (invalid UTF-8 with the byte offset, an empty prompt, a
  /// message that the template refuses).
  EncodedPrompt encode(const Request& request, std::vector<std::string>& notes)
      const;

  /// The conversation as the template gets it: a list, if it is sound. Throws
  /// invalid_request.
  static Json messages_of(const Request& request);

 private:
  void set_thinking(const Request& request, Json& variables) const;
  void note_thinking(
      const Request& request,
      bool inside,
      std::vector<std::string>& notes) const;
  PromptText render(const Request& request) const;

  const Tokenizer& tokenizer_;
  std::string source_;
  Json variables_;
  std::optional<ChatTemplate> template_;
  TemplateTraits traits_;
  std::optional<ReasoningFormat> reasoning_;
};

}  // namespace bantam
