// SPDX-License-Identifier: MIT
// What a model's licence is called and whether it allows commercial use: a
// table of well-known ones, no legal advice.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weights/checkpoint.h"

namespace bantam {

enum class CommercialUse { allowed, conditional, forbidden, unknown };
std::string_view commercial_use_name(CommercialUse use);

struct Licence {
  std::string id;      // "apache-2.0"; as the file spells it, in lower case
  std::string source;  // "config.json", "README.md", "GGUF metadata", ...
  CommercialUse use = CommercialUse::unknown;
  std::string conditions;  // of conditional use; may be empty
};

/// nullopt if the model's files name none. Looks at GGUF metadata, or at
/// config.json, the front matter of README.md and the first lines of LICENSE.
std::optional<Licence> licence_of(const Checkpoint& checkpoint);

/// The table's answer for an identifier as Hugging Face spells them.
Licence look_up_licence(std::string id, std::string source);

}  // namespace bantam
