// SPDX-License-Identifier: MIT
// Conversations as OpenAI's clients write them, made into what chat templates
// read: contents as one text, the arguments of calls as objects.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace bantam {

/// Throws ApiError 400 about "messages[i]...". Fields that change nothing go to
/// `ignored`.
Json read_chat_messages(
    const Json& messages,
    std::vector<std::string>& ignored);

/// The text of a content: a string, or a list of parts of type text. `types`:
/// the names of that type in the dialect. Throws ApiError 400 about `field`.
std::string content_text(
    const Json& content,
    const std::string& field,
    const std::vector<std::string>& types);

/// The arguments of a call as templates want them: the object that the text
/// holds, or the text itself where it is none.
Json call_arguments(const std::string& text);

}  // namespace bantam
