// SPDX-License-Identifier: MIT
// The tree of a parsed template. Immutable after parsing and shared by
// concurrent renders; its height is bounded (kMaxTreeDepth), so that walking
// and destroying it recursively is safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "text/jinja_operators.h"
#include "text/jinja_runtime.h"
#include "text/jinja_source.h"
#include "text/jinja_value.h"

namespace bantam::jinja {

/// Levels of expressions and of statements. Real templates stay below 30.
inline constexpr int kMaxTreeDepth = 200;

/// A variable's name, numbered.
using Symbol = uint32_t;

class SymbolTable {
 public:
  Symbol intern(std::string_view name);
  const std::string& name(Symbol symbol) const { return names_[symbol]; }
  size_t size() const { return names_.size(); }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, Symbol> symbols_;
};

enum class ExprKind : uint8_t {
  constant,
  name,
  list,
  tuple,
  dict,
  attribute,
  item,
  slice,
  call,
  filter,
  test,
  arithmetic,
  concat,
  logic,
  negation,
  sign,
  comparison,
  conditional,
};

struct Expr {
  ExprKind kind;
  Position at;
  int depth = 1;

  Expr(ExprKind its_kind, Position its_place) : kind(its_kind), at(its_place) {}
  virtual ~Expr() = default;
};
using ExprPtr = std::unique_ptr<Expr>;

struct CallArguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> keyword;
  ExprPtr more_positional;  // *expr
  ExprPtr more_keyword;     // **expr
};

struct ConstantExpr : Expr {
  Value value;
  ConstantExpr(Position place, Value its_value)
      : Expr(ExprKind::constant, place), value(std::move(its_value)) {}
};

struct NameExpr : Expr {
  Symbol symbol;
  NameExpr(Position place, Symbol its_symbol)
      : Expr(ExprKind::name, place), symbol(its_symbol) {}
};

/// [a, b] and (a, b).
struct RowExpr : Expr {
  std::vector<ExprPtr> items;
  using Expr::Expr;
};

struct DictExpr : Expr {
  std::vector<std::pair<ExprPtr, ExprPtr>> items;
  explicit DictExpr(Position place) : Expr(ExprKind::dict, place) {}
};

struct AttributeExpr : Expr {
  ExprPtr object;
  std::string name;
  explicit AttributeExpr(Position place) : Expr(ExprKind::attribute, place) {}
};

struct ItemExpr : Expr {
  ExprPtr object;
  ExprPtr key;
  explicit ItemExpr(Position place) : Expr(ExprKind::item, place) {}
};

/// object[start:stop:step]; absent parts are null.
struct SliceExpr : Expr {
  ExprPtr object;
  ExprPtr start, stop, step;
  explicit SliceExpr(Position place) : Expr(ExprKind::slice, place) {}
};

struct CallExpr : Expr {
  ExprPtr callee;
  CallArguments arguments;
  explicit CallExpr(Position place) : Expr(ExprKind::call, place) {}
};

/// A filter or a test. `function` is null when there is none of that name:
/// an error only if it is reached (it stands in a branch).
struct FilterExpr : Expr {
  ExprPtr subject;  // null in a filter block: the block's text
  std::string name;
  Function function = nullptr;
  CallArguments arguments;
  using Expr::Expr;
};

/// first op operand op operand ..., left to right.
struct ArithmeticExpr : Expr {
  ExprPtr first;
  std::vector<std::pair<Arithmetic, ExprPtr>> rest;
  explicit ArithmeticExpr(Position place) : Expr(ExprKind::arithmetic, place) {}
};

/// a ~ b ~ c.
struct ConcatExpr : Expr {
  std::vector<ExprPtr> items;
  explicit ConcatExpr(Position place) : Expr(ExprKind::concat, place) {}
};

/// a or b or c; a and b and c.
struct LogicExpr : Expr {
  bool is_or = false;
  std::vector<ExprPtr> items;
  explicit LogicExpr(Position place) : Expr(ExprKind::logic, place) {}
};

/// not a; -a and +a.
struct UnaryExpr : Expr {
  bool minus = false;
  ExprPtr operand;
  using Expr::Expr;
};

enum class Comparison : uint8_t {
  equal,
  unequal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in,
};

/// a < b <= c ...
struct ComparisonExpr : Expr {
  ExprPtr first;
  std::vector<std::pair<Comparison, ExprPtr>> rest;
  explicit ComparisonExpr(Position place) : Expr(ExprKind::comparison, place) {}
};

