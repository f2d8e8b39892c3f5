// SPDX-License-Identifier: MIT
// Places and answers as the command and the server print them.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "retrieval/hybrid_search.h"

namespace bantam {

/// A place that a search found: path, kind, lines, bytes, heading, text, score
/// and the ranks that made it.
Json hit_json(const Hit& hit);

/// What an answer says and where it has it from: "sources", those that it
/// could name, in the order of their numbers, each with its number and whether
/// it is cited; "claims", the sentences with the sources that they name;
/// "claims_without_source", how many of them lack one.
Json cited_json(const std::string& answer, const std::vector<Json>& sources);

}  // namespace bantam
