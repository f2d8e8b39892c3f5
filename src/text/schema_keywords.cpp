// SPDX-License-Identifier: MIT
#include "text/schema_keywords.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace bantam {

namespace {

constexpr int64_t kMostRepeats = 4096;
constexpr double kLargestBound = 1e15;

// Say something about a value without restricting it.
constexpr std::array kAnnotations{
    "title",
    "description",
    "default",
    "examples",
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "definitions",
    "deprecated",
    "readOnly",
    "writeOnly",
    "discriminator",
    "$anchor",
    "strict"};

constexpr std::array
    kTypes{"object", "array", "string", "number", "integer", "boolean", "null"};

std::optional<int64_t> tightest(
    std::optional<int64_t> a,
    std::optional<int64_t> b,
    bool larger) {
  return !a ? b : !b ? a : larger ? std::max(a, b) : std::min(a, b);
}

}  // namespace

const Json* SchemaKeywords::find(const char* key) {
  known_.insert(key);
  const auto found = schema_.find(key);
  return found == schema_.end() ? nullptr : &*found;
}

void SchemaKeywords::refuse_others() const {
  for (const auto& [key, value] : schema_.items()) {
    if (!known_.contains(key) &&
        std::find(kAnnotations.begin(), kAnnotations.end(), key) ==
            kAnnotations.end()) {
      fail(
          ErrorCode::invalid_request,
          "{}: \"{}\" is not supported here",
          path_,
          key);
    }
  }
}

std::vector<std::string> SchemaKeywords::types() {
  std::vector<std::string> types;
  const Json* given = find("type");
  if (given == nullptr) {
    if (schema_.contains("properties") ||
        schema_.contains("additionalProperties") ||
        schema_.contains("required")) {
      types.emplace_back("object");
    } else if (schema_.contains("items")) {
      types.emplace_back("array");
    }
    return types;
  }
  const Json list = given->is_array() ? *given : Json::array({*given});
  for (const Json& type : list) {
    if (!type.is_string() ||
        std::find(kTypes.begin(), kTypes.end(), type.get<std::string>()) ==
            kTypes.end()) {
      fail(
          ErrorCode::invalid_request,
          "{}: \"type\" is {}, but must be object, array, string, number, "
          "integer, boolean or null",
          path_,
          to_json_line(type));
    }
    types.push_back(type.get<std::string>());
  }
  if (types.empty()) {
    fail(ErrorCode::invalid_request, "{}: \"type\" is an empty list", path_);
  }
  return types;
}

std::optional<int64_t> SchemaKeywords::count(const char* key) {
  const Json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  const double number = value->is_number() ? value->get<double>() : -1;
  if (!(number >= 0 && number <= kMostRepeats) ||
      number != std::floor(number)) {
    fail(
        ErrorCode::invalid_request,
        "{}: \"{}\" is {}, but must be a whole number from 0 to {}",
        path_,
        key,
        to_json_line(*value),
        kMostRepeats);
  }
  return static_cast<int64_t>(number);
}

std::pair<int64_t, std::optional<int64_t>> SchemaKeywords::bounds(
    const char* least_key,
    const char* most_key) {
  const int64_t least = count(least_key).value_or(0);
  const std::optional<int64_t> most = count(most_key);
  if (most && *most < least) {
    fail(
        ErrorCode::invalid_request,
        "{}: \"{}\" is larger than \"{}\"",
        path_,
        least_key,
        most_key);
  }
  return {least, most};
}

std::optional<int64_t> SchemaKeywords::whole_bound(
    const char* key,
    int64_t shift) {
  const Json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  const double number = value->is_number() ? value->get<double>() : NAN;
  if (!(std::abs(number) < kLargestBound) || number != std::floor(number)) {
    fail(
        ErrorCode::invalid_request,
        "{}: \"{}\" is {}, but only whole bounds below 1e15 are supported",
        path_,
        key,
        to_json_line(*value));
  }
  return static_cast<int64_t>(number) + shift;
}

NumberRange SchemaKeywords::range(bool whole) {
  NumberRange range;
  range.least = whole_bound("minimum", 0);
  range.most = whole_bound("maximum", 0);
  if (whole) {  // Of others the exclusive bounds are refused.
    range.least =
        tightest(range.least, whole_bound("exclusiveMinimum", 1), true);
    range.most =
        tightest(range.most, whole_bound("exclusiveMaximum", -1), false);
  }
  if (range.least && range.most && *range.least > *range.most) {
    fail(
        ErrorCode::invalid_request,
        "{}: no number lies between {} and {}",
        path_,
        *range.least,
        *range.most);
  }
  return range;
}

std::vector<std::string> SchemaKeywords::required() {
  std::vector<std::string> names;
  const Json* required = find("required");
  if (required == nullptr) {
    return names;
  }
  for (const Json& name : required->is_array() ? *required : Json::array()) {
    if (name.is_string()) {
      names.push_back(name.get<std::string>());
    }
  }
  if (!required->is_array() || names.size() != required->size()) {
    fail(
        ErrorCode::invalid_request,
        "{}: \"required\" must be a list of names",
        path_);
  }
  std::set<std::string> seen;
  std::erase_if(names, [&](const std::string& name) {
    return !seen.insert(name).second;
  });
  return names;
}

}  // namespace bantam
