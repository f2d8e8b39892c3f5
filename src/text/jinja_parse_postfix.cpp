// SPDX-License-Identifier: MIT
// What may follow an operand: .name, [key], [start:stop:step], (arguments),
// |filter and `is test`.
#include <algorithm>

#include "text/jinja_filters.h"
#include "text/jinja_parser.h"
#include "text/jinja_parser_level.h"

namespace bantam::jinja {

namespace {

constexpr size_t kMaxKeywords = 255;

}  // namespace

ExprPtr Parser::parse_postfix(ExprPtr expr) {
  while (true) {
    if (at(TokenKind::dot)) {
      expr = parse_attribute(std::move(expr));
    } else if (at(TokenKind::lbracket)) {
      expr = parse_subscript(std::move(expr));
    } else if (at(TokenKind::lparen)) {
      expr = parse_call(std::move(expr));
    } else {
      return expr;
    }
  }
}

ExprPtr Parser::parse_filters_and_tests(ExprPtr expr) {
  while (true) {
    if (skip(TokenKind::pipe)) {
      expr = parse_filter(std::move(expr));
    } else if (at_name("is")) {
      expr = parse_test(std::move(expr));
    } else if (at(TokenKind::lparen)) {
      expr = parse_call(std::move(expr));
    } else {
      return expr;
    }
  }
}

ExprPtr Parser::parse_attribute(ExprPtr object) {
  const Position place = take().at;
  const Expr* below = object.get();
  const Token& token = take();
  if (token.kind == TokenKind::name) {
    auto node = std::make_unique<AttributeExpr>(place);
    node->object = std::move(object);
    node->name = token.text;
    return finish(std::move(node), {below});
  }
  if (token.kind != TokenKind::integer) {
    template_.source.syntax_error(token.at, "expected name or number");
  }
  auto node = std::make_unique<ItemExpr>(place);
  node->object = std::move(object);
  node->key = std::make_unique<ConstantExpr>(token.at, token.integer);
  return finish(std::move(node), {below});
}

// Returns a plain key, or null after filling the parts of a slice.
ExprPtr Parser::parse_slice_or_key(
    ExprPtr& start,
    ExprPtr& stop,
    ExprPtr& step) {
  const auto at_part_end = [&] {
    return at(TokenKind::colon) || at(TokenKind::rbracket) ||
        at(TokenKind::comma);
  };
  if (!at(TokenKind::colon)) {
    ExprPtr key = parse_expression();
    if (!at(TokenKind::colon)) {
      return key;
    }
    start = std::move(key);
  }
  expect(TokenKind::colon);
  if (!at_part_end()) {
    stop = parse_expression();
  }
  if (skip(TokenKind::colon) && !at_part_end()) {
    step = parse_expression();
  }
  return nullptr;
}

ExprPtr Parser::parse_subscript(ExprPtr object) {
  const Position place = take().at;
  const Expr* below = object.get();
  ExprPtr start, stop, step;
  ExprPtr key = at(TokenKind::rbracket)
      ? std::make_unique<RowExpr>(ExprKind::tuple, place)
      : parse_slice_or_key(start, stop, step);
  if (!key) {
    if (at(TokenKind::comma)) {
      template_.source.fail(
          ErrorCode::unsupported, current().at, "a slice within a tuple key");
    }
    expect(TokenKind::rbracket);
    auto node = std::make_unique<SliceExpr>(place);
    node->object = std::move(object);
    node->start = std::move(start);
    node->stop = std::move(stop);
    node->step = std::move(step);
    const auto& parts = *node;
    return finish(
        std::move(node),
        {below, parts.start.get(), parts.stop.get(), parts.step.get()});
  }
  if (at(TokenKind::comma)) {
    auto row = std::make_unique<RowExpr>(ExprKind::tuple, key->at);
    row->items.push_back(std::move(key));
    while (skip(TokenKind::comma)) {
      row->items.push_back(parse_expression());
    }
    const auto& items = row->items;
    key = finish_row(std::move(row), items);
  }
  expect(TokenKind::rbracket);
  auto node = std::make_unique<ItemExpr>(place);
  node->object = std::move(object);
  node->key = std::move(key);
  const Expr* index = node->key.get();
  return finish(std::move(node), {below, index});
}

// *args, **kwargs and name=value; false for a plain argument.
bool Parser::parse_special_argument(CallArguments& arguments) {
  const Position place = current().at;
  const auto require = [&](bool valid) {
    if (!valid) {
      template_.source.syntax_error(
          place, "invalid syntax for function call expression");
    }
  };
  if (skip(TokenKind::mul)) {
    require(!arguments.more_positional && !arguments.more_keyword);
    arguments.more_positional = parse_expression();
    return true;
  }
  if (skip(TokenKind::pow)) {
    require(!arguments.more_keyword);
    arguments.more_keyword = parse_expression();
    return true;
  }
  if (at(TokenKind::name) && following().kind == TokenKind::assign) {
    require(!arguments.more_keyword);
    const std::string name = take().text;
    take();
    if (arguments.keyword.size() >= kMaxKeywords) {
      template_.source.fail(
          ErrorCode::unsupported,
          place,
          fmt::format("more than {} keyword arguments", kMaxKeywords));
    }
    for (const auto& known : arguments.keyword) {
      if (known.first == name) {
        template_.source.syntax_error(
            place, fmt::format("keyword argument repeated: {}", name));
      }
    }
    arguments.keyword.emplace_back(name, parse_expression());
    return true;
  }
  require(
      !arguments.more_positional && !arguments.more_keyword &&
      arguments.keyword.empty());
  return false;
}

CallArguments Parser::parse_arguments() {
  CallArguments arguments;
  expect(TokenKind::lparen);
  for (bool first = true; !at(TokenKind::rparen); first = false) {
    if (!first) {
      expect(TokenKind::comma);
      if (at(TokenKind::rparen)) {
        break;
      }
    }
    if (!parse_special_argument(arguments)) {
      arguments.positional.push_back(parse_expression());
    }
  }
  expect(TokenKind::rparen);
  return arguments;
}

int Parser::depth_of(const CallArguments& arguments) const {
  int deepest = 0;
  const auto consider = [&](const ExprPtr& expr) {
    deepest = std::max(deepest, expr ? expr->depth : 0);
  };
  for (const ExprPtr& argument : arguments.positional) {
    consider(argument);
  }
  for (const auto& [name, argument] : arguments.keyword) {
    consider(argument);
  }
  consider(arguments.more_positional);
  consider(arguments.more_keyword);
  return deepest;
}

ExprPtr Parser::parse_call(ExprPtr callee) {
  auto node = std::make_unique<CallExpr>(callee->at);
  deepen(*node, callee->depth);
  node->callee = std::move(callee);
  node->arguments = parse_arguments();
  deepen(*node, depth_of(node->arguments));
  return node;
}

std::string Parser::parse_dotted_name() {
  std::string name = expect(TokenKind::name).text;
  while (skip(TokenKind::dot)) {
    name += "." + expect(TokenKind::name).text;
  }
  return name;
}

// After the "|" (or at the start of a filter block, with no subject).
ExprPtr Parser::parse_filter(ExprPtr subject) {
  auto node = std::make_unique<FilterExpr>(ExprKind::filter, current().at);
  node->name = parse_dotted_name();
  node->function = resolve(true, node->name, node->at);
  if (at(TokenKind::lparen)) {
    node->arguments = parse_arguments();
  }
  deepen(*node, subject ? subject->depth : 0);
  deepen(*node, depth_of(node->arguments));
  node->subject = std::move(subject);
  return node;
}

ExprPtr Parser::parse_test(ExprPtr subject) {
  take();  // is
  const Position place = current().at;
  const bool negated = skip_name("not");
  auto node = std::make_unique<FilterExpr>(ExprKind::test, current().at);
  node->name = parse_dotted_name();
  node->function = resolve(false, node->name, node->at);
  const bool argument_follows = at(TokenKind::name) || at(TokenKind::string) ||
      at(TokenKind::integer) || at(TokenKind::real) ||
      at(TokenKind::lbracket) || at(TokenKind::lbrace);
  if (at(TokenKind::lparen)) {
    node->arguments = parse_arguments();
  } else if (
      argument_follows && !at_name("else") && !at_name("or") &&
      !at_name("and")) {
    if (at_name("is")) {
      template_.source.syntax_error(
          current().at, "you cannot chain multiple tests with is");
    }
    node->arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  deepen(*node, subject->depth);
  deepen(*node, depth_of(node->arguments));
  node->subject = std::move(subject);
  if (!negated) {
    return node;
  }
  auto negation = std::make_unique<UnaryExpr>(ExprKind::negation, place);
  const Expr* operand = node.get();
  negation->operand = std::move(node);
  return finish(std::move(negation), {operand});
}

}  // namespace bantam::jinja
