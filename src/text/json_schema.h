// SPDX-License-Identifier: MIT
// From a JSON schema to a grammar whose every text satisfies the schema. The
// grammar may leave out some values that the schema allows (it writes an
// object's properties in the schema's order, and none that it does not name);
// it never lets one through that the schema forbids. What cannot be promised
// is refused.
//
// Understood: type, enum, const, properties, required, additionalProperties,
// items, minItems, maxItems, minLength, maxLength, minimum, maximum (whole
// bounds), anyOf, oneOf with alternatives that exclude one another, allOf of
// one schema, $ref to "#", "#/$defs/..." and "#/definitions/...".
#pragma once

#include "base/json.h"
#include "text/byte_grammar.h"

namespace bantam {

struct CompiledSchema {
  ByteGrammar grammar;
  ByteGrammar::Rule start = 0;
};

/// Throws invalid_request "<path in the schema>: ..." for a schema that is
/// malformed or that cannot be honoured.
CompiledSchema compile_json_schema(const Json& schema);

}  // namespace bantam
