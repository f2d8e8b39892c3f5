// SPDX-License-Identifier: MIT
// The marks of Harmony, the format that gpt-oss answers in (OpenAI's guide to
// it): <|start|>assistant<|channel|>NAME<|message|>TEXT<|end|>.
#pragma once

#include <string_view>

namespace bantam::harmony {

inline constexpr std::string_view kStart = "<|start|>";
inline constexpr std::string_view kChannel = "<|channel|>";
inline constexpr std::string_view kConstrain = "<|constrain|>";
inline constexpr std::string_view kMessage = "<|message|>";

}  // namespace bantam::harmony
