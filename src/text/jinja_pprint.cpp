// SPDX-License-Identifier: MIT
#include "text/jinja_pprint.h"

#include "text/jinja_operators.h"
#include "text/jinja_repr.h"
#include "text/jinja_sort.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

constexpr int64_t kLineWidth = 80;

// The same value with the keys of every dict sorted, as pprint shows them.
Value with_sorted_keys(Runtime& runtime, const Value& value) {
  runtime.check_stack();
  if (value.is_sequence()) {
    Values items;
    for (const Value& item : value.sequence().items) {
      items.push_back(with_sorted_keys(runtime, item));
    }
    return runtime.sequence(value.sequence().kind, std::move(items));
  }
  if (!value.is_dict()) {
    return value;
  }
  std::vector<std::pair<Value, Value>> entries;
  for (const auto& [key, item] : value.dict().items) {
    entries.emplace_back(key, with_sorted_keys(runtime, item));
  }
  merge_sort(entries, [&](const auto& a, const auto& b) {
    return ordered(runtime, a.first, Order::less, b.first);
  });
  return runtime.dict(std::move(entries));
}

class PrettyPrinter {
 public:
  explicit PrettyPrinter(Runtime& runtime) : runtime_(runtime) {}

  // `indent` columns are taken on the left, `allowance` on the right.
  void print(const Value& value, int64_t indent, int64_t allowance) {
    runtime_.check_stack();
    const Text flat = repr_of(runtime_, value);
    has_input_ |= flat.has_input();
    const bool fits =
        count_characters(flat.bytes) <= kLineWidth - indent - allowance;
    const bool breaks = value.is_dict() ||
        (value.is_sequence() &&
         (value.sequence().kind == SequenceKind::list ||
          value.sequence().is_tuple()));
    if (fits || (!breaks && !value.is_string())) {
      out_ += flat.bytes;
    } else if (value.is_string()) {
      raise_unsupported("pprint of a string longer than a line");
    } else if (value.is_dict()) {
      print_dict(value.dict(), indent, allowance);
    } else {
      print_sequence(value.sequence(), indent, allowance);
    }
    runtime_.meter.expect(out_.size());
  }

  Text finish() {
    Text text(std::move(out_));
    if (has_input_) {
      text.mark_all();
    }
    return text;
  }

 private:
  void new_line(int64_t indent) {
    out_ += ",\n";
    out_.append(static_cast<size_t>(indent), ' ');
  }

  void print_dict(const Dict& dict, int64_t indent, int64_t allowance) {
    out_ += '{';
    for (size_t i = 0; i < dict.items.size(); ++i) {
      if (i > 0) {
        new_line(indent + 1);
      }
      const Text key = repr_of(runtime_, dict.items[i].first);
      has_input_ |= key.has_input();
      out_ += key.bytes + ": ";
      const bool last = i + 1 == dict.items.size();
      print(
          dict.items[i].second,
          indent + 3 + count_characters(key.bytes),
          last ? allowance + 1 : 1);
    }
    out_ += '}';
  }

  void print_sequence(
      const Sequence& sequence,
      int64_t indent,
      int64_t allowance) {
    const bool single = sequence.is_tuple() && sequence.items.size() == 1;
    out_ += sequence.is_tuple() ? '(' : '[';
    for (size_t i = 0; i < sequence.items.size(); ++i) {
      if (i > 0) {
        new_line(indent + 1);
      }
      const bool last = i + 1 == sequence.items.size();
      print(
          sequence.items[i],
          indent + 1,
          last ? allowance + (single ? 2 : 1) : 1);
    }
    out_ += sequence.is_tuple() ? (single ? ",)" : ")") : "]";
  }

  Runtime& runtime_;
  std::string out_;
  bool has_input_ = false;
};

}  // namespace

Text pretty_text(Runtime& runtime, const Value& value) {
  PrettyPrinter printer(runtime);
  printer.print(with_sorted_keys(runtime, value), 0, 0);
  return printer.finish();
}

}  // namespace bantam::jinja
