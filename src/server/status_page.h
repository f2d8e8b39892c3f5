// SPDX-License-Identifier: MIT
// GET /: one page that needs nothing from elsewhere.
#pragma once

#include <string_view>

namespace bantam {

/// The page's HTML, made from status_page.html when bantam is built.
std::string_view status_page();

/// Lets the page run its own script and style, which carry `nonce`, and talk to
/// this server; nothing else.
inline constexpr std::string_view kStatusPagePolicy =
    "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

}  // namespace bantam