/// yes if test else no; `no` may be null.
struct ConditionalExpr : Expr {
  ExprPtr test, yes, no;
  explicit ConditionalExpr(Position place)
      : Expr(ExprKind::conditional, place) {}
};

/// Where a value is stored: a name, an attribute of a namespace, or a tuple.
struct Target {
  enum class Kind : uint8_t { name, attribute, tuple };
  Kind kind = Kind::name;
  Position at = 0;
  Symbol symbol = 0;      // the name, or the namespace's
  std::string attribute;  // of a namespace
  std::vector<Target> items;
};

enum class StatementKind : uint8_t {
  text,
  output,
  branch,
  loop,
  set,
  set_block,
  macro,
  call_block,
  filter_block,
  with,
  scope,
  block,
  break_loop,
  continue_loop,
};

struct Statement {
  StatementKind kind;
  Position at;
  Statement(StatementKind its_kind, Position its_place)
      : kind(its_kind), at(its_place) {}
  virtual ~Statement() = default;
};
using StatementPtr = std::unique_ptr<Statement>;
using Body = std::vector<StatementPtr>;
/// Names that a frame owns from its start, without a value (jinja_names.h).
using UnsetNames = std::vector<Symbol>;

struct TextStatement : Statement {
  std::string words;
  explicit TextStatement(Position place)
      : Statement(StatementKind::text, place) {}
};

/// {{ a }} and {% print a, b %}.
struct OutputStatement : Statement {
  std::vector<ExprPtr> items;
  explicit OutputStatement(Position place)
      : Statement(StatementKind::output, place) {}
};

struct BranchStatement : Statement {
  struct Arm {
    ExprPtr test;  // null: else
    Body body;
  };
  std::vector<Arm> arms;
  explicit BranchStatement(Position place)
      : Statement(StatementKind::branch, place) {}
};

struct LoopStatement : Statement {
  Target target;
  ExprPtr iterable;
  ExprPtr test;  // may be null
  Body body;
  UnsetNames unset;
  Body otherwise;
  UnsetNames otherwise_unset;
  bool recursive = false;
  bool uses_loop = false;  // the body says `loop`
  explicit LoopStatement(Position place)
      : Statement(StatementKind::loop, place) {}
};

struct SetStatement : Statement {
  Target target;
  ExprPtr value;
  explicit SetStatement(Position place)
      : Statement(StatementKind::set, place) {}
};

struct SetBlockStatement : Statement {
  Target target;
  ExprPtr filter;  // a chain of FilterExpr, may be null
  Body body;
  UnsetNames unset;
  explicit SetBlockStatement(Position place)
      : Statement(StatementKind::set_block, place) {}
};

struct Parameter {
  Symbol symbol;
  ExprPtr otherwise;  // default value; null: none
};

/// What macros and call blocks share.
struct Signature {
  std::string name;
  std::vector<Parameter> parameters;
  bool takes_caller = false;
  bool takes_keywords = false;
  bool takes_positionals = false;
  Body body;
  UnsetNames unset;
};

struct MacroStatement : Statement {
  Symbol symbol = 0;
  Signature signature;
  explicit MacroStatement(Position place)
      : Statement(StatementKind::macro, place) {}
};

struct CallBlockStatement : Statement {
  ExprPtr call;  // a CallExpr
  Signature caller;
  explicit CallBlockStatement(Position place)
      : Statement(StatementKind::call_block, place) {}
};

struct FilterBlockStatement : Statement {
  ExprPtr filter;
  Body body;
  UnsetNames unset;
  explicit FilterBlockStatement(Position place)
      : Statement(StatementKind::filter_block, place) {}
};

struct WithStatement : Statement {
  std::vector<std::pair<Target, ExprPtr>> variables;
  Body body;
  UnsetNames unset;
  explicit WithStatement(Position place)
      : Statement(StatementKind::with, place) {}
};

/// {% generation %}, {% autoescape false %}; {% block %} when it sees only
/// the outermost variables.
struct ScopeStatement : Statement {
  Body body;
  UnsetNames unset;
  using Statement::Statement;
};

/// The names that the interpreter itself needs.
struct KnownSymbols {
  Symbol loop, caller, kwargs, varargs;
};

struct Template {
  Source source;
  SymbolTable symbols;
  KnownSymbols known;
  Body body;
  UnsetNames unset;
  /// Names that some expression reads.
  std::unordered_set<std::string> reads;

  Template(std::string_view text, const std::string& name)
      : source(text, name) {}
};

}  // namespace bantam::jinja
