// SPDX-License-Identifier: MIT
// Where a checkpoint of a prompt will be of use.
#include <algorithm>

#include "base/error.h"
#include "engine/engine_impl.h"

namespace bantam {

// Where later prompts are likely to part from this one: after what stands
// before the first question, and where the answer will begin (before which a
// template may open a thought that it leaves out once the answer is there).
std::vector<int64_t> Engine::Impl::shared_ends(
    const Request& request,
    const std::vector<TokenId>& prompt) const {
  std::vector<int64_t> ends;
  if (!timeline.keeps_checkpoints() || !request.use_chat_template) {
    return ends;
  }
  const auto prompt_tokens = static_cast<int64_t>(prompt.size());
  const auto add = [&](const Request& variant) {
    try {
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
  const auto first =
      std::ranges::find(request.messages, "user", &Message::role);
  if (first != request.messages.end()) {
    Request beginning = request;
    beginning.messages.assign(request.messages.begin(), first);
    beginning.messages.push_back({"user", first->content == "." ? "," : "."});
    add(beginning);
  }
  Request next = request;
  next.answer_prefix.clear();
  next.messages.push_back({"assistant", "."});
  next.messages.push_back({"user", "."});
  add(next);
  return ends;
}

}  // namespace bantam
