// SPDX-License-Identifier: MIT
// Statements that hold a frame of their own (macro, call, filter, with,
// block), and the targets that values are stored to.
#include <algorithm>
#include <array>
#include <utility>

#include "text/jinja_parser.h"
#include "text/jinja_parser_level.h"

namespace bantam::jinja {

void Parser::parse_parameters(Signature& signature) {
  expect(TokenKind::lparen);
  for (bool first = true; !at(TokenKind::rparen); first = false) {
    if (!first) {
      expect(TokenKind::comma);
    }
    const Token& token = expect(TokenKind::name);
    Parameter parameter{template_.symbols.intern(token.text), nullptr};
    if (skip(TokenKind::assign)) {
      parameter.otherwise = parse_expression();
    } else if (
        !signature.parameters.empty() &&
        signature.parameters.back().otherwise) {
      template_.source.syntax_error(
          token.at, "non-default argument follows default argument");
    }
    signature.parameters.push_back(std::move(parameter));
  }
  expect(TokenKind::rparen);
}

void Parser::parse_signature_body(
    Signature& signature,
    std::string_view end_tag) {
  const KnownSymbols& known = template_.known;
  const int64_t caller = mentions(known.caller);
  const int64_t keywords = mentions(known.kwargs);
  const int64_t positionals = mentions(known.varargs);
  const int outer_loops = std::exchange(loops_, 0);
  signature.body = parse_block_body({end_tag});
  take_end_tag();
  loops_ = outer_loops;
  const auto declared = [&](Symbol symbol) {
    return std::any_of(
        signature.parameters.begin(),
        signature.parameters.end(),
        [&](const Parameter& parameter) { return parameter.symbol == symbol; });
  };
  signature.takes_caller =
      mentions(known.caller) > caller && !declared(known.caller);
  signature.takes_keywords =
      mentions(known.kwargs) > keywords && !declared(known.kwargs);
  signature.takes_positionals =
      mentions(known.varargs) > positionals && !declared(known.varargs);
}

StatementPtr Parser::parse_macro() {
  auto macro = std::make_unique<MacroStatement>(take().at);
  macro->signature.name = expect(TokenKind::name).text;
  macro->symbol = template_.symbols.intern(macro->signature.name);
  parse_parameters(macro->signature);
  parse_signature_body(macro->signature, "endmacro");
  return macro;
}

StatementPtr Parser::parse_call_block() {
  auto block = std::make_unique<CallBlockStatement>(take().at);
  block->caller.name = "caller";
  if (at(TokenKind::lparen)) {
    parse_parameters(block->caller);
  }
  block->call = parse_expression();
  if (block->call->kind != ExprKind::call) {
    template_.source.syntax_error(block->at, "expected call");
  }
  parse_signature_body(block->caller, "endcall");
  return block;
}

StatementPtr Parser::parse_filter_block() {
  auto block = std::make_unique<FilterBlockStatement>(take().at);
  block->filter = parse_filter(nullptr);
  while (skip(TokenKind::pipe)) {
    block->filter = parse_filter(std::move(block->filter));
  }
  block->body = parse_block_body({"endfilter"});
  take_end_tag();
  return block;
}

StatementPtr Parser::parse_with() {
  auto with = std::make_unique<WithStatement>(take().at);
  while (!at(TokenKind::block_end) && !at(TokenKind::end)) {
    if (!with->variables.empty()) {
      expect(TokenKind::comma);
    }
    Target target = parse_target(false);
    expect(TokenKind::assign);
    with->variables.emplace_back(std::move(target), parse_expression());
  }
  with->body = parse_block_body({"endwith"});
  take_end_tag();
  return with;
}

StatementPtr Parser::parse_scope(std::string_view end_tag, StatementKind kind) {
  auto scope = std::make_unique<ScopeStatement>(kind, take().at);
  scope->body = parse_block_body({end_tag});
  take_end_tag();
  return scope;
}

StatementPtr Parser::parse_autoescape() {
  const Token& value = following();
  if (value.kind != TokenKind::name ||
      (value.text != "false" && value.text != "False")) {
    template_.source.fail(
        ErrorCode::unsupported, value.at, "autoescape other than false");
  }
  const Position place = take().at;
  take();
  auto scope = std::make_unique<ScopeStatement>(StatementKind::scope, place);
  scope->body = parse_block_body({"endautoescape"});
  take_end_tag();
  return scope;
}

StatementPtr Parser::parse_block() {
  const Position place = take().at;
  const std::string name = expect(TokenKind::name).text;
  const bool scoped = skip_name("scoped");
  auto scope = std::make_unique<ScopeStatement>(
      scoped ? StatementKind::scope : StatementKind::block, place);
  scope->body = parse_block_body({"endblock"});
  take_end_tag();
  skip_name(name);
  return scope;
}

Target Parser::parse_target(bool with_namespace, std::string_view end_name) {
  Target tuple;
  tuple.kind = Target::Kind::tuple;
  tuple.at = current().at;
  bool is_tuple = false;
  while (!at_tuple_end(end_name) && !at(TokenKind::assign)) {
    tuple.items.push_back(parse_single_target(with_namespace));
    if (!skip(TokenKind::comma)) {
      break;
    }
    is_tuple = true;
  }
  if (tuple.items.empty()) {
    template_.source.syntax_error(
        current().at,
        fmt::format("expected a name, got '{}'", describe(current())));
  }
  return is_tuple ? std::move(tuple) : Target(std::move(tuple.items[0]));
}

Target Parser::parse_single_target(bool with_namespace) {
  const Level level(*this);
  if (skip(TokenKind::lparen)) {
    Target inner = parse_target(with_namespace);
    expect(TokenKind::rparen);
    return inner;
  }
  const Token& token = expect(TokenKind::name);
  constexpr std::array<std::string_view, 6> kConstants = {
      "true", "false", "none", "True", "False", "None"};
  if (std::find(kConstants.begin(), kConstants.end(), token.text) !=
      kConstants.end()) {
    template_.source.syntax_error(
        token.at, fmt::format("can't assign to '{}'", token.text));
  }
  Target target;
  target.at = token.at;
  if (with_namespace && skip(TokenKind::dot)) {
    target.kind = Target::Kind::attribute;
    target.symbol = mention(token.text);
    target.attribute = expect(TokenKind::name).text;
  } else {
    target.symbol = template_.symbols.intern(token.text);
  }
  return target;
}

}  // namespace bantam::jinja
