// SPDX-License-Identifier: MIT
#include "text/jinja_lexer.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "text/jinja_escapes.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

struct Operator {
  std::string_view spelling;
  TokenKind kind;
};

// Longest first.
constexpr Operator kOperators[] = {
    {"//", TokenKind::floordiv}, {"**", TokenKind::pow},
    {"==", TokenKind::eq},       {"!=", TokenKind::ne},
    {">=", TokenKind::gteq},     {"<=", TokenKind::lteq},
    {"+", TokenKind::add},       {"-", TokenKind::sub},
    {"/", TokenKind::div},       {"*", TokenKind::mul},
    {"%", TokenKind::mod},       {"~", TokenKind::tilde},
    {"[", TokenKind::lbracket},  {"]", TokenKind::rbracket},
    {"(", TokenKind::lparen},    {")", TokenKind::rparen},
    {"{", TokenKind::lbrace},    {"}", TokenKind::rbrace},
    {">", TokenKind::gt},        {"<", TokenKind::lt},
    {"=", TokenKind::assign},    {".", TokenKind::dot},
    {":", TokenKind::colon},     {"|", TokenKind::pipe},
    {",", TokenKind::comma},     {";", TokenKind::semicolon},
};

constexpr size_t kNone = std::string_view::npos;

class Lexer {
 public:
  explicit Lexer(const Source& source)
      : source_(source), text_(source.text()) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      lex_data();
    }
    emit(TokenKind::end, text_.size());
    return std::move(tokens_);
  }

 private:
  enum class Tag { raw, block, variable, comment };

  struct Opening {
    size_t begin;  // of the "{"
    Tag tag;
    char sign;   // '-', '+' or 0
    size_t end;  // after the opening
  };

  bool starts_with(size_t at, std::string_view word) const {
    return text_.substr(std::min(at, text_.size()), word.size()) == word;
  }

  void emit(TokenKind kind, size_t at, std::string text = {}) {
    tokens_.push_back({kind, static_cast<Position>(at), std::move(text)});
  }

  // Where matching goes on after a tag; jinja2's `line_starting` looks at the
  // last character the tag took.
  void resume(size_t at) {
    at_ = at;
    line_starting_ = at > 0 && text_[at - 1] == '\n';
  }

  char sign_at(size_t at) const {
    const char c = at < text_.size() ? text_[at] : '\0';
    return c == '-' || c == '+' ? c : '\0';
  }

  // The end of "{% raw %}" whose "{%" (and sign) ends at `at`.
  size_t raw_begin_end(size_t at) const {
    at = skip_space(text_, at);
    if (!starts_with(at, "raw")) {
      return kNone;
    }
    at = skip_space(text_, at + 3);
    if (starts_with(at, "-%}")) {
      return skip_space(text_, at + 3);
    }
    return starts_with(at, "%}") ? at + 2 : kNone;
  }

  std::optional<Opening> find_opening() const {
    for (size_t at = at_; (at = text_.find('{', at)) != kNone; ++at) {
      const char next = at + 1 < text_.size() ? text_[at + 1] : '\0';
      const char sign = sign_at(at + 2);
      const size_t end = at + 2 + (sign != 0);
      if (next == '%') {
        const size_t raw_end = raw_begin_end(end);
        return raw_end == kNone ? Opening{at, Tag::block, sign, end}
                                : Opening{at, Tag::raw, sign, raw_end};
      }
      if (next == '{') {
        return Opening{at, Tag::variable, sign, end};
      }
      if (next == '#') {
        return Opening{at, Tag::comment, sign, end};
      }
    }
    return std::nullopt;
  }

  // `data` before a tag with the given sign, whitespace control applied.
  std::string_view strip_data(std::string_view data, char sign, bool variable)
      const {
    if (sign == '-') {
      return strip_right(data);
    }
    if (sign == '+' || variable) {
      return data;
    }
    const size_t newline = data.rfind('\n');
    const size_t line = newline == kNone ? 0 : newline + 1;
    const bool at_line_start = line > 0 || line_starting_;
    if (at_line_start && skip_space(data, line) == data.size()) {
      return data.substr(0, line);
    }
    return data;
  }

  void emit_data(std::string_view data, size_t at) {
    if (!data.empty()) {
      emit(TokenKind::data, at, std::string(data));
    }
  }

  void lex_data() {
    const auto opening = find_opening();
    if (!opening) {
      emit_data(text_.substr(at_), at_);
      at_ = text_.size();
      return;
    }
    const auto data = text_.substr(at_, opening->begin - at_);
    emit_data(
        strip_data(data, opening->sign, opening->tag == Tag::variable), at_);
    const size_t begin = opening->begin;
    resume(opening->end);
    switch (opening->tag) {
      case Tag::comment:
        return lex_comment(begin);
      case Tag::raw:
        return lex_raw(begin);
      case Tag::block:
        emit(TokenKind::block_begin, begin);
        return lex_tag(TokenKind::block_end);
      case Tag::variable:
        emit(TokenKind::variable_begin, begin);
        return lex_tag(TokenKind::variable_end);
    }
  }

  // The end of a closing such as "-%}" at `at`, with the whitespace it takes;
  // npos if there is none.
  size_t closing_end(size_t at, std::string_view closing, bool variable) const {
    if (starts_with(at, "-") && starts_with(at + 1, closing)) {
      return skip_space(text_, at + 1 + closing.size());
    }
    if (!variable && starts_with(at, "+") && starts_with(at + 1, closing)) {
      return at + 1 + closing.size();
    }
    if (!starts_with(at, closing)) {
      return kNone;
    }
    at += closing.size();
    return at + (!variable && starts_with(at, "\n"));
  }

  void lex_comment(size_t begin) {
    const size_t at = text_.find("#}", at_);
    if (at == kNone && at_ == text_.size()) {
      return;  // jinja2 lets an opening at the very end pass
    }
    if (at == kNone) {
      source_.syntax_error(begin, "missing end of comment tag '#}'");
    }
    const bool signed_end =
        at > at_ && (text_[at - 1] == '-' || text_[at - 1] == '+');
    resume(closing_end(at - signed_end, "#}", false));
  }

  void lex_raw(size_t begin) {
    for (size_t at = at_; (at = text_.find("{%", at)) != kNone; ++at) {
      const char sign = sign_at(at + 2);
      const size_t word = skip_space(text_, at + 2 + (sign != 0));
      if (!starts_with(word, "endraw")) {
        continue;
      }
      const size_t end = closing_end(skip_space(text_, word + 6), "%}", false);
      if (end == kNone) {
        continue;
      }
      emit_data(strip_data(text_.substr(at_, at - at_), sign, false), at_);
      return resume(end);
    }
    if (at_ == text_.size()) {
      return;  // as for comments
    }
    source_.syntax_error(begin, "missing end of raw directive '{% endraw %}'");
  }

  void lex_tag(TokenKind end_kind) {
    const bool variable = end_kind == TokenKind::variable_end;
    const std::string_view closing = variable ? "}}" : "%}";
    std::string brackets;  // closing brackets still expected
    while (at_ < text_.size()) {
      if (brackets.empty()) {
        const size_t end = closing_end(at_, closing, variable);
        if (end != kNone) {
          emit(end_kind, at_);
          return resume(end);
        }
      }
      const size_t after_space = skip_space(text_, at_);
      if (after_space > at_) {
        at_ = after_space;
      } else if (!lex_number() && !lex_name() && !lex_string()) {
        lex_operator(brackets);
      }
    }
  }

  size_t digits_end(size_t at) const {
    const auto digit = [&](size_t i) {
      return i < text_.size() && text_[i] >= '0' && text_[i] <= '9';
    };
    if (!digit(at)) {
      return kNone;
    }
    while (digit(at) || (text_.substr(at, 1) == "_" && digit(at + 1))) {
      ++at;
    }
    return at;
  }

  size_t float_end() const {
    if (at_ > 0 && text_[at_ - 1] == '.') {
      return kNone;
    }
    const size_t whole = digits_end(at_);
    if (whole == kNone) {
      return kNone;
    }
    size_t end = whole;
    if (starts_with(whole, ".")) {
      const size_t fraction = digits_end(whole + 1);
      end = fraction == kNone ? whole : fraction;
    }
    if (starts_with(end, "e") || starts_with(end, "E")) {
      const bool has_sign = sign_at(end + 1) != 0;
      const size_t exponent = digits_end(end + 1 + has_sign);
      end = exponent == kNone ? end : exponent;
    }
    return end == whole ? kNone : end;
  }

  bool lex_number() {
    if (const size_t end = float_end(); end != kNone) {
      std::string digits(text_.substr(at_, end - at_));
      std::erase(digits, '_');
      emit(TokenKind::real, at_);
      tokens_.back().real = std::strtod(digits.c_str(), nullptr);
      at_ = end;
      return true;
    }
    if (digits_end(at_) == kNone) {
      return false;
    }
    lex_integer();
    return true;
  }

  int radix_at(size_t at) const {
    if (!starts_with(at, "0") || at + 1 >= text_.size()) {
      return 10;
    }
    const char mark = static_cast<char>(text_[at + 1] | 0x20);
    const int radix = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    return digit_value(at + 2 + starts_with(at + 2, "_")) < radix ? radix : 10;
  }

  int digit_value(size_t at) const {
    if (at >= text_.size()) {
      return 99;
    }
    const char c = text_[at];
    const char low = static_cast<char>(c | 0x20);
    return c >= '0' && c <= '9'    ? c - '0'
        : low >= 'a' && low <= 'f' ? low - 'a' + 10
                                   : 99;
  }

  void lex_integer() {
    const size_t begin = at_;
    const int radix = radix_at(at_);
    // "0123" is the integer 0 followed by 123, which the parser refuses.
    const bool zeros = radix == 10 && text_[at_] == '0';
    const int limit = zeros ? 1 : radix;
    at_ += radix == 10 ? 0 : 2;
    Integer value = 0;
    while (true) {
      const size_t at = at_ + starts_with(at_, "_");
      const int digit = digit_value(at);
      if (digit >= limit) {
        break;
      }
      if (__builtin_mul_overflow(value, radix, &value) ||
          __builtin_add_overflow(value, digit, &value)) {
        source_.fail(
            ErrorCode::unsupported, begin, "an integer beyond 127 bits");
      }
      at_ = at + 1;
    }
    emit(TokenKind::integer, begin);
    tokens_.back().integer = value;
  }

  bool lex_name() {
    size_t end = at_;
    int length = 0;
    bool valid = true;
    for (; end < text_.size(); end += length) {
      const char32_t c = character_at(text_, end, length);
      if (!is_word(c) && !is_identifier_part(c)) {
        break;
      }
      valid &= end == at_ ? is_identifier_start(c) : is_identifier_part(c);
    }
    if (end == at_) {
      return false;
    }
    if (!valid) {
      source_.syntax_error(at_, "invalid character in identifier");
    }
    emit(TokenKind::name, at_, std::string(text_.substr(at_, end - at_)));
    at_ = end;
    return true;
  }

  bool lex_string() {
    const char quote = text_[at_];
    if (quote != '"' && quote != '\'') {
      return false;
    }
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) {
      end += text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size()) {
      source_.syntax_error(at_, "a string that does not end");
    }
    std::string value;
    const auto body = text_.substr(at_ + 1, end - at_ - 1);
    if (const auto problem = unescape(body, value)) {
      source_.syntax_error(
          static_cast<Position>(at_ + 1 + problem->offset), problem->what);
    }
    emit(TokenKind::string, at_, std::move(value));
    at_ = end + 1;
    return true;
  }

  void lex_operator(std::string& brackets) {
    const auto* found = std::find_if(
        std::begin(kOperators), std::end(kOperators), [&](const Operator& op) {
          return starts_with(at_, op.spelling);
        });
    if (found == std::end(kOperators)) {
      int length = 0;
      character_at(text_, at_, length);
      source_.syntax_error(
          at_, fmt::format("unexpected char '{}'", text_.substr(at_, length)));
    }
    balance(found->spelling, brackets);
    emit(found->kind, at_);
    at_ += found->spelling.size();
  }

  void balance(std::string_view spelling, std::string& brackets) const {
    if (spelling == "{" || spelling == "(" || spelling == "[") {
      brackets += spelling == "{" ? '}' : spelling == "(" ? ')' : ']';
    } else if (spelling == "}" || spelling == ")" || spelling == "]") {
      if (brackets.empty()) {
        source_.syntax_error(at_, fmt::format("unexpected '{}'", spelling));
      }
      if (brackets.back() != spelling[0]) {
        source_.syntax_error(
            at_,
            fmt::format(
                "unexpected '{}', expected '{}'", spelling, brackets.back()));
      }
      brackets.pop_back();
    }
  }

  const Source& source_;
  std::string_view text_;
  size_t at_ = 0;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(const Source& source) {
  return Lexer(source).run();
}

std::string describe(TokenKind kind) {
  switch (kind) {
    case TokenKind::data:
      return "template data / text";
    case TokenKind::variable_begin:
      return "begin of print statement";
    case TokenKind::variable_end:
      return "end of print statement";
    case TokenKind::block_begin:
      return "begin of statement block";
    case TokenKind::block_end:
      return "end of statement block";
    case TokenKind::name:
      return "name";
    case TokenKind::string:
      return "string";
    case TokenKind::integer:
      return "integer";
    case TokenKind::real:
      return "float";
    case TokenKind::end:
      return "end of template";
    default:
      break;
  }
  for (const Operator& op : kOperators) {
    if (op.kind == kind) {
      return std::string(op.spelling);
    }
  }
  return "token";
}

std::string describe(const Token& token) {
  return token.kind == TokenKind::name ? token.text : describe(token.kind);
}

}  // namespace bantam::jinja
