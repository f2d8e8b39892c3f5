// SPDX-License-Identifier: MIT
// The keywords of one JSON schema: each is checked as it is read, and one that
// nobody asked for is refused, since it may restrict.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "text/json_grammar.h"

namespace bantam {

/// Throws invalid_request "<path>: ...". Keeps references to both.
class SchemaKeywords {
 public:
  SchemaKeywords(const Json& schema, const std::string& path)
      : schema_(schema), path_(path) {}

  const Json* find(const char* key);
  /// Beside annotations, which restrict nothing.
  void refuse_others() const;

  /// "object", "string", ...; where "type" is left out, what the other keywords
  /// tell; empty: any.
  std::vector<std::string> types();
  /// Two whole numbers from 0 on, such as minLength and maxLength.
  std::pair<int64_t, std::optional<int64_t>> bounds(
      const char* least_key,
      const char* most_key);
  /// minimum and maximum; for whole numbers the exclusive ones too.
  NumberRange range(bool whole);
  /// Names, each once.
  std::vector<std::string> required();

 private:
  std::optional<int64_t> count(const char* key);
  std::optional<int64_t> whole_bound(const char* key, int64_t shift);

  const Json& schema_;
  const std::string& path_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace bantam
