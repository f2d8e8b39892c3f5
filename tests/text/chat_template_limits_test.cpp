// SPDX-License-Identifier: MIT
// A template cannot run forever, use up memory or overflow the stack, not
// even on a small one.
#include <gtest/gtest.h>
#include <pthread.h>

#include <chrono>

#include "base/json.h"
#include "text/chat_template.h"

namespace bantam {
namespace {

std::string repeat(const std::string& words, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += words;
  }
  return out;
}

// The error's text, or "" if the template renders.
std::string failure(const std::string& words, const Json& variables) {
  try {
    ChatTemplate(words, "t").render(variables);
    return "";
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::internal);
    return error.what();
  }
}

struct Job {
  std::string words;
  Json variables = Json::object();
  std::string result = {};
};

// Parses and renders on a thread with the stack that macOS gives.
std::string failure_on_small_stack(Job job) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr size_t kStackBytes = 8 << 20;  // frames are larger there
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  constexpr size_t kStackBytes = 8 << 20;
#else
  constexpr size_t kStackBytes = 512 << 10;
#endif
#else
  constexpr size_t kStackBytes = 512 << 10;
#endif
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_t thread;
  const int started = pthread_create(
      &thread,
      &attributes,
      [](void* argument) -> void* {
        auto& its = *static_cast<Job*>(argument);
        its.result = failure(its.words, its.variables);
        return nullptr;
      },
      &job);
  EXPECT_EQ(started, 0);
  pthread_join(thread, nullptr);
  return job.result;
}

TEST(ChatTemplateLimits, steps_and_bytes_end_every_explosion) {
  const char* const templates[] = {
      "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}"
      "{% endfor %}",
      "{{ 'x' * 1000000000 }}",
      "{{ [0] * 1000000000 }}",
      "{{ 'x' * 9223372036854775807 }}",
      "{{ ('x' * 100000000) ~ ('x' * 100000000) ~ ('x' * 100000000) }}",
      "{% set ns = namespace(s='x') %}{% for i in range(99) %}"
      "{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
      "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}"
      "{% set ns.l = ns.l + ns.l %}{% endfor %}",
      "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}"
      "{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
      "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}"
      "{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l|tojson }}",
      "{% set ns = namespace(l=(1,)) %}{% for i in range(99) %}"
      "{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {ns.l: 1} }}",
      "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(99) %}"
      "{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}"
      "{{ ns.a == ns.b }}",
      "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}"
      "{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l|pprint }}",
      "{{ '%1000000000d' % 1 }}",
      "{{ '%*d' % (9223372036854775807, 1) }}",
      "{{ '{:1000000000}'.format('a') }}",
      "{{ 'a'.center(1000000000) }}",
      "{{ 'a'|center(9223372036854775807) }}",
      "{{ 'a'|indent(1000000000, true) }}",
      "{{ '1'.zfill(1000000000) }}",
      "{{ ('a' * 100000).replace('', 'b' * 100000) }}",
      "{{ ('b' * 100000).join('a' * 100000) }}",
      "{{ ['a']|batch(1000000000, 'x')|list }}",
      "{{ range(10)|slice(1000000000)|list }}",
      "{{ [[1, [2, [3]]]]|tojson(indent=100000000) }}",
      "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}"
      "{% endmacro %}{{ m(60) }}",
      "{% set x %}{% for i in range(99999) %}{% for j in range(99) %}"
      "0123456789012345678901234567890123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789012345678901234567890123456789"
      "{% endfor %}{% endfor %}{% endset %}",
      "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
      "{% for x in [1] recursive %}{{ loop([1, 1]) }}{% endfor %}",
      "{{ range(100001) }}",
      "{{ 2 ** 9999999999 }}",
      "{{ ('a' * 3000000 ~ 'b') in ('a' * 9000000 ~ 'c')"
      " or ('x' * 9999999)|upper|lower|upper|lower|upper|lower|upper|lower"
      "|title|title|title|title|title|title|title|title|title|title|title }}",
  };
  for (const char* words : templates) {
    SCOPED_TRACE(words);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_NE(failure(words, Json::object()), "");
    const std::chrono::duration<double> taken =
        std::chrono::steady_clock::now() - start;
    EXPECT_LT(taken.count(), 60);
  }
}

TEST(ChatTemplateLimits, finding_is_linear) {
  EXPECT_EQ(
      failure(
          "{% set t = 'a' * 2000000 %}{% set w = 'a' * 1000000 ~ 'b' %}"
          "{{ w in t }}{{ t.find(w) }}{{ t.rfind(w) }}{{ t.count(w) }}"
          "{{ t.replace(w, '')|length }}{{ t.split(w)|length }}"
          "{{ t.rsplit(w)|length }}",
          Json::object()),
      "");
}

TEST(ChatTemplateLimits, tight_limits_are_kept) {
  const ChatTemplate chat_template(
      "{% for i in range(50) %}x{% endfor %}", "t");
  EXPECT_EQ(chat_template.render(Json::object()).text.size(), 50u);
  TemplateLimits limits;
  limits.steps = 40;
  EXPECT_THROW(chat_template.render(Json::object(), limits), Error);
  limits = {};
  limits.bytes = 40;
  EXPECT_THROW(chat_template.render(Json::object(), limits), Error);
}

