// SPDX-License-Identifier: MIT
// What schemas say of a value's type, and whether alternatives exclude one
// another.
#pragma once

#include <functional>

#include "base/json.h"

namespace bantam {

/// Is `value` of `type`, a name or a list of names?
bool has_type(const Json& value, const Json& type);

/// Does every schema of `list` allow no more than the "type" of `schema`?
bool restates_type(const Json& schema, const Json& list);

/// Can no value satisfy two schemas of `list`: because of their types, or a
/// required property with different constants? `follow` resolves a $ref.
bool exclude_one_another(
    const Json& list,
    const std::function<const Json&(const Json&)>& follow);

}  // namespace bantam
