// SPDX-License-Identifier: MIT
// Filters over lists and dicts that do not call other filters.
#include <algorithm>
#include <unordered_map>

#include "text/jinja_filters.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"
#include "text/jinja_sort.h"
#include "text/jinja_strings.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

Value attribute_argument(const Value* value) {
  return value ? *value : Value();
}

// Strings compare without case unless asked.
Value folded(Runtime& runtime, const Value& value, bool case_sensitive) {
  if (case_sensitive || !value.is_string()) {
    return value;
  }
  runtime.meter.work_on_bytes(value.text().size() * 16);
  return runtime.string(to_lower(value.text()));
}

// sorted(items, key=keys, reverse=reverse): stable both ways.
Values sorted(
    Runtime& runtime,
    Values items,
    const Values& keys,
    bool reverse) {
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  merge_sort(order, [&](size_t a, size_t b) {
    runtime.meter.work();
    return reverse ? ordered(runtime, keys[b], Order::less, keys[a])
                   : ordered(runtime, keys[a], Order::less, keys[b]);
  });
  Values result;
  result.reserve(items.size());
  for (const size_t i : order) {
    result.push_back(std::move(items[i]));
  }
  return result;
}

Value length(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("length", args, {});
  return length_of(runtime, subject);
}

Value default_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("default", args, {"default_value", "boolean"});
  const bool replaced = subject.is_undefined() ||
      (flag(runtime, bound[1]) && !truth(runtime, subject));
  if (!replaced) {
    return subject;
  }
  return bound[0] ? *bound[0] : runtime.string("");
}

Value first(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("first", args, {});
  Cursor cursor(runtime, subject);
  Value item;
  return cursor.next(item)
      ? item
      : undefined_hint("No first item, sequence was empty.");
}

Value last(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("last", args, {});
  if (subject.is_object() || !is_iterable(subject)) {
    raise("'{}' object is not reversible", type_name(subject));
  }
  if (subject.is_undefined()) {
    raise("'Undefined' object is not reversible");
  }
  const Values items = items_of(runtime, subject);
  return items.empty() ? undefined_hint("No last item, sequence was empty.")
                       : items.back();
}

Value list_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("list", args, {});
  return runtime.list(items_of(runtime, subject));
}

Value items_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("items", args, {});
  if (subject.is_undefined()) {
    return runtime.generator({});
  }
  if (!subject.is_dict()) {
    // Raised when the generator is first used.
    return runtime.generator(
        {},
        Failure(
            ErrorCode::invalid_request,
            "Can only get item pairs from a mapping."));
  }
  Values items;
  for (const auto& [key, value] : subject.dict().items) {
    items.push_back(runtime.tuple({key, value}));
  }
  return runtime.generator(std::move(items));
}

Value join_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("join", args, {"d", "attribute"});
  const AttributePath path(runtime, attribute_argument(bound[1]));
  const Text separator = bound[0] ? text_of(runtime, *bound[0]) : Text();
  Text result;
  bool is_first = true;
  Cursor cursor(runtime, subject);
  for (Value item; cursor.next(item);) {
    if (!is_first) {
      result.append(separator);
    }
    is_first = false;
    const Value value = path.of(item);
    result.append(*TextView(runtime, value));
    runtime.meter.expect(result.size());
  }
  return runtime.string(std::move(result));
}

Value reverse(Runtime& runtime, const Value& subject, Arguments& args) {
  bind("reverse", args, {});
  if (subject.is_string()) {
    return get_slice(runtime, subject, Value(), Value(), -1);
  }
  if (!is_iterable(subject)) {
    raise("argument must be iterable");
  }
  Values items = items_of(runtime, subject);
  std::reverse(items.begin(), items.end());
  if (subject.is_object()) {
    return runtime.list(std::move(items));  // not reversible in Python
  }
  return runtime.generator(
      std::move(items),
      std::nullopt,
      subject.is_dict() ? "dict_reversekeyiterator"
          : subject.is_sequence() &&
              subject.sequence().kind == SequenceKind::list
          ? "list_reverseiterator"
          : "reversed");
}

