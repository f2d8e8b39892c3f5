// SPDX-License-Identifier: MIT
// PDF to text through pdftotext (poppler), where it is installed.
#pragma once

#include <stop_token>
#include <string>
#include <variant>

#include "retrieval/file_reading.h"

namespace bantam {

/// The text of a PDF, pages ending with '\f'; or why there is none.
std::variant<std::string, Skipped> pdf_text(
    const std::string& path,
    int64_t most_bytes,
    std::stop_token stop = {});

}  // namespace bantam
