// SPDX-License-Identifier: MIT
// Expressions -> values.
#include "text/jinja_filters.h"
#include "text/jinja_interpreter.h"
#include "text/jinja_json.h"
#include "text/jinja_methods.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"

namespace bantam::jinja {

Value Interpreter::evaluate(const Expr& expr, Scope& scope) {
  meter.work();
  check_stack();
  position_ = expr.at;
  switch (expr.kind) {
    case ExprKind::constant:
      return static_cast<const ConstantExpr&>(expr).value;
    case ExprKind::name:
      return evaluate_name(static_cast<const NameExpr&>(expr), scope);
    case ExprKind::list:
      return list(evaluate_row(static_cast<const RowExpr&>(expr), scope));
    case ExprKind::tuple:
      return tuple(evaluate_row(static_cast<const RowExpr&>(expr), scope));
    case ExprKind::dict:
      return evaluate_dict(static_cast<const DictExpr&>(expr), scope);
    case ExprKind::attribute: {
      const auto& node = static_cast<const AttributeExpr&>(expr);
      const Value object = evaluate(*node.object, scope);
      position_ = expr.at;
      return get_attribute(*this, object, node.name);
    }
    case ExprKind::item: {
      const auto& node = static_cast<const ItemExpr&>(expr);
      const Value object = evaluate(*node.object, scope);
      const Value key = evaluate(*node.key, scope);
      position_ = expr.at;
      return get_item(*this, object, key);
    }
    case ExprKind::slice:
      return evaluate_slice(static_cast<const SliceExpr&>(expr), scope);
    case ExprKind::call:
      return evaluate_call(static_cast<const CallExpr&>(expr), {}, scope);
    case ExprKind::filter:
    case ExprKind::test:
      return evaluate_filter(static_cast<const FilterExpr&>(expr), scope);
    case ExprKind::arithmetic:
      return evaluate_arithmetic(
          static_cast<const ArithmeticExpr&>(expr), scope);
    case ExprKind::concat:
      return evaluate_concat(static_cast<const ConcatExpr&>(expr), scope);
    case ExprKind::logic:
      return evaluate_logic(static_cast<const LogicExpr&>(expr), scope);
    case ExprKind::negation: {
      const auto& node = static_cast<const UnaryExpr&>(expr);
      return !truth(*this, evaluate(*node.operand, scope));
    }
    case ExprKind::sign: {
      const auto& node = static_cast<const UnaryExpr&>(expr);
      const Value operand = evaluate(*node.operand, scope);
      position_ = expr.at;
      return node.minus ? negate(operand) : positive(operand);
    }
    case ExprKind::comparison:
      return evaluate_comparison(
          static_cast<const ComparisonExpr&>(expr), scope);
    case ExprKind::conditional:
      return evaluate_conditional(
          static_cast<const ConditionalExpr&>(expr), scope);
  }
  return {};
}

const Value* Interpreter::find_variable(Symbol symbol, Scope& scope) {
  for (const Scope* at = &scope; at; at = at->parent()) {
    meter.work(at->cost());
    if (const Value* value = at->find_here(symbol)) {
      return value;
    }
  }
  if (!looked_up_[symbol]) {
    looked_up_[symbol] = true;
    context_[symbol] = make_context_value(template_.symbols.name(symbol));
  }
  return context_[symbol] ? &*context_[symbol] : nullptr;
}

std::optional<Value> Interpreter::make_context_value(const std::string& name) {
  const auto found = variables_.find(name);
  const bool is_clock =
      name == "strftime_now" && found != variables_.end() && found->is_string();
  if (found != variables_.end() && !is_clock) {
    const bool is_input =
        name == "messages" || name == "tools" || name == "documents";
    return from_json(*this, *found, is_input);
  }
  if (const Function function = find_global(name)) {
    return global_value(*this, name, function);
  }
  // What transformers always passes.
  if (name == "tools" || name == "documents") {
    return Value();
  }
  return name == "add_generation_prompt" ? std::optional<Value>(false)
                                         : std::nullopt;
}

Value Interpreter::evaluate_name(const NameExpr& expr, Scope& scope) {
  const Value* value = find_variable(expr.symbol, scope);
  return value ? *value : undefined_name(template_.symbols.name(expr.symbol));
}

Values Interpreter::evaluate_row(const RowExpr& expr, Scope& scope) {
  Values items;
  items.reserve(expr.items.size());
  for (const ExprPtr& item : expr.items) {
    items.push_back(evaluate(*item, scope));
  }
  return items;
}

Value Interpreter::evaluate_dict(const DictExpr& expr, Scope& scope) {
  std::vector<std::pair<Value, Value>> entries;
  entries.reserve(expr.items.size());
  for (const auto& [key, value] : expr.items) {
    Value its_key = evaluate(*key, scope);
    entries.emplace_back(std::move(its_key), evaluate(*value, scope));
  }
  position_ = expr.at;
  return dict(std::move(entries));
}

Value Interpreter::evaluate_slice(const SliceExpr& expr, Scope& scope) {
  const auto part = [&](const ExprPtr& bound) {
    return bound ? evaluate(*bound, scope) : Value();
  };
  const Value object = evaluate(*expr.object, scope);
  const Value start = part(expr.start);
  const Value stop = part(expr.stop);
  const Value step = part(expr.step);
  position_ = expr.at;
  return get_slice(*this, object, start, stop, step);
}

void Interpreter::fill(
    const CallArguments& from,
    Arguments& into,
    Scope& scope) {
  for (const ExprPtr& argument : from.positional) {
    into.positional.push_back(evaluate(*argument, scope));
  }
  for (const auto& [name, argument] : from.keyword) {
    into.keyword.emplace_back(name, evaluate(*argument, scope));
  }
  if (from.more_positional) {
    for (Value& item :
         items_of(*this, evaluate(*from.more_positional, scope))) {
      into.positional.push_back(std::move(item));
    }
  }
  if (from.more_keyword) {
    const Value more = evaluate(*from.more_keyword, scope);
    if (!more.is_dict()) {
      raise("argument after ** must be a mapping, not {}", type_name(more));
    }
    for (const auto& [key, value] : more.dict().items) {
      if (!key.is_string()) {
        raise("keywords must be strings");
      }
      into.keyword.emplace_back(key.text().bytes, value);
    }
  }
}

Value Interpreter::call(const Value& callee, Arguments& arguments) {
  if (callee.is_undefined()) {
    raise("{}", callee.undefined().message());
  }
  if (!callee.is_object()) {
    raise("'{}' object is not callable", type_name(callee));
  }
  return callee.object()->call(*this, arguments);
}

// A method is called without making a bound method first.
Value Interpreter::call_method(
    const AttributeExpr& callee,
    const CallExpr& expr,
    Arguments& arguments,
    Scope& scope) {
  const Value object = evaluate(*callee.object, scope);
  position_ = callee.at;
  Function method = nullptr;
  Value attribute;
  if (object.is_object()) {
    method = object.object()->method(callee.name);
  } else if (!object.is_undefined()) {
    const MethodLookup found = find_method(object, callee.name);
    method = found.access == Access::method ? found.function : nullptr;
  }
  if (!method) {
    attribute = get_attribute(*this, object, callee.name);
    if (attribute.is_undefined()) {
      raise(
          "{}{}",
          attribute.undefined().message(),
          suggest_method(object, callee.name));
    }
  }
  fill(expr.arguments, arguments, scope);
  position_ = callee.at;
  return method ? method(*this, object, arguments) : call(attribute, arguments);
}

Value Interpreter::evaluate_call(
    const CallExpr& expr,
    Arguments arguments,
    Scope& scope) {
  if (expr.callee->kind == ExprKind::attribute) {
    const auto& callee = static_cast<const AttributeExpr&>(*expr.callee);
    return call_method(callee, expr, arguments, scope);
  }
  const Value callee = evaluate(*expr.callee, scope);
  fill(expr.arguments, arguments, scope);
  position_ = expr.at;
  return call(callee, arguments);
}

Value Interpreter::evaluate_filter(const FilterExpr& expr, Scope& scope) {
  const Value subject = evaluate(*expr.subject, scope);
  return apply_filter(expr, subject, scope);
}

Value Interpreter::apply_filter(
    const FilterExpr& expr,
    const Value& subject,
    Scope& scope) {
  Arguments arguments;
  fill(expr.arguments, arguments, scope);
  position_ = expr.at;
  if (!expr.function) {
    raise_unsupported(
        "{}", describe_unknown(expr.kind == ExprKind::filter, expr.name));
  }
  return expr.function(*this, subject, arguments);
}

Value Interpreter::evaluate_arithmetic(
    const ArithmeticExpr& expr,
    Scope& scope) {
  Value result = evaluate(*expr.first, scope);
  for (const auto& [operation, operand] : expr.rest) {
    const Value right = evaluate(*operand, scope);
    position_ = expr.at;
    result = calculate(*this, result, operation, right);
  }
  return result;
}

Value Interpreter::evaluate_concat(const ConcatExpr& expr, Scope& scope) {
  Text joined;
  for (const ExprPtr& item : expr.items) {
    const Value value = evaluate(*item, scope);
    const TextView text(*this, value);
    meter.expect(joined.size() + text->size());
    joined.append(*text);
  }
  position_ = expr.at;
  return string(std::move(joined));
}

Value Interpreter::evaluate_logic(const LogicExpr& expr, Scope& scope) {
  Value value;
  for (const ExprPtr& item : expr.items) {
    value = evaluate(*item, scope);
    if (truth(*this, value) == expr.is_or) {
      break;
    }
  }
  return value;
}

bool Interpreter::compare(
    Comparison comparison,
    const Value& left,
    const Value& right) {
  switch (comparison) {
    case Comparison::equal:
      return same(*this, left, right);
    case Comparison::unequal:
      return !same(*this, left, right);
    case Comparison::less:
      return ordered(*this, left, Order::less, right);
    case Comparison::less_equal:
      return ordered(*this, left, Order::less_equal, right);
    case Comparison::greater:
      return ordered(*this, left, Order::greater, right);
    case Comparison::greater_equal:
      return ordered(*this, left, Order::greater_equal, right);
    case Comparison::in:
      return contains(*this, right, left);
    case Comparison::not_in:
      return !contains(*this, right, left);
  }
  return false;
}

Value Interpreter::evaluate_comparison(
    const ComparisonExpr& expr,
    Scope& scope) {
  Value left = evaluate(*expr.first, scope);
  for (const auto& [comparison, operand] : expr.rest) {
    Value right = evaluate(*operand, scope);
    position_ = expr.at;
    if (!compare(comparison, left, right)) {
      return false;
    }
    left = std::move(right);
  }
  return true;
}

Value Interpreter::evaluate_conditional(
    const ConditionalExpr& expr,
    Scope& scope) {
  if (truth(*this, evaluate(*expr.test, scope))) {
    return evaluate(*expr.yes, scope);
  }
  if (expr.no) {
    return evaluate(*expr.no, scope);
  }
  return undefined_hint(
      "the inline if-expression evaluated to false and no else section was "
      "defined");
}

}  // namespace bantam::jinja
