// SPDX-License-Identifier: MIT
// Counts how deep the parser is; private to its two halves.
#pragma once

#include "text/jinja_parser.h"

namespace bantam::jinja {

class Parser::Level {
 public:
  explicit Level(Parser& parser) : parser_(parser) {
    if (++parser_.level_ > kMaxTreeDepth) {
      parser_.template_.source.fail(
          ErrorCode::unsupported,
          parser_.current().at,
          fmt::format("nested deeper than {} levels", kMaxTreeDepth));
    }
  }
  ~Level() { --parser_.level_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  Parser& parser_;
};

template <typename Node>
ExprPtr Parser::finish_row(
    std::unique_ptr<Node> expr,
    const std::vector<ExprPtr>& children) {
  for (const ExprPtr& child : children) {
    deepen(*expr, child->depth);
  }
  return expr;
}

}  // namespace bantam::jinja
