// SPDX-License-Identifier: MIT
// Where a checkpoint of a prompt will be of use.
#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "engine/engine_impl.h"

namespace bantam {

namespace {

Json said(const char* role, const char* text) {
  return {{"role", role}, {"content", text}};
}

}  // namespace

// Where later prompts are likely to part from this one: after what stands
// before the first question, and where the answer will begin (before which a
// template may open a thought that it leaves out once the answer is there).
std::vector<int64_t> Engine::Impl::shared_ends(
    const Request& request,
    const std::vector<TokenId>& prompt,
    const Timeline& timeline) const {
  std::vector<int64_t> ends;
  if (!timeline.keeps_checkpoints() || !request.use_chat_template) {
    return ends;
  }
  const Json messages = ChatPrompt::messages_of(request);
  const auto prompt_tokens = static_cast<int64_t>(prompt.size());
  const auto add = [&](const Json& other, const std::string& answer_prefix) {
    try {
      Request variant = request;
      variant.messages_json = to_json_line(other);
      variant.answer_prefix = answer_prefix;
      std::vector<std::string> ignored;
      const std::vector<TokenId> ids = chat_prompt.encode(variant, ignored).ids;
      // The last token is read in any case.
      ends.push_back(
          std::min<int64_t>(
              std::ranges::mismatch(ids, prompt).in2 - prompt.begin(),
              prompt_tokens - 1));
    } catch (const Error&) {
      // The template does not take this form; then without.
    }
  };
  const auto first = std::ranges::find_if(messages, [](const Json& message) {
    return message.is_object() && message.value("role", Json()) == "user";
  });
  if (first != messages.end()) {
    Json beginning(messages.begin(), first);
    const bool is_dot = first->value("content", Json()) == ".";
    beginning.push_back(said("user", is_dot ? "," : "."));
    add(beginning, request.answer_prefix);
  }
  Json next = messages;
  next.push_back(said("assistant", "."));
  next.push_back(said("user", "."));
  add(next, "");
  return ends;
}

}  // namespace bantam
