// SPDX-License-Identifier: MIT
#include "text/jinja_names.h"

#include <map>
#include <set>

namespace bantam::jinja {

namespace {

// How a frame's variable begins.
enum class Load : uint8_t {
  parameter,
  outer,    // as the variable of a frame around, or of the caller
  missing,  // without a value
};

// What one frame itself reads and stores; frames within it do not count. The
// arm of a branch is an overlay on the names of its frame.
class Names {
 public:
  explicit Names(const Names* outer) : outer_(outer) {}
  static Names overlay(const Names& base) {
    Names arm(base.outer_);
    arm.base_ = &base;
    return arm;
  }

  void read(Symbol symbol) {
    if (!knows(symbol)) {
      loads_[symbol] = Load::outer;
    }
  }
  void store(Symbol symbol) {
    stores_.insert(symbol);
    if (!in_frame(symbol)) {
      const bool outside = outer_ && outer_->knows(symbol);
      loads_[symbol] = outside ? Load::outer : Load::missing;
    }
  }
  void parameter(Symbol symbol) {
    stores_.insert(symbol);
    loads_[symbol] = Load::parameter;
  }

  // Takes over what the arms of a branch did: a name that only some of them
  // store may still have its value from outside.
  void merge(const std::vector<Names>& arms) {
    std::set<Symbol> new_stores;
    for (const Names& arm : arms) {
      for (const Symbol symbol : arm.stores_) {
        if (!stores(symbol)) {
          new_stores.insert(symbol);
        }
      }
    }
    for (const Names& arm : arms) {
      for (const auto& [symbol, load] : arm.loads_) {
        loads_[symbol] = load;
      }
      stores_.insert(arm.stores_.begin(), arm.stores_.end());
    }
    for (const Symbol symbol : new_stores) {
      loads_[symbol] = Load::outer;
    }
  }

  std::vector<Symbol> unset() const {
    std::vector<Symbol> symbols;
    for (const auto& [symbol, load] : loads_) {
      if (load == Load::missing) {
        symbols.push_back(symbol);
      }
    }
    return symbols;
  }

 private:
  bool in_frame(Symbol symbol) const {
    return loads_.count(symbol) > 0 || (base_ && base_->in_frame(symbol));
  }
  bool stores(Symbol symbol) const {
    return stores_.count(symbol) > 0 || (base_ && base_->stores(symbol));
  }
  bool knows(Symbol symbol) const {
    return in_frame(symbol) || (outer_ && outer_->knows(symbol));
  }

