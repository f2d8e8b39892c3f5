// SPDX-License-Identifier: MIT
// Template text -> tokens, with jinja2's whitespace control (trim_blocks and
// lstrip_blocks on, keep_trailing_newline off). Follows jinja2/lexer.py rule
// by rule, because its corner cases decide where newlines end up in a prompt.
#pragma once

#include <string>
#include <vector>

#include "text/jinja_source.h"
#include "text/jinja_value.h"

namespace bantam::jinja {

enum class TokenKind : uint8_t {
  data,
  variable_begin,
  variable_end,
  block_begin,
  block_end,
  name,
  string,
  integer,
  real,
  add,
  assign,
  colon,
  comma,
  div,
  dot,
  eq,
  floordiv,
  gt,
  gteq,
  lbrace,
  lbracket,
  lparen,
  lt,
  lteq,
  mod,
  mul,
  ne,
  pipe,
  pow,
  rbrace,
  rbracket,
  rparen,
  semicolon,
  sub,
  tilde,
  end,
};

struct Token {
  TokenKind kind;
  Position at;
  std::string text;  // data, name, string: their value
  Integer integer = 0;
  double real = 0;
};

/// All tokens, TokenKind::end last. Throws invalid_file.
std::vector<Token> tokenize(const Source& source);

/// "%}" and the like, for messages.
std::string describe(const Token& token);
std::string describe(TokenKind kind);

}  // namespace bantam::jinja
