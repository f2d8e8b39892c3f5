// SPDX-License-Identifier: MIT
#include "models/licence.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/mapped_file.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

struct KnownLicence {
  std::string_view id;  // or, with a star at its end, how ids begin
  CommercialUse use;
  std::string_view conditions;
};

constexpr auto kAllowed = CommercialUse::allowed;
constexpr auto kConditional = CommercialUse::conditional;
constexpr auto kForbidden = CommercialUse::forbidden;

// Identifiers: Hugging Face's list of licences (docs/hub/repositories-licenses)
// and SPDX's. What each allows: its own text.
constexpr KnownLicence kLicences[] = {
    {"apache-2.0", kAllowed, ""},
    {"mit", kAllowed, ""},
    {"bsd*", kAllowed, ""},
    {"isc", kAllowed, ""},
    {"cc0-1.0", kAllowed, ""},
    {"unlicense", kAllowed, ""},
    {"wtfpl", kAllowed, ""},
    {"zlib", kAllowed, ""},
    {"bsl-1.0", kAllowed, ""},
    {"artistic-2.0", kAllowed, ""},
    {"ms-pl", kAllowed, ""},
    {"mpl-2.0", kAllowed, "changed files stay under the same licence"},
    {"cc-by-nc*", kForbidden, ""},
    {"cc-by-sa*", kAllowed, "with attribution, under the same licence"},
    {"cc-by-nd*", kAllowed, "with attribution, unchanged"},
    {"cc-by-*", kAllowed, "with attribution"},
    {"lgpl*", kAllowed, "changes stay under the same licence"},
    {"gpl*", kAllowed, "what is derived stays under the same licence"},
    {"agpl*",
     kAllowed,
     "what is derived, services included, stays under the same licence"},
    {"openrail*", kConditional, "a list of forbidden uses"},
    {"bigscience-*", kConditional, "a list of forbidden uses"},
    {"bigcode-openrail*", kConditional, "a list of forbidden uses"},
    {"creativeml-openrail*", kConditional, "a list of forbidden uses"},
    {"llama2", kConditional, "below 700 million monthly users"},
    {"llama3*",
     kConditional,
     "below 700 million monthly users, with attribution"},
    {"llama4",
     kConditional,
     "below 700 million monthly users, with attribution"},
    {"gemma", kConditional, "a list of forbidden uses"},
    {"qwen-research*", kForbidden, ""},
    {"tongyi-qianwen-research", kForbidden, ""},
    {"qwen", kConditional, "below 100 million monthly users"},
    {"tongyi-qianwen", kConditional, "below 100 million monthly users"},
    {"deepseek*", kConditional, "a list of forbidden uses"},
    {"falcon-llm-license", kConditional, "a list of forbidden uses"},
    {"mrl", kForbidden, ""},
    {"mnpl*", kForbidden, ""},
    {"mistral-ai-research*", kForbidden, ""},
    {"exaone*", kForbidden, ""},
    {"apple-amlr", kForbidden, ""},
    {"apple-ascl", kAllowed, ""},
    {"intel-research", kForbidden, ""},
    {"nvidia-open-model-license*", kAllowed, ""},
    {"lfm1.0", kConditional, "below 10 million dollars of yearly revenue"},
    {"stabilityai-ai-community*",
     kConditional,
     "below 1 million dollars of yearly revenue"},
    {"modified-mit",
     kConditional,
     "named on screen above 100 million monthly users"},
};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto drop = [](char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '"' || c == '\'';
  };
  while (!text.empty() && drop(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && drop(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// The file's text, at most `limit` bytes of it; "" if it cannot be read.
std::string first_bytes(const fs::path& path, size_t limit) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) {
    return "";
  }
  try {
    const MappedFile file(path.string());
    return std::string(file.text().substr(0, limit));
  } catch (const Error&) {
    return "";
  }
}

// The value of a key at the top level of a YAML front matter, in one line or
// as the first item of a list.
std::string front_matter_value(std::string_view text, std::string_view key) {
  if (!text.starts_with("---")) {
    return "";
  }
  bool in_list = false;
  for (size_t at = text.find('\n'); at != text.npos;) {
    const size_t end = std::min(text.find('\n', at + 1), text.size());
    const std::string_view line = text.substr(at + 1, end - at - 1);
    if (line.starts_with("---")) {
      return "";
    }
    if (in_list) {
      const std::string_view item = trimmed(line);
      return item.starts_with("-") ? std::string(trimmed(item.substr(1))) : "";
    }
    if (line.starts_with(key) && line.substr(key.size()).starts_with(":")) {
      const std::string_view value = trimmed(line.substr(key.size() + 1));
      if (!value.empty()) {
        return std::string(value);
      }
      in_list = true;
    }
    at = end == text.size() ? text.npos : end;
  }
  return "";
}

std::optional<Licence> licence_of_folder(const Checkpoint& checkpoint) {
  const fs::path folder = checkpoint.path();
  const Json& config = checkpoint.config();
  for (const char* key : {"license", "licence"}) {
    if (config.is_object() && config.contains(key) && config[key].is_string()) {
      return look_up_licence(config[key].get<std::string>(), "config.json");
    }
  }
  constexpr size_t kFrontMatterBytes = 64 << 10;
  const std::string readme =
      first_bytes(folder / "README.md", kFrontMatterBytes);
  std::string id = front_matter_value(readme, "license");
  if (lower(id) == "other" || id.empty()) {
    const std::string name = front_matter_value(readme, "license_name");
    id = name.empty() ? id : name;
  }
  if (!id.empty()) {
    return look_up_licence(std::move(id), "README.md");
  }
  for (const char* name : {"LICENSE", "LICENSE.txt", "LICENSE.md"}) {
    const std::string text = first_bytes(folder / name, 2000);
    if (text.find("Apache License") != std::string::npos) {
      return look_up_licence("apache-2.0", name);
    }
    if (text.find("MIT License") != std::string::npos) {
      return look_up_licence("mit", name);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view commercial_use_name(CommercialUse use) {
  switch (use) {
    case CommercialUse::allowed:
      return "allowed";
    case CommercialUse::conditional:
      return "conditional";
    case CommercialUse::forbidden:
      return "forbidden";
    default:
      return "unknown";
  }
}

Licence look_up_licence(std::string id, std::string source) {
  Licence licence{
      .id = lower(std::move(id)),
      .source = std::move(source),
      .use = CommercialUse::unknown,
      .conditions = {}};
  for (const KnownLicence& known : kLicences) {
    std::string_view name = known.id;
    const bool open_end = name.ends_with("*");
    name.remove_suffix(open_end ? 1 : 0);
    if (open_end ? licence.id.starts_with(name) : licence.id == name) {
      licence.use = known.use;
      licence.conditions = known.conditions;
      break;
    }
  }
  return licence;
}

std::optional<Licence> licence_of(const Checkpoint& checkpoint) {
  if (!checkpoint.is_gguf()) {
    return licence_of_folder(checkpoint);
  }
  const GgufFile& gguf = *checkpoint.gguf();
  const auto id = gguf.string("general.license");
  const auto name = gguf.string("general.license.name");
  if (id && lower(*id) == "other" && name) {
    return look_up_licence(*name, "GGUF metadata");
  }
  return id ? std::optional(look_up_licence(*id, "GGUF metadata"))
            : std::nullopt;
}

}  // namespace bantam
