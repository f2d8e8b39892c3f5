// SPDX-License-Identifier: MIT
#include "text/jinja_interpreter.h"

#include "text/jinja_clock.h"
#include "text/jinja_frame.h"
#include "text/jinja_operators.h"

namespace bantam::jinja {

namespace {

// Python stops at about as many macros within macros.
constexpr int kMaxCalls = 200;

}  // namespace

Interpreter::Interpreter(
    const Template& source,
    const Json& variables,
    const TemplateLimits& limits)
    : Runtime(limits),
      template_(source),
      variables_(variables),
      context_(source.symbols.size()),
      looked_up_(source.symbols.size()) {
  const auto clock = variables.find("strftime_now");
  if (clock != variables.end() && clock->is_string()) {
    fix_clock(parse_clock(clock->get_ref<const std::string&>()));
  }
}

void Interpreter::unset(const UnsetNames& names, Scope& scope) {
  for (const Symbol symbol : names) {
    scope.set(symbol, undefined_name(template_.symbols.name(symbol)));
  }
}

Text Interpreter::render() {
  try {
    Text out;
    unset(template_.unset, root_);
    run(template_.body, root_, out);
    return out;
  } catch (const Failure& failure) {
    if (failure.verbatim()) {
      throw Error(failure.code(), failure.what());
    }
    template_.source.fail(failure.code(), position_, failure.what());
  }
}

// jinja2's Macro.__call__: positional arguments, then keywords, then defaults.
void Interpreter::bind_parameters(
    const Signature& signature,
    Arguments& arguments,
    Scope& scope) {
  const std::vector<Parameter>& parameters = signature.parameters;
  meter.work(
      static_cast<int64_t>(
          parameters.size() * (1 + arguments.keyword.size() / 16)));
  const size_t given = std::min(arguments.positional.size(), parameters.size());
  std::vector<std::optional<Value>> values(parameters.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    values[i] = i < given
        ? std::optional(arguments.positional[i])
        : arguments.take_keyword(template_.symbols.name(parameters[i].symbol));
  }
  const KnownSymbols& known = template_.known;
  if (signature.takes_caller) {
    const auto caller = arguments.take_keyword("caller");
    scope.set(
        known.caller, caller ? *caller : undefined_hint("No caller defined"));
  }
  if (signature.takes_keywords) {
    std::vector<std::pair<Value, Value>> entries;
    for (auto& [name, value] : arguments.keyword) {
      entries.emplace_back(string(name), value);
    }
    scope.set(known.kwargs, dict(std::move(entries)));
  } else if (!arguments.keyword.empty()) {
    raise(
        "macro '{}' takes no keyword argument '{}'",
        signature.name,
        arguments.keyword[0].first);
  }
  if (signature.takes_positionals) {
    scope.set(
        known.varargs,
        tuple(Values(
            arguments.positional.begin() + static_cast<ptrdiff_t>(given),
            arguments.positional.end())));
  } else if (arguments.positional.size() > parameters.size()) {
    raise(
        "macro '{}' takes not more than {} argument(s)",
        signature.name,
        parameters.size());
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!values[i] && parameters[i].otherwise) {
      values[i] = evaluate(*parameters[i].otherwise, scope);
    }
    scope.set(
        parameters[i].symbol,
        values[i] ? *values[i]
                  : undefined_hint(
                        fmt::format(
                            "parameter '{}' was not provided",
                            template_.symbols.name(parameters[i].symbol))));
  }
}

Value Interpreter::call_signature(
    const Signature& signature,
    Scope& closure,
    Arguments& arguments) {
  check_stack();
  if (++calls_ > kMaxCalls) {
    raise("maximum recursion depth exceeded: macro '{}'", signature.name);
  }
  Frame frame(*this, closure, signature.unset);
  bind_parameters(signature, arguments, frame.scope());
  Text buffer;
  run(signature.body, frame.scope(), buffer);
  --calls_;
  return take_buffer(std::move(buffer));
}

}  // namespace bantam::jinja
