// SPDX-License-Identifier: MIT
#include "text/jinja_value.h"

#include <algorithm>

#include "text/jinja_failure.h"
#include "text/jinja_operators.h"

namespace bantam::jinja {

namespace {

// Up to this many keys a scan is faster than hashing.
constexpr size_t kScanKeys = 8;

int depth_of(const Value& value) {
  return value.is_sequence() ? value.sequence().depth
      : value.is_dict()      ? value.dict().depth
                             : 0;
}

// Adds without overflow; far beyond any limit of steps anyway.
int64_t add_weight(int64_t total, const Value& value) {
  constexpr int64_t kHeaviest = int64_t{1} << 60;
  return std::min(kHeaviest, total + weight_of(value));
}

int depth_around(int deepest) {
  if (deepest >= kMaxValueDepth) {
    raise("a value nested deeper than {} levels", kMaxValueDepth);
  }
  return deepest + 1;
}

}  // namespace

void Meter::out_of_steps() const {
  raise("the template takes more than the limit of {} steps", limits_.steps);
}

void Meter::out_of_bytes() const {
  raise("the template needs more than the limit of {} bytes", limits_.bytes);
}

const Text& Value::text() const {
  return string().text;
}

const void* Value::identity() const {
  return is_string()  ? static_cast<const void*>(&string())
      : is_sequence() ? static_cast<const void*>(&sequence())
      : is_dict()     ? static_cast<const void*>(&dict())
      : is_object()   ? static_cast<const void*>(object())
                      : nullptr;
}

int64_t weight_of(const Value& value) {
  constexpr size_t kBytesPerStep = 64;
  return value.is_sequence() ? value.sequence().weight
      : value.is_dict()      ? value.dict().weight
      : value.is_string()
      ? 1 + static_cast<int64_t>(value.text().size() / kBytesPerStep)
      : 1;
}

Sequence::Sequence(SequenceKind its_kind, Values its_items, Meter& meter)
    : kind(its_kind),
      items(std::move(its_items)),
      charge(meter, sizeof(Sequence) + items.capacity() * sizeof(Value)) {
  int deepest = 0;
  for (const Value& item : items) {
    deepest = std::max(deepest, depth_of(item));
    weight = add_weight(weight, item);
  }
  depth = depth_around(deepest);
}

Dict::Dict(std::vector<std::pair<Value, Value>> entries, Meter& meter)
    : charge(meter, sizeof(Dict) + entries.size() * (sizeof(entries[0]) + 48)) {
  const bool indexed = entries.size() > kScanKeys;
  items.reserve(entries.size());
  int deepest = 0;
  for (auto& [key, value] : entries) {
    meter.work(weight_of(key));
    const size_t key_hash = hash(key);
    weight = add_weight(add_weight(weight, key), value);
    deepest = std::max({deepest, depth_of(key), depth_of(value)});
    if (const Value* known = find(key)) {
      const_cast<Value&>(*known) = std::move(value);
      continue;
    }
    items.emplace_back(std::move(key), std::move(value));
    if (indexed) {
      index_.emplace(key_hash, items.size() - 1);
    }
  }
  depth = depth_around(deepest);
}

const Value* Dict::find(std::string_view key) const {
  if (index_.empty()) {
    for (const auto& [known, value] : items) {
      if (known.is_string() && known.text().bytes == key) {
        return &value;
      }
    }
    return nullptr;
  }
  const auto [first, last] = index_.equal_range(hash(key));
  for (auto place = first; place != last; ++place) {
    const auto& [known, value] = items[place->second];
    if (known.is_string() && known.text().bytes == key) {
      return &value;
    }
  }
  return nullptr;
}

const Value* Dict::find(const Value& key) const {
  if (key.is_string()) {
    return find(std::string_view(key.text().bytes));
  }
  const size_t key_hash = hash(key);
  if (index_.empty()) {
    for (const auto& [known, value] : items) {
      if (equals(known, key)) {
        return &value;
      }
    }
    return nullptr;
  }
  const auto [first, last] = index_.equal_range(key_hash);
  for (auto place = first; place != last; ++place) {
    if (equals(items[place->second].first, key)) {
      return &items[place->second].second;
    }
  }
  return nullptr;
}

std::string Undefined::message() const {
  switch (cause) {
    case Cause::name:
      return fmt::format("'{}' is undefined", name);
    case Cause::attribute:
      return fmt::format("'{}' has no attribute '{}'", owner, name);
    case Cause::element:
      return fmt::format("{} has no element {}", owner, name);
    case Cause::unsafe:
      return fmt::format(
          "access to attribute '{}' of '{}' is unsafe", name, owner);
    case Cause::hint:
      break;
  }
  return name;
}

Value undefined_name(std::string_view name) {
  return std::make_shared<const Undefined>(
      Undefined{Undefined::Cause::name, std::string(name), {}});
}

Value undefined_hint(std::string_view hint) {
  return std::make_shared<const Undefined>(
      Undefined{Undefined::Cause::hint, std::string(hint), {}});
}

}  // namespace bantam::jinja
