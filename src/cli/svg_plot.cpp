// SPDX-License-Identifier: MIT
#include "cli/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace bantam {

namespace {

constexpr double kWidth = 720;
constexpr double kTitleHeight = 68;
constexpr double kPanelHeight = 280;
// Of a panel: what lies around its axes.
constexpr double kLeft = 64, kRight = 24, kTop = 56, kBottom = 48;
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr double kPlotHeight = kPanelHeight - kTop - kBottom;
constexpr int kTicks = 5;

// On light and dark paper. They keep a contrast of 4.5 to it, and people who
// confuse red and green tell them apart.
struct Colour {
  const char* light;
  const char* dark;
};
constexpr Colour kColours[] = {
    {"#0a58ca", "#6ea8fe"},
    {"#b35900", "#f0a35e"},
    {"#00705a", "#4fd1b5"},
    {"#8a3ffc", "#c29dff"}};

constexpr const char* kStyle = R"(.paper{fill:#fff}
.ink{fill:#1f2328}.quiet{fill:#59636e}.grid{stroke:#d1d9e0}.axis{stroke:#59636e}
.line{fill:none;stroke-width:2}text{font:13px system-ui,sans-serif}
.title{font-size:17px;font-weight:600}.panel{font-weight:600}
)";
constexpr const char* kDarkStyle = R"(@media (prefers-color-scheme:dark){
.paper{fill:#0d1117}.ink{fill:#e6edf3}.quiet{fill:#9198a1}
.grid{stroke:#30363d}.axis{stroke:#9198a1}
)";

// Rules without variables, which simple viewers do not know.
std::string style() {
  std::string light = kStyle, dark = kDarkStyle;
  for (size_t i = 0; i < std::size(kColours); ++i) {
    const auto rule = [&](const char* colour) {
      return fmt::format(
          ".c{0} .line{{stroke:{1}}}.c{0} .dot{{fill:{1}}}\n", i, colour);
    };
    light += rule(kColours[i].light);
    dark += rule(kColours[i].dark);
  }
  return "<style>\n" + light + dark + "}\n</style>\n";
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

bool is_finite(const PlotPoint& point) {
  return std::isfinite(point.x) && std::isfinite(point.y);
}

// 1, 2 or 5 times a power of ten, so that about kTicks of them reach `most`.
double tick_step(double most) {
  if (!(most > 0)) {
    return 1;
  }
  const double rough = most / kTicks;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) {
      return factor * power;
    }
  }
  return 10 * power;
}

// An axis from zero to a whole number of steps.
struct Axis {
  double step = 1;
  double end = 1;

  explicit Axis(double most)
      : step(tick_step(most)),
        end(step * std::max(1.0, std::ceil(most / step))) {}
};

class Panel {
 public:
  Panel(const PlotPanel& panel, double top)
      : panel_(panel), top_(top), x_(most(true)), y_(most(false) * 1.05) {}

  std::string draw() const {
    std::string svg = grid();
    double legend = kLeft;
    for (size_t i = 0; i < panel_.series.size(); ++i) {
      const PlotSeries& series = panel_.series[i];
      svg += fmt::format("<g class=\"c{}\">\n", i % std::size(kColours));
      svg += line(series);
      svg += fmt::format(
          "<path class=\"line\" d=\"M{:.1f} {:.1f}h20\"{}/>\n"
          "<text class=\"ink\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text></g>\n",
          legend,
          top_ + 36,
          dash(series),
          legend + 26,
          top_ + 40,
          escaped(series.name));
      // About 7 units for a character of the legend.
      legend += 50 + 7 * static_cast<double>(series.name.size());
    }
    return svg;
  }

 private:
  double most(bool of_x) const {
    double value = 0;
    for (const PlotSeries& series : panel_.series) {
      for (const PlotPoint& point : series.points) {
        if (is_finite(point)) {
          value = std::max(value, of_x ? point.x : point.y);
        }
      }
    }
    return value;
  }

