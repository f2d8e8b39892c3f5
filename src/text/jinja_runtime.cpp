// SPDX-License-Identifier: MIT
#include "text/jinja_runtime.h"

#include <algorithm>
#include <cstdint>

#include "text/jinja_operators.h"
#include "text/jinja_repr.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

// Rendering may run on a thread with a 512 KiB stack (macOS's default for
// all but the first). Sanitizers make frames several times larger, and run
// with the 8 MiB of Linux.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr ptrdiff_t kStackBytes = 4 << 20;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr ptrdiff_t kStackBytes = 4 << 20;
#else
constexpr ptrdiff_t kStackBytes = 384 << 10;
#endif
#else
constexpr ptrdiff_t kStackBytes = 384 << 10;
#endif

const char* stack_position() {
  return static_cast<const char*>(__builtin_frame_address(0));
}

// A lazily evaluated iterator of Python's, evaluated.
class Generator : public Object {
 public:
  Generator(
      Values items,
      std::optional<Failure> failure,
      std::string_view type_name,
      Meter& meter)
      : items_(std::move(items)),
        failure_(std::move(failure)),
        type_name_(type_name),
        charge_(meter, items_.capacity() * sizeof(Value)) {}

  std::string_view type_name() const override { return type_name_; }
  bool is_iterable() const override { return true; }
  bool next(Runtime&, Value& item) override {
    if (at_ < items_.size()) {
      item = std::move(items_[at_++]);
      return true;
    }
    if (failure_) {
      const Failure failure = *failure_;
      failure_.reset();  // Python ends a generator that raised
      throw failure;
    }
    return false;
  }

 private:
  Values items_;
  size_t at_ = 0;
  std::optional<Failure> failure_;
  std::string_view type_name_;
  Charge charge_;
};

}  // namespace

std::optional<Value> Arguments::take_keyword(std::string_view name) {
  const auto found =
      std::find_if(keyword.begin(), keyword.end(), [&](const auto& argument) {
        return argument.first == name;
      });
  if (found == keyword.end()) {
    return std::nullopt;
  }
  Value value = std::move(found->second);
  keyword.erase(found);
  return value;
}

std::string Object::repr(Runtime&) {
  return fmt::format("<{} object>", type_name());
}

Value Object::call(Runtime&, Arguments&) {
  raise("'{}' object is not callable", type_name());
}

Runtime::Runtime(const TemplateLimits& limits)
    : meter(limits), stack_base_(stack_position()) {}

Value Runtime::string(Text text, bool markup) {
  meter.work_on_bytes(text.size());
  return std::make_shared<const String>(std::move(text), markup, meter);
}

Value Runtime::sequence(SequenceKind kind, Values items) {
  meter.work(1 + static_cast<int64_t>(items.size() / 4));
  return std::make_shared<const Sequence>(kind, std::move(items), meter);
}

Value Runtime::dict(std::vector<std::pair<Value, Value>> entries) {
  return std::make_shared<const Dict>(std::move(entries), meter);
}

Value Runtime::generator(
    Values items,
    std::optional<Failure> failure,
    std::string_view type_name) {
  return static_cast<Object*>(
      make<Generator>(std::move(items), std::move(failure), type_name, meter));
}

void Runtime::check_stack() const {
  const ptrdiff_t used = stack_base_ - stack_position();
  if (used > kStackBytes || used < -kStackBytes) {
    raise("maximum recursion depth exceeded");
  }
}

std::tm Runtime::now() const {
  if (fixed_clock_) {
    return *fixed_clock_;
  }
  const std::time_t seconds = std::time(nullptr);
  std::tm local{};
  localtime_r(&seconds, &local);
  return local;
}

std::vector<const Value*> bind(
    std::string_view function,
    const Arguments& arguments,
    std::initializer_list<std::string_view> names,
    size_t required) {
  std::vector<const Value*> bound(names.size(), nullptr);
  if (arguments.positional.size() > names.size()) {
    raise(
        "{}() takes at most {} argument{} ({} given)",
        function,
        names.size(),
        names.size() == 1 ? "" : "s",
        arguments.positional.size());
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    bound[i] = &arguments.positional[i];
  }
  for (const auto& [name, value] : arguments.keyword) {
    const auto* found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      raise("{}() got an unexpected keyword argument '{}'", function, name);
    }
    const Value*& slot = bound[found - names.begin()];
    if (slot) {
      raise("{}() got multiple values for argument '{}'", function, name);
    }
    slot = &value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!bound[i]) {
      raise("{}() missing required argument: '{}'", function, names.begin()[i]);
    }
  }
  return bound;
}

bool is_iterable(const Value& value) {
  return value.is_string() || value.is_sequence() || value.is_dict() ||
      value.is_undefined() ||
      (value.is_object() && value.object()->is_iterable());
}

Cursor::Cursor(Runtime& runtime, Value iterable)
    : runtime_(runtime), iterable_(std::move(iterable)) {
  if (!is_iterable(iterable_)) {
    raise("'{}' object is not iterable", type_name(iterable_));
  }
}

bool Cursor::next(Value& item) {
  runtime_.meter.work();
  if (iterable_.is_object()) {
    return iterable_.object()->next(runtime_, item);
  }
  if (iterable_.is_string()) {
    const Text& text = iterable_.text();
    if (at_ >= text.size()) {
      return false;
    }
    int length = 0;
    character_at(text.bytes, at_, length);
    item = runtime_.string(slice(text, at_, at_ + length));
    at_ += length;
    return true;
  }
  if (iterable_.is_undefined()) {
    return false;
  }
  const size_t size = iterable_.is_dict() ? iterable_.dict().items.size()
                                          : iterable_.sequence().items.size();
  if (at_ >= size) {
    return false;
  }
  item = iterable_.is_dict() ? iterable_.dict().items[at_].first
                             : iterable_.sequence().items[at_];
  ++at_;
  return true;
}

Values items_of(Runtime& runtime, const Value& iterable) {
  if (iterable.is_sequence()) {
    const Values& items = iterable.sequence().items;
    runtime.meter.work(1 + static_cast<int64_t>(items.size() / 4));
    runtime.meter.expect(items.size() * sizeof(Value));
    return items;
  }
  Values items;
  Cursor cursor(runtime, iterable);
  for (Value item; cursor.next(item);) {
    items.push_back(std::move(item));
    runtime.meter.expect(items.size() * sizeof(Value));
  }
  return items;
}

}  // namespace bantam::jinja
