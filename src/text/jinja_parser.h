// SPDX-License-Identifier: MIT
// Tokens -> tree, with jinja2's grammar and precedence (jinja2/parser.py).
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja_ast.h"
#include "text/jinja_lexer.h"

namespace bantam::jinja {

/// Throws invalid_file for a syntax error and unsupported for a construct
/// that jinja2 has and bantam has not, both with the place.
std::unique_ptr<const Template> parse_template(
    std::string_view text,
    const std::string& name);

/// One parse; used by parse_template only.
class Parser {
 public:
  explicit Parser(Template& target);
  void run();

 private:
  // --- statements (jinja_parser.cpp)
  using EndTags = std::initializer_list<std::string_view>;
  Body parse_body(EndTags ends);
  Body parse_block_body(EndTags ends);
  std::string take_end_tag();
  StatementPtr parse_statement();
  StatementPtr parse_for();
  StatementPtr parse_if();
  StatementPtr parse_set();
  StatementPtr parse_macro();
  StatementPtr parse_call_block();
  StatementPtr parse_filter_block();
  StatementPtr parse_with();
  StatementPtr parse_print();
  StatementPtr parse_scope(std::string_view end_tag, StatementKind kind);
  StatementPtr parse_autoescape();
  StatementPtr parse_block();
  StatementPtr parse_loop_control();
  void parse_parameters(Signature& signature);
  void parse_signature_body(Signature& signature, std::string_view end_tag);
  Target parse_target(bool with_namespace, std::string_view end_name = {});
  Target parse_single_target(bool with_namespace);
  [[noreturn]] void fail_tag(const Token& tag);

  // --- expressions (jinja_parse_expression.cpp)
  ExprPtr parse_expression();
  ExprPtr parse_tuple(
      bool with_conditional,
      std::string_view end_name = {},
      bool parenthesized = false);
  ExprPtr parse_conditional();
  ExprPtr parse_or();
  ExprPtr parse_and();
  ExprPtr parse_logic(bool is_or);
  ExprPtr parse_not();
  ExprPtr parse_comparison();
  ExprPtr parse_sum();
  ExprPtr parse_concat();
  ExprPtr parse_product();
  ExprPtr parse_power();
  ExprPtr parse_arithmetic(
      ExprPtr (Parser::*operand)(),
      bool (*operation_of)(TokenKind, Arithmetic&));
  ExprPtr parse_unary() { return parse_unary(true); }
  ExprPtr parse_unary(bool with_filter);
  ExprPtr parse_primary();
  ExprPtr parse_name();
  ExprPtr parse_list();
  ExprPtr parse_dict();
  ExprPtr parse_postfix(ExprPtr expr);
  ExprPtr parse_filters_and_tests(ExprPtr expr);
  ExprPtr parse_attribute(ExprPtr object);
  ExprPtr parse_subscript(ExprPtr object);
  ExprPtr parse_slice_or_key(ExprPtr& start, ExprPtr& stop, ExprPtr& step);
  ExprPtr parse_call(ExprPtr callee);
  ExprPtr parse_filter(ExprPtr subject);
  ExprPtr parse_test(ExprPtr subject);
  CallArguments parse_arguments();
  bool parse_special_argument(CallArguments& arguments);
  std::string parse_dotted_name();
  bool at_tuple_end(std::string_view end_name) const;

  // --- tokens
  const Token& current() const { return tokens_[at_]; }
  const Token& following() const {
    return tokens_[std::min(at_ + 1, tokens_.size() - 1)];
  }
  bool at(TokenKind kind) const { return current().kind == kind; }
  bool at_name(std::string_view name) const {
    return at(TokenKind::name) && current().text == name;
  }
  const Token& take();
  bool skip(TokenKind kind);
  bool skip_name(std::string_view name);
  const Token& expect(TokenKind kind);
  void expect_name(std::string_view name);

  // --- bounds and bookkeeping
  class Level;
  /// Sets the tree depth of `expr` from its children; refuses a deep tree.
  ExprPtr finish(ExprPtr expr, std::initializer_list<const Expr*> children);
  template <typename Node>
  ExprPtr finish_row(
      std::unique_ptr<Node> expr,
      const std::vector<ExprPtr>& children);
  int depth_of(const CallArguments& arguments) const;
  void deepen(Expr& expr, int below) const;
  Symbol mention(std::string_view name);
  int64_t mentions(Symbol symbol) const;
  Function resolve(bool filter, const std::string& name, Position place);
  void soften_unknown_since(size_t first);
  void harden_unknown_since(size_t first);

  // A filter or test that does not exist: an error now, unless it stands in
  // a branch (jinja2 raises only when it is reached there).
  struct Unknown {
    Position at;
    std::string message;
    bool soft = false;
    bool settled = false;
  };

  Template& template_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int level_ = 0;
  int loops_ = 0;  // around the current statement, for break and continue
  std::vector<int64_t> mention_counts_;  // by Symbol
  std::vector<Unknown> unknown_;
};

}  // namespace bantam::jinja