TEST(ChatTemplateLimits, deep_templates) {
  const int kDepth = 100'000;
  const std::string templates[] = {
      "{{ " + repeat("(", kDepth) + "1" + repeat(")", kDepth) + " }}",
      "{{ " + repeat("[", kDepth) + repeat("]", kDepth) + " }}",
      "{{ " + repeat("{1:", kDepth) + "1" + repeat("}", kDepth) + " }}",
      "{{ " + repeat("not ", kDepth) + "1 }}",
      "{{ " + repeat("- ", kDepth) + "1 }}",
      "{{ 1" + repeat("[0]", kDepth) + " }}",
      "{{ x" + repeat(".a", kDepth) + " }}",
      "{{ x" + repeat("()", kDepth) + " }}",
      "{{ 1" + repeat("|e", kDepth) + " }}",
      "{{ 1" + repeat(" is defined", kDepth) + " }}",
      "{{ " + repeat("1 if 1 else ", kDepth) + "1 }}",
      "{{ 1" + repeat(" if 1", kDepth) + " }}",
      "{{ " + repeat("f(", kDepth) + repeat(")", kDepth) + " }}",
      repeat("{% if 1 %}", kDepth) + repeat("{% endif %}", kDepth),
      repeat("{% for i in x %}", 60'000),
      repeat("{% set x %}", kDepth / 2),
      "{% set " + repeat("(", kDepth) + "a" + repeat(")", kDepth) + " = 1 %}",
  };
  for (const std::string& words : templates) {
    EXPECT_NE(failure_on_small_stack({words}), "") << words.substr(0, 20);
  }
}

TEST(ChatTemplateLimits, nesting_up_to_the_bound_fits_the_stack) {
  for (int depth = 10; depth <= 200; depth += 10) {
    const std::string templates[] = {
        "{{ " + repeat("(", depth) + "1" + repeat(")", depth) + " }}",
        "{{ " + repeat("[1 + 2 * ", depth) + "1" + repeat("]", depth) + " }}",
        "{{ " + repeat("{1: [-not 1 ** f(", depth) + "1" +
            repeat(")]}", depth) + " }}",
        "{{ x" + repeat(".a", depth) + " }}",
        "{{ 1" + repeat("|string", depth) + " }}",
        repeat("{% if 1 %}", depth) + "x" + repeat("{% endif %}", depth),
        repeat("{% for i in [1] %}", depth) + "x" +
            repeat("{% endfor %}", depth),
        "{% macro m(n) %}" + repeat("{% if 1 %}", depth - 5) +
            "{{ [[[m(n)]]] }}" + repeat("{% endif %}", depth - 5) +
            "{% endmacro %}{{ m(1) }}",
    };
    for (const std::string& words : templates) {
      failure_on_small_stack({words});  // whatever it says, it says it
    }
  }
}

TEST(ChatTemplateLimits, long_chains_are_not_deep) {
  const std::string templates[] = {
      "{{ 1" + repeat(" + 1", 5000) + " }}",
      "{{ 'a'" + repeat(" ~ 'a'", 5000) + " }}",
      "{{ 1" + repeat(" and 1", 5000) + " }}",
      "{{ 1" + repeat(" == 1", 5000) + " }}",
      "{% if 0 %}" + repeat("{% elif 0 %}", 5000) + "{% endif %}",
  };
  for (const std::string& words : templates) {
    EXPECT_EQ(failure_on_small_stack({words}), "") << words.substr(0, 20);
  }
}

TEST(ChatTemplateLimits, recursion_of_macros) {
  const std::string macro =
      "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{% endif %}x{% endmacro %}";
  EXPECT_EQ(failure_on_small_stack({macro + "{{ f(100) }}"}), "");
  EXPECT_NE(
      failure_on_small_stack({macro + "{{ f(100000) }}"}).find("recursion"),
      std::string::npos);
}

TEST(ChatTemplateLimits, deep_values) {
  const std::string deepen =
      "{% set ns = namespace(l=[]) %}{% for i in range(50000) %}"
      "{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}";
  EXPECT_NE(
      failure_on_small_stack({deepen}).find("nested deeper"),
      std::string::npos);
  // Namespaces may form chains and rings of any length.
  const std::string chain =
      "{% set ns = namespace(l=none) %}{% for i in range(50000) %}"
      "{% set ns.l = namespace(x=ns.l) %}{% endfor %}";
  EXPECT_EQ(failure_on_small_stack({chain}), "");
  EXPECT_NE(failure_on_small_stack({chain + "{{ ns.l }}"}), "");
  EXPECT_NE(
      failure_on_small_stack(
          {"{% set n = namespace() %}{% set n.n = [n] %}{{ n }}"}),
      "");
  EXPECT_EQ(
      failure_on_small_stack(
          {"{% set n = namespace() %}{% set n.n = n %}{{ n.n.n.n == n }}"}),
      "");
}

TEST(ChatTemplateLimits, deep_json) {
  Json deep = Json::array();
  for (int i = 0; i < 5000; ++i) {
    deep = Json::array({std::move(deep)});
  }
  EXPECT_NE(
      failure_on_small_stack({"{{ x }}", {{"x", deep}}}).find("nested deeper"),
      std::string::npos);
  Json fine = "end";
  for (int i = 0; i < 250; ++i) {
    fine = Json{{"k", std::move(fine)}};
  }
  EXPECT_EQ(
      failure_on_small_stack(
          {"{{ x }}{{ x|tojson(indent=1) }}{{ x == x }}{{ [x]|sort }}",
           {{"x", fine}}}),
      "");
}

TEST(ChatTemplateLimits, large_templates_parse_in_time) {
  std::string names;
  for (int i = 0; i < 20'000; ++i) {
    names += "{% set v" + std::to_string(i) + " = 1 %}";
  }
  for (int i = 0; i < 10'000; ++i) {
    names += "{% if x %}{% endif %}";
  }
  EXPECT_TRUE(ChatTemplate(names, "t").uses("x"));
  EXPECT_NE(failure(repeat("x", 3 << 20), Json::object()), "");
}

}  // namespace
}  // namespace bantam
