// SPDX-License-Identifier: MIT
#include "cli/bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/size.h"
#include "cli/svg_plot.h"
#include "cli/table.h"

namespace bantam {

namespace {

// Of an even number the mean of the middle two; nullopt of none.
std::optional<double> median(std::vector<double> values) {
  if (values.empty()) {
    return std::nullopt;
  }
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle]
                                : (values[middle - 1] + values[middle]) / 2;
}

double decode_tps(const BenchPoint& point) {
  return median(point.decode_tps).value_or(0);
}

double read_rate(const BenchPoint& point) {
  return decode_tps(point) * static_cast<double>(point.read_bytes);
}

double bus_share(const BenchReport& report, const BenchPoint& point) {
  return report.bus_bytes_per_s > 0 ? read_rate(point) / report.bus_bytes_per_s
                                    : 0;
}

// The peak less the plan, as a share of the plan.
double plan_error(const BenchPoint& point) {
  return static_cast<double>(point.peak_bytes - point.planned_bytes) /
      static_cast<double>(std::max<int64_t>(1, point.planned_bytes));
}

std::string title(const BenchReport& report) {
  return fmt::format("{} ({})", report.model, report.quantization);
}

std::string setting(const BenchReport& report) {
  return fmt::format(
      "{} threads, kernels {}, cache of {} bits",
      report.threads,
      report.kernels,
      report.kv_bits);
}

}  // namespace

std::string bench_text(const BenchReport& report) {
  std::vector<std::vector<std::string>> columns{
      {"context"},
      {"prefill tok/s"},
      {"decode tok/s"},
      {"GB/s read"},
      {"of the bus"},
      {"peak memory"},
      {"plan"},
      {"off by"}};
  for (const BenchPoint& point : report.points) {
    const auto prefill = median(point.prefill_tps);
    const std::string cells[] = {
        fmt::format("{}", point.context_tokens),
        prefill ? fmt::format("{:.1f}", *prefill) : "-",
        fmt::format("{:.1f}", decode_tps(point)),
        fmt::format("{:.1f}", read_rate(point) / 1e9),
        fmt::format("{:.0f} %", 100 * bus_share(report, point)),
        format_size(point.peak_bytes),
        format_size(point.planned_bytes),
        fmt::format("{:+.1f} %", 100 * plan_error(point))};
    for (size_t i = 0; i < columns.size(); ++i) {
      columns[i].push_back(cells[i]);
    }
  }
  return fmt::format(
      "{}, {}\n\n{}\nmedians of {} rounds, {} tokens decoded in each; memory "
      "bus "
      "{:.1f} GB/s\n",
      title(report),
      setting(report),
      columns_text(columns),
      report.rounds,
      report.tokens,
      report.bus_bytes_per_s / 1e9);
}

Json bench_json(const BenchReport& report) {
  Json points = Json::array();
  for (const BenchPoint& point : report.points) {
    const auto prefill = median(point.prefill_tps);
    points.push_back(
        {{"context_tokens", point.context_tokens},
         {"prefill_tps", prefill ? Json(*prefill) : Json()},
         {"decode_tps", decode_tps(point)},
         {"prefill_tps_rounds", point.prefill_tps},
         {"decode_tps_rounds", point.decode_tps},
         {"read_bytes_per_token", point.read_bytes},
         {"bus_share", bus_share(report, point)},
         {"planned_bytes", point.planned_bytes},
         {"peak_bytes", point.peak_bytes}});
  }
  return {
      {"model", report.model},
      {"quantization", report.quantization},
      {"kernels", report.kernels},
      {"threads", report.threads},
      {"kv_bits", report.kv_bits},
      {"rounds", report.rounds},
      {"decoded_tokens", report.tokens},
      {"bus_bytes_per_second", report.bus_bytes_per_s},
      {"points", points}};
}

std::string bench_csv(const BenchReport& report) {
  std::string text =
      "context_tokens,prefill_tps,decode_tps,read_bytes_per_token,bus_share,"
      "planned_bytes,peak_bytes\n";
  for (const BenchPoint& point : report.points) {
    const auto prefill = median(point.prefill_tps);
    text += fmt::format(
        "{},{},{:.3f},{},{:.4f},{},{}\n",
        point.context_tokens,
        prefill ? fmt::format("{:.3f}", *prefill) : "",
        decode_tps(point),
        point.read_bytes,
        bus_share(report, point),
        point.planned_bytes,
        point.peak_bytes);
  }
  return text;
}

std::string bench_svg(const BenchReport& report) {
  PlotSeries decode{.name = "decode", .points = {}};
  PlotSeries bus{.name = "the memory bus allows", .points = {}, .dashed = true};
  PlotSeries prefill{.name = "prefill", .points = {}};
  for (const BenchPoint& point : report.points) {
    const auto x = static_cast<double>(point.context_tokens);
    decode.points.push_back({x, decode_tps(point)});
    bus.points.push_back(
        {x, report.bus_bytes_per_s / static_cast<double>(point.read_bytes)});
    if (const auto tps = median(point.prefill_tps)) {
      prefill.points.push_back({x, *tps});
    }
  }
  std::vector<PlotPanel> panels{
      {.title = "Decode, tokens per second",
       .x_label = "tokens of context",
       .series = {decode, bus}}};
  if (!prefill.points.empty()) {
    panels.push_back(
        {.title = "Prefill, tokens per second",
         .x_label = "tokens of prompt",
         .series = {prefill}});
  }
  return svg_plot(title(report), setting(report), panels);
}

}  // namespace bantam
