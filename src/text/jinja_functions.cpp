// SPDX-License-Identifier: MIT
// The global functions: range, dict, namespace, cycler, joiner, and what
// transformers adds (raise_exception, strftime_now).
#include "text/jinja_clock.h"
#include "text/jinja_filters.h"
#include "text/jinja_methods.h"
#include "text/jinja_namespace.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"

namespace bantam::jinja {

namespace {

// The sandbox's MAX_RANGE.
constexpr Integer kMaxRange = 100'000;

Value range(Runtime& runtime, const Value&, Arguments& arguments) {
  if (!arguments.keyword.empty()) {
    raise("range() takes no keyword arguments");
  }
  const Values& given = arguments.positional;
  if (given.empty() || given.size() > 3) {
    raise("range expected 1 to 3 arguments, got {}", given.size());
  }
  const int64_t first = given.size() == 1 ? 0 : as_index(given[0]);
  const int64_t stop = as_index(given[given.size() == 1 ? 0 : 1]);
  const int64_t step = given.size() == 3 ? as_index(given[2]) : 1;
  if (step == 0) {
    raise("range() arg 3 must not be zero");
  }
  const Integer span = step > 0 ? Integer{stop} - first : Integer{first} - stop;
  const Integer stride = step > 0 ? Integer{step} : -Integer{step};
  const Integer count = span <= 0 ? Integer{0} : (span - 1) / stride + 1;
  if (count > kMaxRange) {
    raise(
        "Range too big. The sandbox blocks ranges larger than MAX_RANGE "
        "({})",
        integer_text(kMaxRange));
  }
  Values items;
  items.reserve(static_cast<size_t>(count));
  for (Integer i = 0; i < count; ++i) {
    items.push_back(Integer{first} + i * step);
  }
  return runtime.sequence(SequenceKind::range, std::move(items));
}

// The entries of dict(...) and namespace(...).
std::vector<std::pair<Value, Value>> entries_of(
    Runtime& runtime,
    Arguments& arguments) {
  std::vector<std::pair<Value, Value>> entries;
  if (arguments.positional.size() > 1) {
    raise(
        "dict expected at most 1 argument, got {}",
        arguments.positional.size());
  }
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional[0];
    if (from.is_dict()) {
      entries = from.dict().items;
    } else {
      for (const Value& item : items_of(runtime, from)) {
        Values pair = items_of(runtime, item);
        if (pair.size() != 2) {
          raise(
              "dictionary update sequence element #{} has length {}; 2 is "
              "required",
              entries.size(),
              pair.size());
        }
        entries.emplace_back(std::move(pair[0]), std::move(pair[1]));
      }
    }
  }
  for (auto& [name, value] : arguments.keyword) {
    entries.emplace_back(runtime.string(name), value);
  }
  return entries;
}

Value dict(Runtime& runtime, const Value&, Arguments& arguments) {
  return runtime.dict(entries_of(runtime, arguments));
}

Value make_namespace(Runtime& runtime, const Value&, Arguments& arguments) {
  auto* space = runtime.make<Namespace>();
  for (auto& [key, value] : entries_of(runtime, arguments)) {
    if (!key.is_string()) {
      raise("namespace() needs names that are strings");
    }
    space->set(runtime, key.text().bytes, std::move(value));
  }
  return static_cast<Object*>(space);
}

class Cycler : public Object {
 public:
  explicit Cycler(Values items) : items_(std::move(items)) {}

  std::string_view type_name() const override { return "Cycler"; }
  std::optional<Value> attribute(Runtime&, std::string_view name) override {
    return name == "current" ? std::optional(items_[at_]) : std::nullopt;
  }
  Function method(std::string_view name) const override {
    return name == "next" ? &next_item : name == "reset" ? &reset : nullptr;
  }

