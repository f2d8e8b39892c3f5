// SPDX-License-Identifier: MIT
// From settings to an index and its embedding model, for `index` and `ask`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/interrupt.h"
#include "config/run_config.h"
#include "retrieval/hybrid_search.h"
#include "retrieval/ingest.h"
#include "retrieval/text_encoder.h"

namespace bantam {

/// The index's file: the setting, or documents.sqlite in the folder for data.
std::string index_path(const RunConfig& config);

SearchOptions search_options(const RunConfig& config);

/// What the embedding model of the settings takes, by arithmetic alone.
int64_t encoder_bytes(const RunConfig& config);

/// Opens the embedding model. Throws insufficient_memory if what it takes,
/// `more_bytes` beside, does not fit what the machine gives.
std::unique_ptr<TextEncoder> open_encoder(
    const RunConfig& config,
    int64_t more_bytes = 0);

/// Adds `paths` to the index, with progress on a terminal.
IngestReport add_documents(
    const RunConfig& config,
    DocumentIndex& index,
    TextEncoder& encoder,
    const std::vector<std::string>& paths,
    Interrupt& interrupt);

/// What the report says of the files that were left out, a line each, to
/// stderr; of many of one kind, their number.
void print_skipped(const IngestReport& report);

}  // namespace bantam
