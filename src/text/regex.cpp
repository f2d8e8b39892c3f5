// SPDX-License-Identifier: MIT
#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "text/regex_syntax.h"

namespace bantam {

namespace {

// A run of spaces costs about one step a byte in each alternative that tries
// it, so the bound grows with the text. PCRE2's own default (10 million) is
// reached by 10 MB of spaces.
constexpr uint64_t kStepsPerText = 100'000;
constexpr uint64_t kStepsPerByte = 64;
// The JIT starts on 32 KiB of the machine stack; patterns that nest groups in
// repeats need more on long words.
constexpr size_t kJitStackBytes = 16 << 20;
constexpr uint32_t kHeapKibibytes = 64 << 10;

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_compile_context* context) const {
    pcre2_compile_context_free(context);
  }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const {
    pcre2_match_context_free(context);
  }
  void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
};

template <typename T>
using Owned = std::unique_ptr<T, Free>;

std::string error_text(int code) {
  char buffer[256];
  pcre2_get_error_message(
      code, reinterpret_cast<PCRE2_UCHAR*>(buffer), sizeof buffer);
  return buffer;
}

const PCRE2_UCHAR* units(std::string_view text) {
  // PCRE2 10.42 refuses a null subject even when it is empty.
  return reinterpret_cast<const PCRE2_UCHAR*>(
      text.data() == nullptr ? "" : text.data());
}

}  // namespace

struct Regex::Compiled {
  Owned<pcre2_code> code;
  std::string where;
};

Regex::Regex(std::string_view pattern, const std::string& where) {
  const std::string translated = translate_regex(pattern, where);
  const Owned<pcre2_compile_context> context(
      pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), 100);
  int error = 0;
  PCRE2_SIZE offset = 0;
  Owned<pcre2_code> code(pcre2_compile(
      units(translated),
      translated.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
      &error,
      &offset,
      context.get()));
  if (code == nullptr) {
    fail(
        ErrorCode::unsupported,
        "{}: the regular expression does not compile: {} (at offset {} of "
        "its PCRE2 form)",
        where,
        error_text(error),
        offset);
  }
  // Where no JIT is to be had the interpreter does the same, slower.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  compiled_ =
      std::make_unique<const Compiled>(Compiled{std::move(code), where});
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

struct RegexSearch::State {
  const Regex::Compiled* compiled;
  Owned<pcre2_match_data> data;
  Owned<pcre2_match_context> context;
  Owned<pcre2_jit_stack> stack;
  std::string_view text;
  size_t from = 0;
  std::optional<size_t> last_end;
};

RegexSearch::RegexSearch(const Regex& regex)
    : state_(std::make_unique<State>()) {
  state_->compiled = regex.compiled_.get();
  state_->data.reset(pcre2_match_data_create_from_pattern(
      state_->compiled->code.get(), nullptr));
  state_->context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_heap_limit(state_->context.get(), kHeapKibibytes);
}

RegexSearch::~RegexSearch() = default;

void RegexSearch::start(std::string_view text) {
  state_->text = text;
  state_->from = 0;
  state_->last_end.reset();
  const uint64_t steps = kStepsPerText + kStepsPerByte * text.size();
  pcre2_set_match_limit(
      state_->context.get(),
      static_cast<uint32_t>(std::min<uint64_t>(steps, UINT32_MAX)));
}

int RegexSearch::match() {
  State& s = *state_;
  const auto attempt = [&] {
    return pcre2_match(
        s.compiled->code.get(),
        units(s.text),
        s.text.size(),
        s.from,
        PCRE2_NO_UTF_CHECK,
        s.data.get(),
        s.context.get());
  };
  int result = attempt();
  if (result == PCRE2_ERROR_JIT_STACKLIMIT && s.stack == nullptr) {
    s.stack.reset(pcre2_jit_stack_create(32 << 10, kJitStackBytes, nullptr));
    pcre2_jit_stack_assign(s.context.get(), nullptr, s.stack.get());
    result = attempt();
  }
  return result;
}

std::optional<ByteRange> RegexSearch::next() {
  State& s = *state_;
  while (s.from <= s.text.size()) {
    const int result = match();
    if (result == PCRE2_ERROR_NOMATCH) {
      break;
    }
    if (result < 0) {
      fail(
          ErrorCode::invalid_request,
          "{}: the regular expression fails on this text of {} bytes: {}",
          s.compiled->where,
          s.text.size(),
          error_text(result));
    }
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(s.data.get());
    // \K in a lookaround can put the start behind the end or before `from`.
    const size_t end = std::max<size_t>(bounds[1], s.from);
    const size_t begin = std::clamp<size_t>(bounds[0], s.from, end);
    if (begin == end && s.last_end == end) {
      const bool at_end = s.from >= s.text.size();
      s.from += at_end ? 1 : std::max(1, decode_utf8(s.text, s.from).length);
      continue;
    }
    s.from = end;
    s.last_end = end;
    return ByteRange{begin, end};
  }
  s.from = s.text.size() + 1;
  return std::nullopt;
}

}  // namespace bantam
