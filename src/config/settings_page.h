// SPDX-License-Identifier: MIT
// docs/configuration.md, from the table of settings.
#pragma once

#include <string>

namespace bantam {

/// The whole page, Markdown. A test holds the committed page to it.
std::string settings_page();

}  // namespace bantam
