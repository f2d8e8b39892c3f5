// SPDX-License-Identifier: MIT
// The classes of characters that tokenizers' rules name.
#pragma once

namespace bantam {

/// Unicode's White_Space.
bool is_white_space(char32_t c);
/// General category N: digits, letter-like numbers, fractions.
bool is_numeric(char32_t c);
/// ASCII punctuation (symbols such as $ + < too) and category P.
bool is_punctuation(char32_t c);
/// General category M.
bool is_mark(char32_t c);
/// General category Mn.
bool is_nonspacing_mark(char32_t c);
/// Control, format, surrogate, private use.
bool is_other(char32_t c);
/// The blocks of ideographs that BERT's tokenizer puts spaces around.
bool is_cjk_ideograph(char32_t c);

}  // namespace bantam