Value sort_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound =
      bind("sort", args, {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = flag(runtime, bound[1]);
  Values items = items_of(runtime, subject);
  // "age,name" sorts by several attributes.
  std::vector<AttributePath> paths;
  const Value attribute = attribute_argument(bound[2]);
  if (attribute.is_string()) {
    const Text comma(",");
    for (Text& part : split(runtime, attribute.text(), &comma, -1, false)) {
      paths.emplace_back(runtime, runtime.string(std::move(part)));
    }
  } else {
    paths.emplace_back(runtime, attribute);
  }
  Values keys;
  for (const Value& item : items) {
    Values parts;
    for (const AttributePath& path : paths) {
      parts.push_back(folded(runtime, path.of(item), case_sensitive));
    }
    keys.push_back(runtime.list(std::move(parts)));
  }
  return runtime.list(
      sorted(runtime, std::move(items), keys, flag(runtime, bound[0])));
}

Value dict_sort(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound =
      bind("dictsort", args, {"case_sensitive", "by", "reverse"});
  const std::string by = bound[1] ? text_of(runtime, *bound[1]).bytes : "key";
  if (by != "key" && by != "value") {
    raise("You can only sort by either \"key\" or \"value\"");
  }
  if (subject.is_undefined()) {
    raise("{}", subject.undefined().message());
  }
  if (!subject.is_dict()) {
    raise("'{}' object has no attribute 'items'", type_name(subject));
  }
  Values items;
  Values keys;
  for (const auto& [key, value] : subject.dict().items) {
    items.push_back(runtime.tuple({key, value}));
    keys.push_back(
        folded(runtime, by == "key" ? key : value, flag(runtime, bound[0])));
  }
  return runtime.list(
      sorted(runtime, std::move(items), keys, flag(runtime, bound[2])));
}

template <bool largest>
Value extreme(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound =
      bind(largest ? "max" : "min", args, {"case_sensitive", "attribute"});
  const bool case_sensitive = flag(runtime, bound[0]);
  const AttributePath path(runtime, attribute_argument(bound[1]));
  Cursor cursor(runtime, subject);
  Value best, best_key, item;
  if (!cursor.next(best)) {
    return undefined_hint("No aggregated item, sequence was empty.");
  }
  best_key = folded(runtime, path.of(best), case_sensitive);
  while (cursor.next(item)) {
    Value key = folded(runtime, path.of(item), case_sensitive);
    if (ordered(
            runtime, key, largest ? Order::greater : Order::less, best_key)) {
      best = item;
      best_key = std::move(key);
    }
  }
  return best;
}

Value sum(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("sum", args, {"attribute", "start"});
  const AttributePath path(runtime, attribute_argument(bound[0]));
  Value total = bound[1] ? *bound[1] : Value(0);
  if (total.is_string()) {
    raise("sum() can't sum strings [use ''.join(seq) instead]");
  }
  Cursor cursor(runtime, subject);
  for (Value item; cursor.next(item);) {
    total = calculate(runtime, total, Arithmetic::add, path.of(item));
  }
  return total;
}

Value unique(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("unique", args, {"case_sensitive", "attribute"});
  const bool case_sensitive = flag(runtime, bound[0]);
  const AttributePath path(runtime, attribute_argument(bound[1]));
  std::unordered_multimap<size_t, Value> seen;
  Values kept;
  std::optional<Failure> failure;
  Cursor cursor(runtime, subject);
  try {
    for (Value item; cursor.next(item);) {
      const Value key = folded(runtime, path.of(item), case_sensitive);
      runtime.meter.work(weight_of(key));
      const size_t key_hash = hash(key);
      const auto [begin, end] = seen.equal_range(key_hash);
      const bool known = std::any_of(begin, end, [&](const auto& entry) {
        return same(runtime, entry.second, key);
      });
      if (!known) {
        seen.emplace(key_hash, key);
        kept.push_back(item);
        runtime.meter.expect(kept.size() * 4 * sizeof(Value));
      }
    }
  } catch (const Failure& late) {
    failure = late;
  }
  return runtime.generator(std::move(kept), failure);
}

Value batch(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("batch", args, {"linecount", "fill_with"}, 1);
  const int64_t size = as_index(*bound[0]);
  const bool fills = bound[1] && !bound[1]->is_none();
  Values rows, row;
  Cursor cursor(runtime, subject);
  for (Value item; cursor.next(item);) {
    if (static_cast<int64_t>(row.size()) == size) {
      rows.push_back(runtime.list(std::exchange(row, {})));
    }
    row.push_back(item);
  }
  if (!row.empty()) {
    if (fills && static_cast<int64_t>(row.size()) < size) {
      runtime.meter.expect(static_cast<size_t>(size));
      runtime.meter.expect(static_cast<size_t>(size) * sizeof(Value));
      row.resize(static_cast<size_t>(size), *bound[1]);
    }
    rows.push_back(runtime.list(std::move(row)));
  }
  return runtime.generator(std::move(rows));
}

Value slice_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("slice", args, {"slices", "fill_with"}, 1);
  const int64_t slices = as_index(*bound[0]);
  const Values items = items_of(runtime, subject);
  if (slices == 0) {
    return runtime.generator(
        {},
        Failure(
            ErrorCode::invalid_request, "integer division or modulo by zero"));
  }
  const auto length = static_cast<int64_t>(items.size());
  const int64_t each = slices > 0 ? length / slices : 0;
  const int64_t extra = slices > 0 ? length % slices : 0;
  Values rows;
  int64_t at = 0;
  for (int64_t i = 0; i < slices; ++i) {
    const int64_t count = each + (i < extra);
    Values row(items.begin() + at, items.begin() + at + count);
    if (bound[1] && !bound[1]->is_none() && i >= extra) {
      row.push_back(*bound[1]);
    }
    at += count;
    rows.push_back(runtime.list(std::move(row)));
  }
  return runtime.generator(std::move(rows));
}

