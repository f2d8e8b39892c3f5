// SPDX-License-Identifier: MIT
// The pre-tokenizers that GGUF files name (tokenizer.ggml.pre).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/pre_tokenizer.h"

namespace bantam {

struct GgufPreTokenizer {
  /// Regular expressions that cut words off, one after the other, before a
  /// byte-level stage without an expression of its own.
  std::vector<std::string> patterns;
  /// A word that is a token is that token.
  bool ignore_merges = false;
  /// Where the file does not say.
  bool add_bos = false;
  /// The model's tokenizer.json composes characters first (NFC). llama.cpp
  /// leaves it out; the model was trained with it.
  bool nfc = false;
};

/// `name` as in the file; "" counts as "default". Throws unsupported, naming
/// `source` and the name.
GgufPreTokenizer gguf_pre_tokenizer(
    const std::string& name,
    const std::string& source);

/// The stages that `pre` describes. `source` names it in errors.
std::unique_ptr<PreTokenizer> make_stages(
    const GgufPreTokenizer& pre,
    const std::string& source);

}  // namespace bantam
