// SPDX-License-Identifier: MIT
// Statements: what a template writes, and the variables it sets.
#include "text/jinja_filters.h"
#include "text/jinja_frame.h"
#include "text/jinja_interpreter.h"
#include "text/jinja_macro.h"
#include "text/jinja_namespace.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"

namespace bantam::jinja {

void Scope::set(Symbol symbol, Value value) {
  for (auto& [known, held] : variables_) {
    if (known == symbol) {
      held = std::move(value);
      return;
    }
  }
  variables_.emplace_back(symbol, std::move(value));
}

const Value* Scope::find_here(Symbol symbol) const {
  for (const auto& [known, held] : variables_) {
    if (known == symbol) {
      return &held;
    }
  }
  return nullptr;
}

void Scope::reset(Scope* parent) {
  parent_ = parent;
  captured_ = false;
  variables_.clear();
}

Interpreter::Flow Interpreter::run(const Body& body, Scope& scope, Text& out) {
  for (const StatementPtr& statement : body) {
    const Flow flow = run(*statement, scope, out);
    if (flow != Flow::next) {
      return flow;
    }
  }
  return Flow::next;
}

Interpreter::Flow Interpreter::run(
    const Statement& statement,
    Scope& scope,
    Text& out) {
  meter.work();
  check_stack();
  position_ = statement.at;
  switch (statement.kind) {
    case StatementKind::text:
      append_words(static_cast<const TextStatement&>(statement).words, out);
      return Flow::next;
    case StatementKind::output:
      run_output(static_cast<const OutputStatement&>(statement), scope, out);
      return Flow::next;
    case StatementKind::branch:
      return run_branch(
          static_cast<const BranchStatement&>(statement), scope, out);
    case StatementKind::loop:
      return run_loop(static_cast<const LoopStatement&>(statement), scope, out);
    case StatementKind::set:
      run_set(static_cast<const SetStatement&>(statement), scope);
      return Flow::next;
    case StatementKind::set_block:
      return run_set_block(
          static_cast<const SetBlockStatement&>(statement), scope);
    case StatementKind::macro:
      run_macro(static_cast<const MacroStatement&>(statement), scope);
      return Flow::next;
    case StatementKind::call_block:
      run_call_block(
          static_cast<const CallBlockStatement&>(statement), scope, out);
      return Flow::next;
    case StatementKind::filter_block:
      return run_filter_block(
          static_cast<const FilterBlockStatement&>(statement), scope, out);
    case StatementKind::with:
      return run_with(static_cast<const WithStatement&>(statement), scope, out);
    case StatementKind::scope:
    case StatementKind::block:
      return run_scope(
          static_cast<const ScopeStatement&>(statement), scope, out);
    case StatementKind::break_loop:
      return Flow::break_loop;
    case StatementKind::continue_loop:
      return Flow::continue_loop;
  }
  return Flow::next;
}

void Interpreter::append_words(const std::string& words, Text& out) {
  meter.take(words.size());
  meter.work_on_bytes(words.size());
  out.append(words);
}

void Interpreter::append(const Value& value, Text& out) {
  const TextView text(*this, value);
  meter.take(text->size());
  meter.work_on_bytes(text->size());
  out.append(*text);
}

Value Interpreter::take_buffer(Text buffer) {
  meter.give_back(buffer.size());
  return string(std::move(buffer));
}

void Interpreter::run_output(
    const OutputStatement& output,
    Scope& scope,
    Text& out) {
  for (const ExprPtr& item : output.items) {
    const Value value = evaluate(*item, scope);
    position_ = item->at;
    append(value, out);
  }
}

Interpreter::Flow Interpreter::run_branch(
    const BranchStatement& branch,
    Scope& scope,
    Text& out) {
  for (const BranchStatement::Arm& arm : branch.arms) {
    if (!arm.test || truth(*this, evaluate(*arm.test, scope))) {
      return run(arm.body, scope, out);
    }
  }
  return Flow::next;
}

void Interpreter::run_set(const SetStatement& set, Scope& scope) {
  const Value value = evaluate(*set.value, scope);
  assign(set.target, value, scope);
}

Interpreter::Flow Interpreter::run_set_block(
    const SetBlockStatement& block,
    Scope& scope) {
  Text buffer;
  Frame frame(*this, scope, block.unset);
  const Flow flow = run(block.body, frame.scope(), buffer);
  if (flow != Flow::next) {
    return flow;
  }
  Value value = take_buffer(std::move(buffer));
  // Filters stand innermost first behind a null subject.
  std::vector<const FilterExpr*> filters;
  for (const Expr* at = block.filter.get(); at;) {
    filters.push_back(static_cast<const FilterExpr*>(at));
    at = filters.back()->subject.get();
  }
  for (auto filter = filters.rbegin(); filter != filters.rend(); ++filter) {
    value = apply_filter(**filter, value, frame.scope());
  }
  assign(block.target, value, scope);
  return Flow::next;
}

Interpreter::Flow Interpreter::run_filter_block(
    const FilterBlockStatement& block,
    Scope& scope,
    Text& out) {
  Text buffer;
  Frame frame(*this, scope, block.unset);
  const Flow flow = run(block.body, frame.scope(), buffer);
  Value value = take_buffer(std::move(buffer));
  std::vector<const FilterExpr*> filters;
  for (const Expr* at = block.filter.get(); at;) {
    filters.push_back(static_cast<const FilterExpr*>(at));
    at = filters.back()->subject.get();
  }
  for (auto filter = filters.rbegin(); filter != filters.rend(); ++filter) {
    value = apply_filter(**filter, value, frame.scope());
  }
  append(value, out);
  return flow;
}

Interpreter::Flow Interpreter::run_with(
    const WithStatement& with,
    Scope& scope,
    Text& out) {
  Frame frame(*this, scope, with.unset);
  for (const auto& [target, expr] : with.variables) {
    // Every value sees the variables outside.
    const Value value = evaluate(*expr, scope);
    assign(target, value, frame.scope());
  }
  return run(with.body, frame.scope(), out);
}

Interpreter::Flow Interpreter::run_scope(
    const ScopeStatement& statement,
    Scope& scope,
    Text& out) {
  const bool outermost = statement.kind == StatementKind::block;
  Frame frame(*this, outermost ? root_ : scope, statement.unset);
  return run(statement.body, frame.scope(), out);
}

void Interpreter::capture(Scope& scope) {
  constexpr size_t kScopeBytes = 256;
  meter.take(kScopeBytes);
  scope.capture();
}

void Interpreter::run_macro(const MacroStatement& macro, Scope& scope) {
  capture(scope);
  Object* value = make<Macro>(*this, macro.signature, scope);
  scope.set(macro.symbol, value);
}

void Interpreter::run_call_block(
    const CallBlockStatement& block,
    Scope& scope,
    Text& out) {
  capture(scope);
  Object* caller = make<Macro>(*this, block.caller, scope);
  Arguments arguments;
  arguments.keyword.emplace_back("caller", caller);
  append(
      evaluate_call(
          static_cast<const CallExpr&>(*block.call),
          std::move(arguments),
          scope),
      out);
}

void Interpreter::assign(
    const Target& target,
    const Value& value,
    Scope& scope) {
  position_ = target.at;
  meter.work(scope.cost());
  switch (target.kind) {
    case Target::Kind::name:
      return scope.set(target.symbol, value);
    case Target::Kind::attribute:
      return assign_attribute(target, value, scope);
    case Target::Kind::tuple:
      return assign_tuple(target, value, scope);
  }
}

void Interpreter::assign_attribute(
    const Target& target,
    const Value& value,
    Scope& scope) {
  const Value* object = find_variable(target.symbol, scope);
  auto* space = object && object->is_object()
      ? dynamic_cast<Namespace*>(object->object())
      : nullptr;
  if (!space) {
    raise("cannot assign attribute on non-namespace object");
  }
  space->set(*this, target.attribute, value);
}

void Interpreter::assign_tuple(
    const Target& target,
    const Value& value,
    Scope& scope) {
  if (!is_iterable(value)) {
    raise("cannot unpack non-iterable {} object", type_name(value));
  }
  Cursor cursor(*this, value);
  Values items;
  for (Value item; items.size() <= target.items.size() && cursor.next(item);) {
    items.push_back(item);
  }
  if (items.size() > target.items.size()) {
    raise("too many values to unpack (expected {})", target.items.size());
  }
  if (items.size() < target.items.size()) {
    raise(
        "not enough values to unpack (expected {}, got {})",
        target.items.size(),
        items.size());
  }
  for (size_t i = 0; i < items.size(); ++i) {
    assign(target.items[i], items[i], scope);
  }
}

}  // namespace bantam::jinja
