// SPDX-License-Identifier: MIT
// From what a user types to a path: a folder, a .gguf file, a repository id
// in the Hugging Face cache, or the built-in name "smollm2".
#pragma once

#include <string>
#include <string_view>

namespace bantam {

/// Throws not_found, saying where was looked and what to do; invalid_file for
/// a file that is no model, saying what it looks like.
/// Looks at, in this order: an existing path; "smollm2" ($BANTAM_SMOLLM2,
/// the file beside the program that `make` put there); a repository id
/// ("org/name", optionally "org/name:file.gguf" or "@revision") in
/// $HF_HUB_CACHE, $HF_HOME/hub, ~/.cache/huggingface/hub.
/// A folder of GGUF files alone stands for the only one in it.
std::string locate_model(std::string_view model);

/// "~/models" with the home folder in place of "~", which a shell would have
/// expanded, but not in a configuration file.
std::string expand_home(std::string_view path);

}  // namespace bantam