 private:
  static Value next_item(Runtime&, const Value& subject, Arguments& args) {
    bind("next", args, {});
    auto& self = static_cast<Cycler&>(*subject.object());
    const size_t at = self.at_;
    self.at_ = (at + 1) % self.items_.size();
    return self.items_[at];
  }
  static Value reset(Runtime&, const Value& subject, Arguments& args) {
    bind("reset", args, {});
    static_cast<Cycler&>(*subject.object()).at_ = 0;
    return {};
  }

  Values items_;
  size_t at_ = 0;
};

class Joiner : public Object {
 public:
  explicit Joiner(Value separator) : separator_(std::move(separator)) {}

  std::string_view type_name() const override { return "Joiner"; }
  bool is_callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override {
    bind("joiner", arguments, {});
    return std::exchange(used_, true) ? separator_ : runtime.string("");
  }

 private:
  Value separator_;
  bool used_ = false;
};

Value cycler(Runtime& runtime, const Value&, Arguments& arguments) {
  if (arguments.positional.empty()) {
    raise("at least one item has to be provided");
  }
  runtime.meter.take(arguments.positional.size() * sizeof(Value));
  return static_cast<Object*>(
      runtime.make<Cycler>(std::move(arguments.positional)));
}

Value joiner(Runtime& runtime, const Value&, Arguments& arguments) {
  const auto bound = bind("joiner", arguments, {"sep"});
  return static_cast<Object*>(
      runtime.make<Joiner>(bound[0] ? *bound[0] : runtime.string(", ")));
}

Value raise_exception(Runtime& runtime, const Value&, Arguments& arguments) {
  const auto bound = bind("raise_exception", arguments, {"message"}, 1);
  throw Failure(
      ErrorCode::invalid_request, text_of(runtime, *bound[0]).bytes, true);
}

Value strftime_now(Runtime& runtime, const Value&, Arguments& arguments) {
  const auto bound = bind("strftime_now", arguments, {"format"}, 1);
  if (!bound[0]->is_string()) {
    raise("strftime() argument 1 must be str, not {}", type_name(*bound[0]));
  }
  const std::string& format = bound[0]->text().bytes;
  runtime.meter.expect(format.size() * 16);
  return runtime.string(format_time(runtime.now(), format));
}

Value lipsum(Runtime&, const Value&, Arguments&) {
  raise_unsupported("function 'lipsum' is not supported");
}

constexpr NamedFunction kFunctions[] = {
    {"range", range},
    {"dict", dict},
    {"dict.fromkeys", dict_fromkeys},
    {"namespace", make_namespace},
    {"cycler", cycler},
    {"joiner", joiner},
    {"lipsum", lipsum},
    {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},
};

}  // namespace

std::string Namespace::repr(Runtime& runtime) {
  std::string out = "<Namespace {";
  for (const auto& [name, value] : attributes_) {
    out += out.back() == '{' ? "" : ", ";
    out += quote(name) + ": " + repr_of(runtime, value).bytes;
    runtime.meter.expect(out.size());
  }
  return out + "}>";
}

std::optional<Value> Namespace::attribute(
    Runtime& runtime,
    std::string_view name) {
  runtime.meter.work(static_cast<int64_t>(attributes_.size() / 16));
  for (const auto& [known, value] : attributes_) {
    if (known == name) {
      return value;
    }
  }
  return std::nullopt;
}

void Namespace::set(Runtime& runtime, std::string_view name, Value value) {
  if (name.starts_with("_")) {
    raise(
        "Chat templates cannot store underscore-prefixed attributes on a "
        "namespace, but got '{}'",
        name);
  }
  runtime.meter.work(static_cast<int64_t>(attributes_.size() / 16));
  for (auto& [known, held] : attributes_) {
    if (known == name) {
      held = std::move(value);
      return;
    }
  }
  runtime.meter.take(name.size() + sizeof(attributes_[0]));
  attributes_.emplace_back(std::string(name), std::move(value));
}

std::span<const NamedFunction> global_functions() {
  return kFunctions;
}

}  // namespace bantam::jinja
