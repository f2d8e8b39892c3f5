// SPDX-License-Identifier: MIT
// The values of a template: Python's, as far as a sandboxed template can see
// them. Strings and containers are immutable and shared; what can change
// (namespaces, loops, generators, ...) is an Object owned by the Runtime, so
// no value ever owns a cycle or a chain without bound.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja_meter.h"
#include "text/jinja_text.h"

namespace bantam::jinja {

/// Python's integers are unbounded; 127 bits hold every one that JSON and
/// templates really use. Beyond them arithmetic is an error.
using Integer = __int128;

class Value;
class Object;
struct String;
struct Sequence;
struct Dict;
struct Undefined;

using StringPtr = std::shared_ptr<const String>;
using SequencePtr = std::shared_ptr<const Sequence>;
using DictPtr = std::shared_ptr<const Dict>;
using UndefinedPtr = std::shared_ptr<const Undefined>;

struct None {};

class Value {
 public:
  Value() = default;  // None
  Value(bool value) : held_(value) {}
  Value(int value) : held_(Integer{value}) {}
  Value(int64_t value) : held_(Integer{value}) {}
  Value(Integer value) : held_(value) {}
  Value(double value) : held_(value) {}
  Value(StringPtr value) : held_(std::move(value)) {}
  Value(SequencePtr value) : held_(std::move(value)) {}
  Value(DictPtr value) : held_(std::move(value)) {}
  Value(UndefinedPtr value) : held_(std::move(value)) {}
  Value(Object* value) : held_(value) {}
  // A pointer would otherwise become a bool.
  Value(const char*) = delete;

  bool is_none() const { return std::holds_alternative<None>(held_); }
  bool is_bool() const { return std::holds_alternative<bool>(held_); }
  /// An int that is not a bool.
  bool is_integer() const { return std::holds_alternative<Integer>(held_); }
  bool is_real() const { return std::holds_alternative<double>(held_); }
  bool is_string() const { return std::holds_alternative<StringPtr>(held_); }
  bool is_sequence() const {
    return std::holds_alternative<SequencePtr>(held_);
  }
  bool is_dict() const { return std::holds_alternative<DictPtr>(held_); }
  bool is_undefined() const {
    return std::holds_alternative<UndefinedPtr>(held_);
  }
  bool is_object() const { return std::holds_alternative<Object*>(held_); }
  /// isinstance(value, int): bools count.
  bool is_integral() const { return is_integer() || is_bool(); }
  bool is_number() const { return is_integral() || is_real(); }

  bool boolean() const { return std::get<bool>(held_); }
  /// The value of an integral.
  Integer integer() const {
    return is_bool() ? Integer{boolean()} : std::get<Integer>(held_);
  }
  /// The value of a number.
  double real() const {
    return is_real() ? std::get<double>(held_) : static_cast<double>(integer());
  }
  const String& string() const { return *std::get<StringPtr>(held_); }
  const Text& text() const;
  const Sequence& sequence() const { return *std::get<SequencePtr>(held_); }
  const Dict& dict() const { return *std::get<DictPtr>(held_); }
  const Undefined& undefined() const { return *std::get<UndefinedPtr>(held_); }
  Object* object() const { return std::get<Object*>(held_); }

  /// The address of what is shared, for `is sameas` and hash(); nullptr for
  /// small values.
  const void* identity() const;

 private:
  std::variant<
      None,
      bool,
      Integer,
      double,
      StringPtr,
      SequencePtr,
      DictPtr,
      UndefinedPtr,
      Object*>
      held_;
};

using Values = std::vector<Value>;

struct String {
  Text text;
  bool markup = false;  // markupsafe.Markup: escapes what is added to it
  Charge charge;

  explicit String(Text words, bool is_markup = false)
      : text(std::move(words)), markup(is_markup) {}
  String(Text words, bool is_markup, Meter& meter)
      : text(std::move(words)),
        markup(is_markup),
        charge(
            meter,
            sizeof(String) + text.bytes.capacity() +
                text.input.capacity() * sizeof(ByteRange)) {}
};

/// Everything that is a row of values; they differ in how they print, compare
/// and may be used.
enum class SequenceKind : uint8_t {
  list,
  tuple,
  range,
  keys,  // dict views
  values,
  items,
  group,  // groupby's (grouper, list)
};

struct Sequence {
  SequenceKind kind;
  /// Levels of nesting below, bounded so that recursion over a value is.
  int depth = 1;
  /// What walking over everything below costs, in steps of a Meter. Shared
  /// parts count each time, so a few lists within lists can weigh a lot.
  int64_t weight = 1;
  Values items;
  Charge charge;

  Sequence(SequenceKind its_kind, Values its_items, Meter& meter);

  bool is_view() const {
    return kind >= SequenceKind::keys && kind <= SequenceKind::items;
  }
  bool is_tuple() const {
    return kind == SequenceKind::tuple || kind == SequenceKind::group;
  }
};

struct Dict {
  std::vector<std::pair<Value, Value>> items;  // in order of insertion
  int depth = 1;
  int64_t weight = 1;
  Charge charge;

  /// `entries` may repeat keys: the last value wins, the first place stays.
  /// Throws for a key that cannot be hashed.
  Dict(std::vector<std::pair<Value, Value>> entries, Meter& meter);

  const Value* find(std::string_view key) const;
  /// Throws for a key that cannot be hashed.
  const Value* find(const Value& key) const;

 private:
  // Position of each key by its hash; only made for more than a few.
  std::unordered_multimap<size_t, size_t> index_;
};

/// Why there is no value: the words of the error that using it raises.
struct Undefined {
  enum class Cause : uint8_t { name, attribute, element, hint, unsafe };
  Cause cause;
  std::string name;   // variable, attribute or key, or the whole hint
  std::string owner;  // "dict object"

  std::string message() const;
};

Value undefined_name(std::string_view name);
Value undefined_hint(std::string_view hint);

/// Steps that walking over all of a value takes.
int64_t weight_of(const Value& value);

/// Nesting of containers beyond this is refused.
inline constexpr int kMaxValueDepth = 300;

}  // namespace bantam::jinja
