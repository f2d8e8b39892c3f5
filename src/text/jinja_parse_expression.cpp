// SPDX-License-Identifier: MIT
// The expression half of the parser. Precedence, from loose to tight:
// conditional, or, and, not, comparison, + -, ~, * / // %, **, unary sign,
// then postfixes, filters and tests.
#include <algorithm>

#include "text/jinja_parser.h"
#include "text/jinja_parser_level.h"

namespace bantam::jinja {

namespace {

bool sum_operation(TokenKind kind, Arithmetic& operation) {
  operation = kind == TokenKind::add ? Arithmetic::add : Arithmetic::sub;
  return kind == TokenKind::add || kind == TokenKind::sub;
}

bool product_operation(TokenKind kind, Arithmetic& operation) {
  switch (kind) {
    case TokenKind::mul:
      operation = Arithmetic::mul;
      return true;
    case TokenKind::div:
      operation = Arithmetic::div;
      return true;
    case TokenKind::floordiv:
      operation = Arithmetic::floordiv;
      return true;
    case TokenKind::mod:
      operation = Arithmetic::mod;
      return true;
    default:
      return false;
  }
}

bool power_operation(TokenKind kind, Arithmetic& operation) {
  operation = Arithmetic::pow;
  return kind == TokenKind::pow;
}

bool comparison_of(TokenKind kind, Comparison& comparison) {
  switch (kind) {
    case TokenKind::eq:
      comparison = Comparison::equal;
      return true;
    case TokenKind::ne:
      comparison = Comparison::unequal;
      return true;
    case TokenKind::lt:
      comparison = Comparison::less;
      return true;
    case TokenKind::lteq:
      comparison = Comparison::less_equal;
      return true;
    case TokenKind::gt:
      comparison = Comparison::greater;
      return true;
    case TokenKind::gteq:
      comparison = Comparison::greater_equal;
      return true;
    default:
      return false;
  }
}

}  // namespace

ExprPtr Parser::parse_expression() {
  return parse_conditional();
}

bool Parser::at_tuple_end(std::string_view end_name) const {
  return at(TokenKind::variable_end) || at(TokenKind::block_end) ||
      at(TokenKind::rparen) || (!end_name.empty() && at_name(end_name));
}

// One expression, or several with commas between them.
ExprPtr Parser::parse_tuple(
    bool with_conditional,
    std::string_view end_name,
    bool parenthesized) {
  auto row = std::make_unique<RowExpr>(ExprKind::tuple, current().at);
  bool is_tuple = false;
  while (true) {
    if (!row->items.empty()) {
      expect(TokenKind::comma);
    }
    if (at_tuple_end(end_name)) {
      break;
    }
    row->items.push_back(with_conditional ? parse_expression() : parse_or());
    if (!at(TokenKind::comma)) {
      break;
    }
    is_tuple = true;
  }
  if (!is_tuple && !row->items.empty()) {
    return std::move(row->items[0]);
  }
  if (!is_tuple && !parenthesized) {
    template_.source.syntax_error(
        current().at,
        fmt::format("expected an expression, got '{}'", describe(current())));
  }
  const auto& items = row->items;
  return finish_row(std::move(row), items);
}

ExprPtr Parser::parse_conditional() {
  const Level level(*this);
  const size_t first_unknown = unknown_.size();
  Position place = current().at;
  ExprPtr expr = parse_or();
  while (skip_name("if")) {
    auto conditional = std::make_unique<ConditionalExpr>(place);
    conditional->yes = std::move(expr);
    conditional->test = parse_or();
    if (skip_name("else")) {
      conditional->no = parse_conditional();
    }
    soften_unknown_since(first_unknown);
    const auto& node = *conditional;
    expr = finish(
        std::move(conditional),
        {node.yes.get(), node.test.get(), node.no.get()});
    place = current().at;
  }
  return expr;
}

ExprPtr Parser::parse_or() {
  return parse_logic(true);
}
ExprPtr Parser::parse_and() {
  return parse_logic(false);
}

ExprPtr Parser::parse_logic(bool is_or) {
  const auto operand = is_or ? &Parser::parse_and : &Parser::parse_not;
  const Position place = current().at;
  ExprPtr first = (this->*operand)();
  if (!at_name(is_or ? "or" : "and")) {
    return first;
  }
  auto logic = std::make_unique<LogicExpr>(place);
  logic->is_or = is_or;
  logic->items.push_back(std::move(first));
  while (skip_name(is_or ? "or" : "and")) {
    logic->items.push_back((this->*operand)());
  }
  const auto& items = logic->items;
  return finish_row(std::move(logic), items);
}

ExprPtr Parser::parse_not() {
  const Position place = current().at;
  if (!skip_name("not")) {
    return parse_comparison();
  }
  const Level level(*this);
  auto negation = std::make_unique<UnaryExpr>(ExprKind::negation, place);
  negation->operand = parse_not();
  const Expr* operand = negation->operand.get();
  return finish(std::move(negation), {operand});
}

ExprPtr Parser::parse_comparison() {
  auto node = std::make_unique<ComparisonExpr>(current().at);
  node->first = parse_sum();
  deepen(*node, node->first->depth);
  while (true) {
    Comparison comparison = Comparison::in;
    if (comparison_of(current().kind, comparison)) {
      take();
    } else if (
        at_name("not") && following().kind == TokenKind::name &&
        following().text == "in") {
      comparison = Comparison::not_in;
      take();
      take();
    } else if (!skip_name("in")) {
      break;
    }
    node->rest.emplace_back(comparison, parse_sum());
    deepen(*node, node->rest.back().second->depth);
  }
  return node->rest.empty() ? std::move(node->first) : std::move(node);
}

ExprPtr Parser::parse_arithmetic(
    ExprPtr (Parser::*operand)(),
    bool (*operation_of)(TokenKind, Arithmetic&)) {
  const Position place = current().at;
  ExprPtr first = (this->*operand)();
  Arithmetic operation = Arithmetic::add;
  if (!operation_of(current().kind, operation)) {
    return first;
  }
  auto node = std::make_unique<ArithmeticExpr>(place);
  deepen(*node, first->depth);
  node->first = std::move(first);
  while (operation_of(current().kind, operation)) {
    take();
    node->rest.emplace_back(operation, (this->*operand)());
    deepen(*node, node->rest.back().second->depth);
  }
  return node;
}

ExprPtr Parser::parse_sum() {
  return parse_arithmetic(&Parser::parse_concat, sum_operation);
}

ExprPtr Parser::parse_concat() {
  const Position place = current().at;
  ExprPtr first = parse_product();
  if (!at(TokenKind::tilde)) {
    return first;
  }
  auto concat = std::make_unique<ConcatExpr>(place);
  concat->items.push_back(std::move(first));
  while (skip(TokenKind::tilde)) {
    concat->items.push_back(parse_product());
  }
  const auto& items = concat->items;
  return finish_row(std::move(concat), items);
}

ExprPtr Parser::parse_product() {
  return parse_arithmetic(&Parser::parse_power, product_operation);
}

// jinja2's ** is left-associative and binds looser than a sign.
ExprPtr Parser::parse_power() {
  return parse_arithmetic(&Parser::parse_unary, power_operation);
}

ExprPtr Parser::parse_unary(bool with_filter) {
  const Position place = current().at;
  ExprPtr node;
  if (at(TokenKind::sub) || at(TokenKind::add)) {
    const Level level(*this);
    auto sign = std::make_unique<UnaryExpr>(ExprKind::sign, place);
    sign->minus = take().kind == TokenKind::sub;
    sign->operand = parse_unary(false);
    const Expr* operand = sign->operand.get();
    node = finish(std::move(sign), {operand});
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return with_filter ? parse_filters_and_tests(std::move(node))
                     : std::move(node);
}

ExprPtr Parser::parse_primary() {
  const Token& token = current();
  switch (token.kind) {
    case TokenKind::name:
      return parse_name();
    case TokenKind::string: {
      std::string words;
      while (at(TokenKind::string)) {
        words += take().text;
      }
      return std::make_unique<ConstantExpr>(
          token.at, std::make_shared<const String>(Text(std::move(words))));
    }
    case TokenKind::integer:
      take();
      return std::make_unique<ConstantExpr>(token.at, token.integer);
    case TokenKind::real:
      take();
      return std::make_unique<ConstantExpr>(token.at, token.real);
    case TokenKind::lparen: {
      take();
      ExprPtr inner = parse_tuple(true, {}, true);
      expect(TokenKind::rparen);
      return inner;
    }
    case TokenKind::lbracket:
      return parse_list();
    case TokenKind::lbrace:
      return parse_dict();
    default:
      template_.source.syntax_error(
          token.at, fmt::format("unexpected '{}'", describe(token)));
  }
}

ExprPtr Parser::parse_name() {
  const Token& token = take();
  const std::string& name = token.text;
  if (name == "true" || name == "True") {
    return std::make_unique<ConstantExpr>(token.at, true);
  }
  if (name == "false" || name == "False") {
    return std::make_unique<ConstantExpr>(token.at, false);
  }
  if (name == "none" || name == "None") {
    return std::make_unique<ConstantExpr>(token.at, Value());
  }
  return std::make_unique<NameExpr>(token.at, mention(name));
}

ExprPtr Parser::parse_list() {
  auto list = std::make_unique<RowExpr>(ExprKind::list, take().at);
  while (!at(TokenKind::rbracket)) {
    if (!list->items.empty()) {
      expect(TokenKind::comma);
      if (at(TokenKind::rbracket)) {
        break;
      }
    }
    list->items.push_back(parse_expression());
  }
  expect(TokenKind::rbracket);
  const auto& items = list->items;
  return finish_row(std::move(list), items);
}

ExprPtr Parser::parse_dict() {
  auto dict = std::make_unique<DictExpr>(take().at);
  while (!at(TokenKind::rbrace)) {
    if (!dict->items.empty()) {
      expect(TokenKind::comma);
      if (at(TokenKind::rbrace)) {
        break;
      }
    }
    ExprPtr key = parse_expression();
    expect(TokenKind::colon);
    ExprPtr value = parse_expression();
    deepen(*dict, std::max(key->depth, value->depth));
    dict->items.emplace_back(std::move(key), std::move(value));
  }
  expect(TokenKind::rbrace);
  return dict;
}

}  // namespace bantam::jinja
