// SPDX-License-Identifier: MIT
// Walks the tree of a template and writes its text. One Interpreter renders
// one template once, on one thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "text/jinja_ast.h"
#include "text/jinja_runtime.h"

namespace bantam::jinja {

/// The variables of one frame: the template, a loop's turn, a macro's call.
/// jinja2 resolves names when it compiles; looking through the frames when
/// the name is used finds the same variable.
class Scope {
 public:
  explicit Scope(Scope* parent) : parent_(parent) {}

  void set(Symbol symbol, Value value);
  const Value* find_here(Symbol symbol) const;
  Scope* parent() const { return parent_; }
  /// Empties it for another use.
  void reset(Scope* parent);
  /// Lets go of the variables, unless something still refers to them.
  void release() {
    if (!captured_) {
      variables_.clear();
    }
  }

  /// A macro refers to this frame: it must outlive the block that made it.
  void capture() {
    for (Scope* scope = this; scope && !scope->captured_;
         scope = scope->parent_) {
      scope->captured_ = true;
    }
  }
  bool is_captured() const { return captured_; }
  /// Steps that looking through it takes.
  int64_t cost() const { return static_cast<int64_t>(variables_.size() / 16); }

 private:
  Scope* parent_;
  bool captured_ = false;
  std::vector<std::pair<Symbol, Value>> variables_;
};

class Interpreter : public Runtime {
 public:
  Interpreter(
      const Template& source,
      const Json& variables,
      const TemplateLimits& limits);

  /// Throws bantam::Error with the place of what failed.
  Text render();

  /// Runs a macro's (or call block's) body with its arguments bound.
  Value call_signature(
      const Signature& signature,
      Scope& closure,
      Arguments& arguments);
  /// Renders `loop` over `iterable`, one level deeper (loop(...)).
  Value call_loop(const LoopStatement& loop, Scope& scope, Value, int depth);

 private:
  enum class Flow : uint8_t { next, break_loop, continue_loop };
  class Frame;
  friend class LoopSource;

  void unset(const UnsetNames& names, Scope& scope);

  // --- statements (jinja_statements.cpp)
  Flow run(const Body& body, Scope& scope, Text& out);
  Flow run(const Statement& statement, Scope& scope, Text& out);
  void run_output(const OutputStatement&, Scope& scope, Text& out);
  Flow run_branch(const BranchStatement&, Scope& scope, Text& out);
  Flow run_loop(const LoopStatement&, Scope& scope, Text& out);
  Flow loop_over(
      const LoopStatement& loop,
      Value iterable,
      Scope& scope,
      Text& out,
      int depth);
  void run_set(const SetStatement&, Scope& scope);
  Flow run_set_block(const SetBlockStatement&, Scope& scope);
  /// Keeps the frame until the end of the render.
  void capture(Scope& scope);
  void run_macro(const MacroStatement&, Scope& scope);
  void run_call_block(const CallBlockStatement&, Scope& scope, Text& out);
  Flow run_filter_block(const FilterBlockStatement&, Scope&, Text& out);
  Flow run_with(const WithStatement&, Scope& scope, Text& out);
  Flow run_scope(const ScopeStatement&, Scope& scope, Text& out);
  void append(const Value& value, Text& out);
  void append_words(const std::string& words, Text& out);
  /// The text written to a buffer of its own, as a value.
  Value take_buffer(Text buffer);
  void assign(const Target& target, const Value& value, Scope& scope);
  void assign_tuple(const Target& target, const Value& value, Scope& scope);
  void assign_attribute(const Target&, const Value& value, Scope& scope);
  void bind_parameters(
      const Signature& signature,
      Arguments& arguments,
      Scope& scope);

  // --- expressions (jinja_evaluate.cpp)
  Value evaluate(const Expr& expr, Scope& scope);
  Value evaluate_name(const NameExpr& expr, Scope& scope);
  Values evaluate_row(const RowExpr& expr, Scope& scope);
  Value evaluate_dict(const DictExpr& expr, Scope& scope);
  Value evaluate_slice(const SliceExpr& expr, Scope& scope);
  /// `arguments` may already hold some (the caller of a call block).
  Value evaluate_call(const CallExpr& expr, Arguments arguments, Scope&);
  Value call_method(
      const AttributeExpr& callee,
      const CallExpr& call,
      Arguments& arguments,
      Scope& scope);
  Value evaluate_filter(const FilterExpr& expr, Scope& scope);
  Value apply_filter(const FilterExpr& expr, const Value&, Scope& scope);
  Value evaluate_arithmetic(const ArithmeticExpr& expr, Scope& scope);
  Value evaluate_concat(const ConcatExpr& expr, Scope& scope);
  Value evaluate_logic(const LogicExpr& expr, Scope& scope);
  Value evaluate_comparison(const ComparisonExpr& expr, Scope& scope);
  Value evaluate_conditional(const ConditionalExpr& expr, Scope& scope);
  bool compare(Comparison, const Value& left, const Value& right);
  void fill(const CallArguments& from, Arguments& into, Scope& scope);
  Value call(const Value& callee, Arguments& arguments);
  const Value* find_variable(Symbol symbol, Scope& scope);
  std::optional<Value> make_context_value(const std::string& name);

  const Template& template_;
  const Json& variables_;
  Position position_ = 0;
  /// Variables and global functions by Symbol, made when first used.
  std::vector<std::optional<Value>> context_;
  std::vector<bool> looked_up_;
  Scope root_{nullptr};
  std::vector<std::unique_ptr<Scope>> spare_scopes_;
  std::vector<std::unique_ptr<Scope>> captured_scopes_;
  int calls_ = 0;  // macros within macros
};

}  // namespace bantam::jinja
