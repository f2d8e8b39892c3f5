// SPDX-License-Identifier: MIT
#include "text/json_call.h"

namespace bantam {

namespace {

// What models call a call's name and arguments.
bool is_name_key(std::string_view key) {
  return key == "name" || key == "function" || key == "tool_name";
}

bool is_arguments_key(std::string_view key) {
  return key == "arguments" || key == "parameters" || key == "args";
}

// Not a value (discarded) if it is no JSON, or nested too deeply to be walked.
Json parsed(const std::string& text) {
  try {
    return parse_json(text, "a tool call");
  } catch (const Error&) {
    return Json(Json::value_t::discarded);
  }
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

size_t JsonCall::push(std::string_view text) {
  size_t read = 0;
  while (read < text.size() && state_ == State::open) {
    raw_ += text[read];
    take(text[read]);
    ++read;
  }
  if (state_ == State::open) {
    begin_if_known();
  }
  return read;
}

void JsonCall::take(char c) {
  if (in_string_) {
    in_string_ = escaped_ || c != '"';
    escaped_ = !escaped_ && c == '\\';
    if (depth_ == 1) {
      (place_ == Place::key ? key_ : value_) += c;
    } else {
      value_ += c;
    }
    if (!in_string_ && depth_ == 1 && place_ == Place::key) {
      const Json key = parsed(key_);
      key_ = key.is_string() ? key.get<std::string>() : "";
      place_ = Place::colon;
    }
    return;
  }
  if (depth_ == 0) {
    if (c == '{') {
      depth_ = 1;
      place_ = Place::key;
    } else if (!is_space(c)) {
      state_ = State::broken;
    }
    return;
  }
  take_in_object(c);
}

// Not within a string.
void JsonCall::take_in_object(char c) {
  const bool top = depth_ == 1;
  if (c == '"') {
    in_string_ = true;
    escaped_ = false;
    if (top && place_ == Place::key) {
      key_ = c;
    } else {
      value_ += c;
    }
    return;
  }
  if (c == '{' || c == '[') {
    ++depth_;
    value_ += c;
    return;
  }
  if (c == '}' || c == ']') {
    if (top) {
      if (place_ == Place::value) {
        end_value();
      }
      end_object();
      return;
    }
    --depth_;
    value_ += c;
    return;
  }
  if (top && c == ':' && place_ == Place::colon) {
    place_ = Place::value;
    value_.clear();
    return;
  }
  if (top && c == ',') {
    if (place_ == Place::value) {
      end_value();
    }
    place_ = Place::key;
    key_.clear();
    return;
  }
  if (top && place_ == Place::key && !is_space(c)) {
    state_ = State::broken;
    return;
  }
  if (place_ == Place::value && !(value_.empty() && is_space(c))) {
    value_ += c;
  }
}

void JsonCall::end_value() {
  place_ = Place::after;
  if (is_name_key(key_)) {
    const Json name = parsed(value_);
    name_ = name.is_string() ? name.get<std::string>() : "";
    // {"function": {"name": ...}} is no form that a template teaches.
    if (!tools_.contains(name_)) {
      state_ = State::broken;
      return;
    }
  } else if (is_arguments_key(key_)) {
    arguments_ = value_;
  }
  value_.clear();
  begin_if_known();
}

// Gives out as much of the arguments as has come, once the name is known. Text
// in place of an object is kept until it is whole: it may be JSON in a string.
void JsonCall::begin_if_known() {
  if (name_.empty() || state_ != State::open) {
    return;
  }
  if (!begun_) {
    begun_ = true;
    sink_.begin(name_);
  }
  if (place_ == Place::value && is_arguments_key(key_)) {
    arguments_ = value_;
  }
  if (arguments_.starts_with('{')) {
    // What may be space after the object is held back.
    size_t end = arguments_.size();
    while (depth_ == 1 && end > 0 && is_space(arguments_[end - 1])) {
      --end;
    }
    if (end > given_) {
      give(std::string_view(arguments_).substr(given_, end - given_));
      given_ = end;
    }
  }
}

void JsonCall::give(std::string_view json) {
  sink_.arguments(json);
}

void JsonCall::end_object() {
  if (state_ != State::open || name_.empty() || !Json::accept(raw_)) {
    state_ = State::broken;
    return;
  }
  begin_if_known();
  if (given_ == 0) {
    const Json value = parsed(arguments_.empty() ? "{}" : arguments_);
    const Json inner =
        value.is_string() ? parsed(value.get<std::string>()) : value;
    if (inner.is_object()) {
      give(to_json_line(inner));
    } else if (inner.is_null()) {
      give("{}");
    } else {
      state_ = State::broken;
      return;
    }
  }
  state_ = State::complete;
}

}  // namespace bantam