Value group_by(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound =
      bind("groupby", args, {"attribute", "default", "case_sensitive"}, 1);
  const AttributePath path(runtime, *bound[0]);
  const bool case_sensitive = flag(runtime, bound[2]);
  Values items = items_of(runtime, subject);
  Values keys;
  for (const Value& item : items) {
    keys.push_back(folded(runtime, path.of(item, bound[1]), case_sensitive));
  }
  items = sorted(runtime, std::move(items), keys, false);
  Values groups, members;
  Value key;
  const auto close = [&] {
    if (!members.empty()) {
      Value grouper = path.of(members[0], bound[1]);
      Value list = runtime.list(std::exchange(members, {}));
      groups.push_back(runtime.sequence(
          SequenceKind::group, {std::move(grouper), std::move(list)}));
    }
  };
  for (const Value& item : items) {
    Value next = folded(runtime, path.of(item, bound[1]), case_sensitive);
    if (members.empty() || !same(runtime, key, next)) {
      close();
      key = std::move(next);
    }
    members.push_back(item);
  }
  close();
  return runtime.list(std::move(groups));
}

constexpr NamedFunction kSequenceFilters[] = {
    {"batch", batch},        {"count", length},
    {"d", default_filter},   {"default", default_filter},
    {"dictsort", dict_sort}, {"first", first},
    {"groupby", group_by},   {"items", items_filter},
    {"join", join_filter},   {"last", last},
    {"length", length},      {"list", list_filter},
    {"max", extreme<true>},  {"min", extreme<false>},
    {"reverse", reverse},    {"slice", slice_filter},
    {"sort", sort_filter},   {"sum", sum},
    {"unique", unique},
};

}  // namespace

std::span<const NamedFunction> sequence_filters() {
  return kSequenceFilters;
}

}  // namespace bantam::jinja
