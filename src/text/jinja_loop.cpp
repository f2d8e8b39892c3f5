// SPDX-License-Identifier: MIT
// {% for %} and its `loop` variable. Items are taken one at a time, so that
// an `if` in the loop's head sees what earlier turns have changed, and
// nothing is looked at ahead unless the template asks (jinja2's LoopContext).
#include <deque>

#include "text/jinja_frame.h"
#include "text/jinja_interpreter.h"
#include "text/jinja_methods.h"
#include "text/jinja_operators.h"

namespace bantam::jinja {

/// The items of one loop, those that its `if` refuses left out.
class LoopSource {
 public:
  LoopSource(
      Interpreter& interpreter,
      const LoopStatement& loop,
      Scope& scope,
      const Value& iterable)
      : interpreter_(interpreter),
        loop_(loop),
        scope_(scope),
        iterable_(iterable),
        cursor_(interpreter, iterable) {}

  bool next(Value& item) {
    if (!ahead_.empty()) {
      item = std::move(ahead_.front());
      ahead_.pop_front();
      return true;
    }
    return pull(item);
  }

  /// Looks ahead; nullptr at the end.
  const Value* peek() {
    Value item;
    if (ahead_.empty() && pull(item)) {
      ahead_.push_back(std::move(item));
    }
    return ahead_.empty() ? nullptr : &ahead_.front();
  }

  /// How many items follow; walks to the end if there is no other way.
  int64_t remaining() {
    Value item;
    while (pull(item)) {
      ahead_.push_back(std::move(item));
      interpreter_.meter.expect(ahead_.size() * sizeof(Value));
    }
    return static_cast<int64_t>(ahead_.size());
  }

  /// The number of all items where it is known without walking.
  std::optional<int64_t> size() const {
    if (loop_.test || iterable_.is_object()) {
      return std::nullopt;
    }
    return length_of(interpreter_, iterable_);
  }

 private:
  bool pull(Value& item) {
    while (cursor_.next(item)) {
      if (!loop_.test) {
        return true;
      }
      Interpreter::Frame frame(interpreter_, scope_);
      interpreter_.assign(loop_.target, item, frame.scope());
      if (truth(
              interpreter_,
              interpreter_.evaluate(*loop_.test, frame.scope()))) {
        return true;
      }
    }
    return false;
  }

  Interpreter& interpreter_;
  const LoopStatement& loop_;
  Scope& scope_;
  Value iterable_;
  Cursor cursor_;
  std::deque<Value> ahead_;
};

namespace {

/// The `loop` variable.
class LoopState : public Object {
 public:
  LoopState(
      Interpreter& interpreter,
      const LoopStatement& loop,
      Scope& scope,
      LoopSource& source,
      int depth)
      : interpreter_(interpreter),
        loop_(loop),
        scope_(scope),
        source_(&source),
        depth_(depth) {}

  std::string_view type_name() const override { return "LoopContext"; }
  bool is_callable() const override { return true; }
  std::string repr(Runtime& runtime) override {
    return fmt::format("<LoopContext {}/{}>", index_ + 1, *length(runtime));
  }

  /// The loop is over: what it walked over is gone.
  void end() { source_ = nullptr; }

  void advance(const Value& item) {
    ++index_;
    previous_ = std::move(current_);
    current_ = item;
  }

  std::optional<int64_t> length(Runtime&) override {
    if (!length_ && source_) {
      length_ = source_->size();
      if (!length_) {
        length_ = index_ + 1 + source_->remaining();
      }
    }
    return length_.value_or(index_ + 1);
  }

  std::optional<Value> attribute(Runtime& runtime, std::string_view name)
      override {
    if (name == "index0" || name == "index") {
      return Value(index_ + (name == "index"));
    }
    if (name == "first") {
      return Value(index_ == 0);
    }
    if (name == "last") {
      return Value(!source_ || source_->peek() == nullptr);
    }
    if (name == "length") {
      return Value(*length(runtime));
    }
    if (name == "revindex" || name == "revindex0") {
      return Value(*length(runtime) - index_ - (name == "revindex0"));
    }
    if (name == "depth" || name == "depth0") {
      return Value(int64_t{depth_} + (name == "depth"));
    }
    if (name == "previtem") {
      return index_ == 0 ? undefined_hint("there is no previous item")
                         : previous_;
    }
    if (name == "nextitem") {
      const Value* next = source_ ? source_->peek() : nullptr;
      return next ? *next : undefined_hint("there is no next item");
    }
    return std::nullopt;
  }

