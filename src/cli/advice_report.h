// SPDX-License-Identifier: MIT
// Advice as JSON and as a page to read.
#pragma once

#include <cstddef>
#include <string>

#include "advise/advice.h"
#include "base/json.h"

namespace bantam {

Json advice_json(const Advice& advice, const Catalogue& catalogue);

/// A table of the approaches, then the reasons for each, for a page of so many
/// columns (see page_columns()). `explain`: with every rule and its source.
std::string advice_text(
    const Advice& advice,
    const Catalogue& catalogue,
    bool explain,
    size_t columns);

}  // namespace bantam
