// SPDX-License-Identifier: MIT
#include "retrieval/pdf_text.h"

#include <algorithm>

#include "base/child_process.h"
#include "base/error.h"
#include "base/size.h"
#include "base/utf8.h"

namespace bantam {

namespace {

// A thousand pages take some seconds.
constexpr double kLongestSeconds = 120;

struct TooMuchText {};

std::string first_line(const std::string& text) {
  return text.substr(0, std::min(text.find('\n'), size_t{200}));
}

}  // namespace

std::variant<std::string, Skipped> pdf_text(
    const std::string& path,
    int64_t most_bytes,
    std::stop_token stop) {
  std::string text;
  std::string complaint;
  ChildObserver observer;
  observer.output = [&](ChildStream stream, std::string_view piece) {
    std::string& to = stream == ChildStream::out ? text : complaint;
    to += piece;
    if (static_cast<int64_t>(text.size()) > most_bytes ||
        complaint.size() > (1 << 20)) {
      throw TooMuchText{};
    }
  };
  ChildResult result;
  try {
    // The path is absolute, so it cannot be taken for an option.
    result = run_child(
        {.arguments = {"pdftotext", "-q", "-enc", "UTF-8", path, "-"}},
        {.seconds = kLongestSeconds},
        observer,
        std::move(stop));
  } catch (const TooMuchText&) {
    return Skipped{
        path,
        SkipReason::too_large,
        fmt::format("its text is longer than {}", format_size(most_bytes))};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unavailable) {
      throw;
    }
    return Skipped{
        path,
        SkipReason::pdf_reader,
        "a PDF needs pdftotext: apt-get install poppler-utils, or brew install "
        "poppler"};
  }
  if (result.end != ChildEnd::exited || result.code != 0) {
    return Skipped{
        path,
        SkipReason::broken_pdf,
        result.end == ChildEnd::timed_out ? "pdftotext did not come to an end"
                                          : fmt::format(
                                                "pdftotext cannot read it{}{}",
                                                complaint.empty() ? "" : ": ",
                                                first_line(complaint))};
  }
  if (valid_utf8_prefix(text) != text.size()) {
    return Skipped{path, SkipReason::broken_pdf, "its text is not UTF-8"};
  }
  std::ranges::replace(text, '\0', ' ');
  return text;
}

}  // namespace bantam
