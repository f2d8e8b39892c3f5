// SPDX-License-Identifier: MIT
// What every operation on values needs while one template is rendered: the
// meter, the makers of values, the objects that can change, and the clock.
#pragma once

#include <ctime>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja_failure.h"
#include "text/jinja_meter.h"
#include "text/jinja_value.h"

namespace bantam::jinja {

class Runtime;

/// The arguments of a call, a filter or a test.
struct Arguments {
  Values positional;
  std::vector<std::pair<std::string, Value>> keyword;

  /// Removes and returns the keyword argument `name`.
  std::optional<Value> take_keyword(std::string_view name);
};

/// A filter, test, method or global function. `subject` is what stands before
/// the "|", "is" or "."; unused by global functions.
using Function = Value (*)(Runtime&, const Value& subject, Arguments&);

struct NamedFunction {
  std::string_view name;
  Function function;
};

/// A value that can change or refers to something that can. Owned by the
/// Runtime that made it, until the end of the render.
class Object {
 public:
  virtual ~Object() = default;
  /// Python's type name, for messages.
  virtual std::string_view type_name() const = 0;
  virtual std::string repr(Runtime& runtime);
  virtual std::optional<Value> attribute(Runtime&, std::string_view) {
    return std::nullopt;
  }
  /// A method, called with this object as its subject; nullptr if there is
  /// none of that name.
  virtual Function method(std::string_view) const { return nullptr; }
  virtual bool is_callable() const { return false; }
  virtual Value call(Runtime& runtime, Arguments& arguments);
  virtual bool is_iterable() const { return false; }
  /// The next item of an iterable; false at the end.
  virtual bool next(Runtime&, Value&) { return false; }
  /// len(), where Python has it.
  virtual std::optional<int64_t> length(Runtime&) { return std::nullopt; }
};

class Runtime {
 public:
  explicit Runtime(const TemplateLimits& limits);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  Value string(Text text, bool markup = false);
  Value sequence(SequenceKind kind, Values items);
  Value list(Values items) {
    return sequence(SequenceKind::list, std::move(items));
  }
  Value tuple(Values items) {
    return sequence(SequenceKind::tuple, std::move(items));
  }
  Value dict(std::vector<std::pair<Value, Value>> entries);
  /// Python's lazy iterators, made at once: `failure` is what taking an item
  /// after the last of `items` raises.
  Value generator(
      Values items,
      std::optional<Failure> failure = std::nullopt,
      std::string_view type_name = "generator");

  template <typename T, typename... Args>
  T* make(Args&&... args) {
    meter.take(sizeof(T) + kObjectBytes);
    auto object = std::make_unique<T>(std::forward<Args>(args)...);
    T* raw = object.get();
    objects_.push_back(std::move(object));
    return raw;
  }

  /// Raises when recursion has used up the stack set aside for rendering.
  void check_stack() const;

  /// What strftime_now() formats: local time, or the fixed one.
  std::tm now() const;
  void fix_clock(const std::tm& time) { fixed_clock_ = time; }

  Meter meter;

 private:
  static constexpr size_t kObjectBytes = 48;

  const char* stack_base_;
  std::optional<std::tm> fixed_clock_;
  std::vector<std::unique_ptr<Object>> objects_;
};

/// Sorts `arguments` into parameters `names` of a function called `function`;
/// nullptr where none was given. The first `required` must be. Raises
/// TypeError's messages.
std::vector<const Value*> bind(
    std::string_view function,
    const Arguments& arguments,
    std::initializer_list<std::string_view> names,
    size_t required = 0);

/// Walks over any iterable without copying it.
class Cursor {
 public:
  /// Raises "'int' object is not iterable".
  Cursor(Runtime& runtime, Value iterable);
  bool next(Value& item);

 private:
  Runtime& runtime_;
  Value iterable_;
  size_t at_ = 0;
};

/// Can a Cursor walk over it?
bool is_iterable(const Value& value);

/// Everything a Cursor yields.
Values items_of(Runtime& runtime, const Value& iterable);

}  // namespace bantam::jinja
