// SPDX-License-Identifier: MIT
// Filters that apply another filter or test to every item: map, select,
// reject, selectattr, rejectattr. Python's are lazy; here they run at once,
// and an error waits until the item that caused it is asked for.
#include <algorithm>

#include "text/jinja_filters.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"

namespace bantam::jinja {

namespace {

// Feeds each item to `step`, which may add to the result.
template <typename Step>
Value generate(Runtime& runtime, const Value& subject, Step step) {
  Values made;
  std::optional<Failure> failure;
  try {
    // Python asks `if value:` before it looks at the arguments.
    if (truth(runtime, subject)) {
      Cursor cursor(runtime, subject);
      for (Value item; cursor.next(item);) {
        step(item, made);
        runtime.meter.expect(made.size() * sizeof(Value));
      }
    }
  } catch (const Failure& late) {
    failure = late;
  }
  return runtime.generator(std::move(made), failure);
}

// The name of a filter or test given as an argument.
std::string name_of(Runtime& runtime, const Value& value) {
  return text_of(runtime, value).bytes;
}

Value map_attribute(Runtime& runtime, const Value& subject, Arguments& args) {
  const Value attribute = *args.take_keyword("attribute");
  const auto otherwise = args.take_keyword("default");
  const AttributePath path(runtime, attribute);
  return generate(runtime, subject, [&](const Value& item, Values& made) {
    if (!args.keyword.empty()) {
      raise("Unexpected keyword argument '{}'", args.keyword[0].first);
    }
    made.push_back(path.of(item, otherwise ? &*otherwise : nullptr));
  });
}

Value map(Runtime& runtime, const Value& subject, Arguments& args) {
  const bool by_attribute = args.positional.empty() &&
      std::any_of(args.keyword.begin(), args.keyword.end(), [](const auto& k) {
                              return k.first == "attribute";
                            });
  if (by_attribute) {
    return map_attribute(runtime, subject, args);
  }
  return generate(runtime, subject, [&](const Value& item, Values& made) {
    if (args.positional.empty()) {
      raise("map requires a filter argument");
    }
    runtime.meter.work(static_cast<int64_t>(args.positional.size()));
    Arguments its = args;
    its.positional.erase(its.positional.begin());
    made.push_back(apply_by_name(
        runtime, true, name_of(runtime, args.positional[0]), item, its));
  });
}

// `wanted`: keep the items that pass the test; otherwise those that fail it.
Value choose(
    Runtime& runtime,
    const Value& subject,
    Arguments& args,
    bool by_attribute,
    bool wanted) {
  const size_t test_at = by_attribute ? 1 : 0;
  const Value attribute =
      by_attribute && !args.positional.empty() ? args.positional[0] : Value();
  const AttributePath path(runtime, attribute);
  return generate(runtime, subject, [&](const Value& item, Values& made) {
    if (by_attribute && args.positional.empty()) {
      raise("Missing parameter for attribute name");
    }
    Value tested = path.of(item);
    if (args.positional.size() > test_at) {
      runtime.meter.work(static_cast<int64_t>(args.positional.size()));
      Arguments its = args;
      its.positional.erase(
          its.positional.begin(),
          its.positional.begin() + static_cast<ptrdiff_t>(test_at) + 1);
      tested = apply_by_name(
          runtime,
          false,
          name_of(runtime, args.positional[test_at]),
          tested,
          its);
    }
    if (truth(runtime, tested) == wanted) {
      made.push_back(item);
    }
  });
}

template <bool by_attribute, bool wanted>
Value choose_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  return choose(runtime, subject, args, by_attribute, wanted);
}

Value attr(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("attr", args, {"name"}, 1);
  if (!bound[0]->is_string()) {
    raise("attribute name must be string");
  }
  // Items of a dict are not attributes.
  const std::string& name = bound[0]->text().bytes;
  if (subject.is_dict()) {
    const Value bare = runtime.dict({});
    return get_attribute(runtime, bare, name).is_undefined()
        ? get_attribute(runtime, bare, name)
        : get_attribute(runtime, subject, name);
  }
  return get_attribute(runtime, subject, name);
}

constexpr NamedFunction kSelectionFilters[] = {
    {"attr", attr},
    {"map", map},
    {"reject", choose_filter<false, false>},
    {"rejectattr", choose_filter<true, false>},
    {"select", choose_filter<false, true>},
    {"selectattr", choose_filter<true, true>},
};

}  // namespace

std::span<const NamedFunction> selection_filters() {
  return kSelectionFilters;
}

}  // namespace bantam::jinja