  double at_x(double value) const {
    return kLeft + value / x_.end * kPlotWidth;
  }
  double at_y(double value) const {
    return top_ + kTop + (1 - value / y_.end) * kPlotHeight;
  }

  static const char* dash(const PlotSeries& series) {
    return series.dashed ? " stroke-dasharray=\"6 4\"" : "";
  }

  std::string grid() const {
    std::string svg = fmt::format(
        "<text class=\"ink panel\" x=\"{}\" y=\"{}\">{}</text>\n",
        kLeft,
        top_ + 18,
        escaped(panel_.title));
    for (double v = 0; v <= y_.end * 1.001; v += y_.step) {
      svg += fmt::format(
          "<path class=\"grid\" d=\"M{} {:.1f}h{}\"/>"
          "<text class=\"quiet\" x=\"{}\" y=\"{:.1f}\" "
          "text-anchor=\"end\">{:g}</text>\n",
          kLeft,
          at_y(v),
          kPlotWidth,
          kLeft - 8,
          at_y(v) + 4.5,
          v);
    }
    for (double v = 0; v <= x_.end * 1.001; v += x_.step) {
      svg += fmt::format(
          "<path class=\"axis\" d=\"M{:.1f} {:.1f}v5\"/>"
          "<text class=\"quiet\" x=\"{:.1f}\" y=\"{:.1f}\" "
          "text-anchor=\"middle\">{:g}</text>\n",
          at_x(v),
          at_y(0),
          at_x(v),
          at_y(0) + 20,
          v);
    }
    svg += fmt::format(
        "<path class=\"axis\" d=\"M{} {:.1f}h{}\"/>"
        "<text class=\"quiet\" x=\"{}\" y=\"{:.1f}\" "
        "text-anchor=\"middle\">{}</text>\n",
        kLeft,
        at_y(0),
        kPlotWidth,
        kLeft + kPlotWidth / 2,
        at_y(0) + 38,
        escaped(panel_.x_label));
    return svg;
  }

  std::string line(const PlotSeries& series) const {
    std::string path, marks;
    for (const PlotPoint& point : series.points) {
      if (!is_finite(point)) {
        continue;
      }
      const double x = at_x(point.x), y = at_y(point.y);
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
      if (series.dashed) {
        continue;
      }
      const bool last = point.x > x_.end * 0.95;
      marks += fmt::format(
          "<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"/>"
          "<text class=\"ink\" x=\"{:.1f}\" y=\"{:.1f}\"{}>{:.4g}</text>\n",
          x,
          y,
          last ? x : x + 6,
          y + 20,
          last ? " text-anchor=\"end\"" : "",
          point.y);
    }
    return fmt::format(
               "<path class=\"line\" d=\"{}\"{}/>\n", path, dash(series)) +
        marks;
  }

  const PlotPanel& panel_;
  double top_;
  Axis x_;
  Axis y_;
};

}  // namespace

std::string svg_plot(
    const std::string& title,
    const std::string& subtitle,
    const std::vector<PlotPanel>& panels) {
  const double height =
      kTitleHeight + kPanelHeight * static_cast<double>(panels.size());
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" "
      "width=\"{0}\" height=\"{1}\" role=\"img\">\n<title>{2}</title>\n",
      kWidth,
      height,
      escaped(title));
  svg += style();
  svg += fmt::format(
      "<rect class=\"paper\" width=\"{0}\" height=\"{1}\"/>\n"
      "<text class=\"ink title\" x=\"{2}\" y=\"30\">{3}</text>\n"
      "<text class=\"quiet\" x=\"{2}\" y=\"50\">{4}</text>\n",
      kWidth,
      height,
      kLeft,
      escaped(title),
      escaped(subtitle));
  double top = kTitleHeight;
  for (const PlotPanel& panel : panels) {
    svg += Panel(panel, top).draw();
    top += kPanelHeight;
  }
  return svg + "</svg>\n";
}

}  // namespace bantam