  Function method(std::string_view name) const override {
    return name == "cycle" ? &cycle : name == "changed" ? &changed : nullptr;
  }

  Value call(Runtime& runtime, Arguments& arguments) override {
    const auto bound = bind("loop", arguments, {"iterable"}, 1);
    if (!loop_.recursive) {
      raise(
          "The loop must have the 'recursive' marker to be called "
          "recursively.");
    }
    if (!source_) {
      raise("a loop that has ended cannot be called");
    }
    runtime.check_stack();
    return interpreter_.call_loop(loop_, scope_, *bound[0], depth_ + 1);
  }

 private:
  static Value cycle(Runtime&, const Value& subject, Arguments& arguments) {
    const auto& self = static_cast<const LoopState&>(*subject.object());
    if (arguments.positional.empty()) {
      raise("no items for cycling given");
    }
    return arguments.positional[self.index_ % arguments.positional.size()];
  }

  static Value changed(
      Runtime& runtime,
      const Value& subject,
      Arguments& arguments) {
    auto& self = static_cast<LoopState&>(*subject.object());
    const Value now = runtime.tuple(arguments.positional);
    if (self.last_changed_ && same(runtime, *self.last_changed_, now)) {
      return false;
    }
    self.last_changed_ = now;
    return true;
  }

  Interpreter& interpreter_;
  const LoopStatement& loop_;
  Scope& scope_;
  LoopSource* source_;
  int depth_;
  int64_t index_ = -1;
  Value previous_, current_;
  std::optional<int64_t> length_;
  std::optional<Value> last_changed_;
};

// Ends the state however the loop is left.
class EndOfLoop {
 public:
  explicit EndOfLoop(LoopState* state) : state_(state) {}
  ~EndOfLoop() {
    if (state_) {
      state_->end();
    }
  }
  EndOfLoop(const EndOfLoop&) = delete;
  EndOfLoop& operator=(const EndOfLoop&) = delete;

 private:
  LoopState* state_;
};

}  // namespace

Interpreter::Flow Interpreter::run_loop(
    const LoopStatement& loop,
    Scope& scope,
    Text& out) {
  const Value iterable = evaluate(*loop.iterable, scope);
  position_ = loop.iterable->at;
  return loop_over(loop, iterable, scope, out, 0);
}

// A `break` in the else part belongs to the loop around this one.
Interpreter::Flow Interpreter::loop_over(
    const LoopStatement& loop,
    Value iterable,
    Scope& scope,
    Text& out,
    int depth) {
  LoopSource source(*this, loop, scope, iterable);
  LoopState* state = loop.uses_loop
      ? make<LoopState>(*this, loop, scope, source, depth)
      : nullptr;
  const EndOfLoop end(state);
  Frame frame(*this, scope, loop.unset);
  bool empty = true;
  for (Value item; source.next(item);) {
    if (!empty) {
      frame.renew();
    }
    empty = false;
    assign(loop.target, item, frame.scope());
    if (state) {
      state->advance(item);
      frame.scope().set(template_.known.loop, static_cast<Object*>(state));
    }
    if (run(loop.body, frame.scope(), out) == Flow::break_loop) {
      break;
    }
  }
  if (empty && !loop.otherwise.empty()) {
    Frame other(*this, scope, loop.otherwise_unset);
    return run(loop.otherwise, other.scope(), out);
  }
  return Flow::next;
}

Value Interpreter::call_loop(
    const LoopStatement& loop,
    Scope& scope,
    Value iterable,
    int depth) {
  Text buffer;
  loop_over(loop, std::move(iterable), scope, buffer, depth);
  return take_buffer(std::move(buffer));
}

}  // namespace bantam::jinja
