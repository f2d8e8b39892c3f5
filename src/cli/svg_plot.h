// SPDX-License-Identifier: MIT
// Line plots as one self-contained SVG file, readable on light and dark
// backgrounds.
#pragma once

#include <string>
#include <vector>

namespace bantam {

struct PlotPoint {
  double x = 0;
  double y = 0;
};

struct PlotSeries {
  std::string name;
  std::vector<PlotPoint> points;  // x ascending
  bool dashed = false;            // a limit, not a measurement
};

/// One pair of axes. Both start at zero.
struct PlotPanel {
  std::string title;
  std::string x_label;
  std::vector<PlotSeries> series;
};

/// Panels below each other, under a title and a line that says more. Text is
/// escaped. Values that are no finite number are left out.
std::string svg_plot(
    const std::string& title,
    const std::string& subtitle,
    const std::vector<PlotPanel>& panels);

}  // namespace bantam
