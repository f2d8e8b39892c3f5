// SPDX-License-Identifier: MIT
// The statement half of the parser, and the token handling both share.
#include "text/jinja_parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/suggest.h"
#include "text/jinja_filters.h"
#include "text/jinja_names.h"
#include "text/jinja_parser_level.h"

namespace bantam::jinja {

namespace {

// For "did you mean"; the order does not matter.
const std::vector<std::string>& known_tags() {
  static const std::vector<std::string> tags = {
      "for",        "if",           "elif",     "else",       "endif",
      "endfor",     "set",          "endset",   "macro",      "endmacro",
      "call",       "endcall",      "filter",   "endfilter",  "with",
      "endwith",    "block",        "endblock", "print",      "break",
      "continue",   "raw",          "endraw",   "generation", "endgeneration",
      "autoescape", "endautoescape"};
  return tags;
}

bool needs_other_files(std::string_view tag) {
  return tag == "include" || tag == "import" || tag == "from" ||
      tag == "extends";
}

}  // namespace

Symbol SymbolTable::intern(std::string_view name) {
  const auto [place, added] = symbols_.try_emplace(
      std::string(name), static_cast<Symbol>(names_.size()));
  if (added) {
    names_.emplace_back(name);
  }
  return place->second;
}

std::unique_ptr<const Template> parse_template(
    std::string_view text,
    const std::string& name) {
  auto result = std::make_unique<Template>(text, name);
  Parser(*result).run();
  find_unset_names(*result);
  return result;
}

Parser::Parser(Template& target)
    : template_(target), tokens_(tokenize(target.source)) {
  SymbolTable& symbols = target.symbols;
  target.known = {
      symbols.intern("loop"),
      symbols.intern("caller"),
      symbols.intern("kwargs"),
      symbols.intern("varargs")};
}

void Parser::run() {
  template_.body = parse_body({});
  for (Symbol symbol = 0; symbol < mention_counts_.size(); ++symbol) {
    if (mention_counts_[symbol] > 0) {
      template_.reads.insert(template_.symbols.name(symbol));
    }
  }
  for (const Unknown& unknown : unknown_) {
    if (!unknown.soft) {
      template_.source.fail(
          ErrorCode::unsupported, unknown.at, unknown.message);
    }
  }
}

const Token& Parser::take() {
  const Token& token = tokens_[at_];
  at_ = std::min(at_ + 1, tokens_.size() - 1);
  return token;
}

bool Parser::skip(TokenKind kind) {
  if (!at(kind)) {
    return false;
  }
  take();
  return true;
}

bool Parser::skip_name(std::string_view name) {
  if (!at_name(name)) {
    return false;
  }
  take();
  return true;
}

const Token& Parser::expect(TokenKind kind) {
  if (at(kind)) {
    return take();
  }
  template_.source.syntax_error(
      current().at,
      at(TokenKind::end)
          ? fmt::format(
                "unexpected end of template, expected '{}'", describe(kind))
          : fmt::format(
                "expected token '{}', got '{}'",
                describe(kind),
                describe(current())));
}

void Parser::expect_name(std::string_view name) {
  if (!skip_name(name)) {
    template_.source.syntax_error(
        current().at,
        fmt::format(
            "expected token '{}', got '{}'", name, describe(current())));
  }
}

ExprPtr Parser::finish(
    ExprPtr expr,
    std::initializer_list<const Expr*> children) {
  for (const Expr* child : children) {
    deepen(*expr, child ? child->depth : 0);
  }
  return expr;
}

void Parser::deepen(Expr& expr, int below) const {
  expr.depth = std::max(expr.depth, below + 1);
  if (expr.depth > kMaxTreeDepth) {
    template_.source.fail(
        ErrorCode::unsupported,
        expr.at,
        fmt::format("an expression deeper than {} levels", kMaxTreeDepth));
  }
}

Symbol Parser::mention(std::string_view name) {
  const Symbol symbol = template_.symbols.intern(name);
  mention_counts_.resize(template_.symbols.size());
  ++mention_counts_[symbol];
  return symbol;
}

int64_t Parser::mentions(Symbol symbol) const {
  return symbol < mention_counts_.size() ? mention_counts_[symbol] : 0;
}

Function Parser::resolve(bool filter, const std::string& name, Position place) {
  const Function function = filter ? find_filter(name) : find_test(name);
  if (!function) {
    unknown_.push_back({place, describe_unknown(filter, name)});
  }
  return function;
}

void Parser::soften_unknown_since(size_t first) {
  for (size_t i = first; i < unknown_.size(); ++i) {
    unknown_[i].soft |= !unknown_[i].settled;
  }
}

void Parser::harden_unknown_since(size_t first) {
  for (size_t i = first; i < unknown_.size(); ++i) {
    unknown_[i].settled = true;
  }
}

// Until one of `ends`, whose name is then the current token; an empty list
// means the end of the template.
Body Parser::parse_body(EndTags ends) {
  Body body;
  while (!at(TokenKind::end)) {
    const Token& token = take();
    if (token.kind == TokenKind::data) {
      auto text = std::make_unique<TextStatement>(token.at);
      text->words = token.text;
      body.push_back(std::move(text));
    } else if (token.kind == TokenKind::variable_begin) {
      auto output = std::make_unique<OutputStatement>(current().at);
      output->items.push_back(parse_tuple(true));
      expect(TokenKind::variable_end);
      body.push_back(std::move(output));
    } else {
      const bool is_end = at(TokenKind::name) &&
          std::find(ends.begin(), ends.end(), current().text) != ends.end();
      if (is_end) {
        return body;
      }
      if (StatementPtr statement = parse_statement()) {
        body.push_back(std::move(statement));
      }
      expect(TokenKind::block_end);
    }
  }
  if (ends.size() > 0) {
    template_.source.syntax_error(
        current().at,
        fmt::format(
            "unexpected end of template, expected '{{% {} %}}'",
            *(ends.end() - 1)));
  }
  return body;
}

// The body of a tag: everything after its "%}".
Body Parser::parse_block_body(EndTags ends) {
  skip(TokenKind::colon);
  expect(TokenKind::block_end);
  return parse_body(ends);
}

std::string Parser::take_end_tag() {
  return take().text;
}

StatementPtr Parser::parse_statement() {
  const Level level(*this);
  if (!at(TokenKind::name)) {
    template_.source.syntax_error(current().at, "tag name expected");
  }
  const std::string& tag = current().text;
  if (tag == "if") {
    return parse_if();
  }
  if (tag == "set") {
    return parse_set();
  }
  if (tag == "print") {
    return parse_print();
  }
  if (tag == "break" || tag == "continue") {
    return parse_loop_control();
  }
  // The others open a frame of their own.
  const size_t first_unknown = unknown_.size();
  StatementPtr statement = tag == "for" ? parse_for()
      : tag == "macro"                  ? parse_macro()
      : tag == "call"                   ? parse_call_block()
      : tag == "filter"                 ? parse_filter_block()
      : tag == "with"                   ? parse_with()
      : tag == "generation" ? parse_scope("endgeneration", StatementKind::scope)
      : tag == "autoescape" ? parse_autoescape()
      : tag == "block"      ? parse_block()
                            : nullptr;
  if (!statement) {
    fail_tag(current());
  }
  harden_unknown_since(first_unknown);
  return statement;
}

void Parser::fail_tag(const Token& tag) {
  if (needs_other_files(tag.text)) {
    template_.source.fail(
        ErrorCode::unsupported,
        tag.at,
        fmt::format(
            "tag '{}': a chat template cannot use other files", tag.text));
  }
  const std::vector<std::string>& tags = known_tags();
  if (std::find(tags.begin(), tags.end(), tag.text) != tags.end()) {
    template_.source.syntax_error(
        tag.at, fmt::format("unexpected tag '{}'", tag.text));
  }
  const std::string near = nearest(tag.text, tags);
  template_.source.fail(
      ErrorCode::unsupported,
      tag.at,
      near.empty()
          ? fmt::format("unknown tag '{}'", tag.text)
          : fmt::format(
                "unknown tag '{}', did you mean '{}'?", tag.text, near));
}

StatementPtr Parser::parse_for() {
  auto loop = std::make_unique<LoopStatement>(take().at);
  loop->target = parse_target(false, "in");
  expect_name("in");
  loop->iterable = parse_tuple(false, "recursive");
  if (skip_name("if")) {
    loop->test = parse_expression();
  }
  loop->recursive = skip_name("recursive");
  const int64_t before = mentions(template_.known.loop);
  ++loops_;
  loop->body = parse_block_body({"else", "endfor"});
  --loops_;
  loop->uses_loop = loop->recursive || mentions(template_.known.loop) > before;
  if (take_end_tag() == "else") {
    loop->otherwise = parse_block_body({"endfor"});
    take_end_tag();
  }
  return loop;
}

StatementPtr Parser::parse_if() {
  auto branch = std::make_unique<BranchStatement>(current().at);
  const size_t first_unknown = unknown_.size();
  for (std::string tag = take_end_tag(); tag != "endif";) {
    BranchStatement::Arm arm;
    if (tag == "else") {
      arm.body = parse_block_body({"endif"});
    } else {
      arm.test = parse_tuple(false);
      arm.body = parse_block_body({"elif", "else", "endif"});
    }
    branch->arms.push_back(std::move(arm));
    tag = take_end_tag();
  }
  soften_unknown_since(first_unknown);
  return branch;
}

StatementPtr Parser::parse_set() {
  const Position place = take().at;
  Target target = parse_target(true);
  if (skip(TokenKind::assign)) {
    auto set = std::make_unique<SetStatement>(place);
    set->target = std::move(target);
    set->value = parse_tuple(true);
    return set;
  }
  auto block = std::make_unique<SetBlockStatement>(place);
  block->target = std::move(target);
  while (skip(TokenKind::pipe)) {
    block->filter = parse_filter(std::move(block->filter));
  }
  const size_t first_unknown = unknown_.size();
  block->body = parse_block_body({"endset"});
  take_end_tag();
  harden_unknown_since(first_unknown);
  return block;
}

StatementPtr Parser::parse_print() {
  auto output = std::make_unique<OutputStatement>(take().at);
  while (!at(TokenKind::block_end)) {
    if (!output->items.empty()) {
      expect(TokenKind::comma);
    }
    output->items.push_back(parse_expression());
  }
  return output;
}

StatementPtr Parser::parse_loop_control() {
  const Token& token = take();
  if (loops_ == 0) {
    template_.source.syntax_error(
        token.at, fmt::format("'{}' outside loop", token.text));
  }
  return std::make_unique<Statement>(
      token.text == "break" ? StatementKind::break_loop
                            : StatementKind::continue_loop,
      token.at);
}

}  // namespace bantam::jinja