  const Names* outer_;
  const Names* base_ = nullptr;
  std::map<Symbol, Load> loads_;
  std::set<Symbol> stores_;
};

void read(const Expr* expr, Names& names);

void read(const CallArguments& arguments, Names& names) {
  for (const ExprPtr& argument : arguments.positional) {
    read(argument.get(), names);
  }
  for (const auto& [name, argument] : arguments.keyword) {
    read(argument.get(), names);
  }
  read(arguments.more_positional.get(), names);
  read(arguments.more_keyword.get(), names);
}

void read(const std::vector<ExprPtr>& items, Names& names) {
  for (const ExprPtr& item : items) {
    read(item.get(), names);
  }
}

template <typename Operation>
void read(
    const std::vector<std::pair<Operation, ExprPtr>>& rest,
    Names& names) {
  for (const auto& [operation, operand] : rest) {
    read(operand.get(), names);
  }
}

// Operators with operands in a row.
void read_chain(const Expr& expr, Names& names) {
  switch (expr.kind) {
    case ExprKind::list:
    case ExprKind::tuple:
      return read(static_cast<const RowExpr&>(expr).items, names);
    case ExprKind::concat:
      return read(static_cast<const ConcatExpr&>(expr).items, names);
    case ExprKind::logic:
      return read(static_cast<const LogicExpr&>(expr).items, names);
    case ExprKind::arithmetic: {
      const auto& chain = static_cast<const ArithmeticExpr&>(expr);
      read(chain.first.get(), names);
      return read(chain.rest, names);
    }
    case ExprKind::comparison: {
      const auto& chain = static_cast<const ComparisonExpr&>(expr);
      read(chain.first.get(), names);
      return read(chain.rest, names);
    }
    case ExprKind::dict:
      for (const auto& [key, value] :
           static_cast<const DictExpr&>(expr).items) {
        read(key.get(), names);
        read(value.get(), names);
      }
      return;
    default:
      return;
  }
}

void read(const Expr* expr, Names& names) {
  if (!expr) {
    return;
  }
  switch (expr->kind) {
    case ExprKind::constant:
      return;
    case ExprKind::name:
      return names.read(static_cast<const NameExpr*>(expr)->symbol);
    case ExprKind::attribute:
      return read(static_cast<const AttributeExpr*>(expr)->object.get(), names);
    case ExprKind::item: {
      const auto* item = static_cast<const ItemExpr*>(expr);
      read(item->object.get(), names);
      return read(item->key.get(), names);
    }
    case ExprKind::slice: {
      const auto* slice = static_cast<const SliceExpr*>(expr);
      read(slice->object.get(), names);
      read(slice->start.get(), names);
      read(slice->stop.get(), names);
      return read(slice->step.get(), names);
    }
    case ExprKind::call: {
      const auto* call = static_cast<const CallExpr*>(expr);
      read(call->callee.get(), names);
      return read(call->arguments, names);
    }
    case ExprKind::filter:
    case ExprKind::test: {
      const auto* filter = static_cast<const FilterExpr*>(expr);
      read(filter->subject.get(), names);
      return read(filter->arguments, names);
    }
    case ExprKind::negation:
    case ExprKind::sign:
      return read(static_cast<const UnaryExpr*>(expr)->operand.get(), names);
    case ExprKind::conditional: {
      const auto* choice = static_cast<const ConditionalExpr*>(expr);
      read(choice->test.get(), names);
      read(choice->yes.get(), names);
      return read(choice->no.get(), names);
    }
    default:
      return read_chain(*expr, names);
  }
}

void store(const Target& target, Names& names, bool as_parameter = false) {
  switch (target.kind) {
    case Target::Kind::name:
      return as_parameter ? names.parameter(target.symbol)
                          : names.store(target.symbol);
    case Target::Kind::attribute:
      return names.read(target.symbol);
    case Target::Kind::tuple:
      for (const Target& item : target.items) {
        store(item, names, as_parameter);
      }
  }
}

void visit(const Body& body, Names& names);

void visit_branch(const BranchStatement& branch, Names& names) {
  // The first arm, all `elif` together, and `else`.
  read(branch.arms[0].test.get(), names);
  std::vector<Names> arms(3, Names::overlay(names));
  visit(branch.arms[0].body, arms[0]);
  for (size_t i = 1; i < branch.arms.size(); ++i) {
    const BranchStatement::Arm& arm = branch.arms[i];
    if (!arm.test) {
      visit(arm.body, arms[2]);
      continue;
    }
    read(arm.test.get(), arms[1]);
    std::vector<Names> inner(1, Names::overlay(arms[1]));
    visit(arm.body, inner[0]);
    arms[1].merge(inner);
  }
  names.merge(arms);
}

// What a statement does in the frame it stands in.
void visit(const Statement& statement, Names& names) {
  switch (statement.kind) {
    case StatementKind::output:
      return read(static_cast<const OutputStatement&>(statement).items, names);
    case StatementKind::branch:
      return visit_branch(
          static_cast<const BranchStatement&>(statement), names);
    case StatementKind::loop:
      return read(
          static_cast<const LoopStatement&>(statement).iterable.get(), names);
    case StatementKind::set: {
      const auto& set = static_cast<const SetStatement&>(statement);
      read(set.value.get(), names);
      return store(set.target, names);
    }
    case StatementKind::set_block:
      return store(
          static_cast<const SetBlockStatement&>(statement).target, names);
    case StatementKind::macro:
      return names.store(static_cast<const MacroStatement&>(statement).symbol);
    case StatementKind::call_block:
      return read(
          static_cast<const CallBlockStatement&>(statement).call.get(), names);
    case StatementKind::filter_block:
      return read(
          static_cast<const FilterBlockStatement&>(statement).filter.get(),
          names);
    case StatementKind::with:
      return read(
          static_cast<const WithStatement&>(statement).variables, names);
    case StatementKind::text:
    case StatementKind::scope:
    case StatementKind::block:
    case StatementKind::break_loop:
    case StatementKind::continue_loop:
      return;
  }
}

void visit(const Body& body, Names& names) {
  for (const StatementPtr& statement : body) {
    visit(*statement, names);
  }
}

void open_frames(const Body& body, const Names& names);

// One frame: its own names first, then the frames within it.
std::vector<Symbol> analyze(const Body& body, Names names) {
  visit(body, names);
  open_frames(body, names);
  return names.unset();
}

void analyze_signature(Signature& signature, const Names& outer) {
  Names names(&outer);
  for (const Parameter& parameter : signature.parameters) {
    names.parameter(parameter.symbol);
  }
  for (const Parameter& parameter : signature.parameters) {
    read(parameter.otherwise.get(), names);
  }
  signature.unset = analyze(signature.body, std::move(names));
}

void analyze_loop(LoopStatement& loop, const Names& outer) {
  Names names(&outer);
  store(loop.target, names, true);
  loop.unset = analyze(loop.body, std::move(names));
  loop.otherwise_unset = analyze(loop.otherwise, Names(&outer));
}

void analyze_with(WithStatement& with, const Names& outer) {
  Names names(&outer);
  for (const auto& [target, value] : with.variables) {
    store(target, names, true);
  }
  with.unset = analyze(with.body, std::move(names));
}

void open_frame(Statement& statement, const Names& names) {
  switch (statement.kind) {
    case StatementKind::branch:
      for (const auto& arm : static_cast<BranchStatement&>(statement).arms) {
        open_frames(arm.body, names);
      }
      return;
    case StatementKind::loop:
      return analyze_loop(static_cast<LoopStatement&>(statement), names);
    case StatementKind::set_block: {
      auto& block = static_cast<SetBlockStatement&>(statement);
      block.unset = analyze(block.body, Names(&names));
      return;
    }
    case StatementKind::macro:
      return analyze_signature(
          static_cast<MacroStatement&>(statement).signature, names);
    case StatementKind::call_block:
      return analyze_signature(
          static_cast<CallBlockStatement&>(statement).caller, names);
    case StatementKind::filter_block: {
      auto& block = static_cast<FilterBlockStatement&>(statement);
      block.unset = analyze(block.body, Names(&names));
      return;
    }
    case StatementKind::with:
      return analyze_with(static_cast<WithStatement&>(statement), names);
    case StatementKind::scope: {
      auto& scope = static_cast<ScopeStatement&>(statement);
      scope.unset = analyze(scope.body, Names(&names));
      return;
    }
    case StatementKind::block: {
      auto& scope = static_cast<ScopeStatement&>(statement);
      scope.unset = analyze(scope.body, Names(nullptr));
      return;
    }
    default:
      return;
  }
}

void open_frames(const Body& body, const Names& names) {
  for (const StatementPtr& statement : body) {
    open_frame(*statement, names);
  }
}

}  // namespace

void find_unset_names(Template& parsed) {
  parsed.unset = analyze(parsed.body, Names(nullptr));
}

}  // namespace bantam::jinja
