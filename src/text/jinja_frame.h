// SPDX-License-Identifier: MIT
// A Scope for the time of one block; private to the interpreter's files.
#pragma once

#include <memory>
#include <utility>

#include "text/jinja_interpreter.h"

namespace bantam::jinja {

class Interpreter::Frame {
 public:
  Frame(Interpreter& interpreter, Scope& parent, const UnsetNames& unset)
      : interpreter_(interpreter), parent_(parent), unset_(unset) {
    open();
  }
  Frame(Interpreter& interpreter, Scope& parent)
      : Frame(interpreter, parent, kNoNames) {}
  ~Frame() { close(); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  Scope& scope() { return *scope_; }
  /// An empty scope with the same parent (a loop's next turn).
  void renew() {
    if (scope_->is_captured()) {
      close();
      open();
    } else {
      scope_->reset(&parent_);
      interpreter_.unset(unset_, *scope_);
    }
  }

 private:
  inline static const UnsetNames kNoNames;

  void open() {
    auto& spare = interpreter_.spare_scopes_;
    if (spare.empty()) {
      scope_ = std::make_unique<Scope>(&parent_);
    } else {
      scope_ = std::move(spare.back());
      spare.pop_back();
      scope_->reset(&parent_);
    }
    interpreter_.unset(unset_, *scope_);
  }
  void close() {
    auto& keep = scope_->is_captured() ? interpreter_.captured_scopes_
                                       : interpreter_.spare_scopes_;
    scope_->release();
    keep.push_back(std::move(scope_));
  }

  Interpreter& interpreter_;
  Scope& parent_;
  const UnsetNames& unset_;
  std::unique_ptr<Scope> scope_;
};

}  // namespace bantam::jinja
