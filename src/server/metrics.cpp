// SPDX-License-Identifier: MIT
#include "server/metrics.h"

#include <fmt/format.h>

namespace bantam {

namespace {

class MetricsPage {
 public:
  void head(
      std::string_view name,
      std::string_view kind,
      std::string_view help) {
    text_ += fmt::format(
        "# HELP bantam_{0} {2}\n# TYPE bantam_{0} {1}\n", name, kind, help);
  }
  void value(std::string_view name, std::string_view labels, double number) {
    text_ += fmt::format("bantam_{}{} {:g}\n", name, labels, number);
  }
  void count(std::string_view name, std::string_view labels, int64_t number) {
    text_ += fmt::format("bantam_{}{} {}\n", name, labels, number);
  }
  void gauge(std::string_view name, std::string_view help, int64_t number) {
    head(name, "gauge", help);
    count(name, "", number);
  }
  void counter(std::string_view name, std::string_view help, int64_t number) {
    head(name, "counter", help);
    count(name, "", number);
  }
  void histogram(
      std::string_view name,
      std::string_view help,
      const LatencyHistogram& histogram) {
    head(name, "histogram", help);
    int64_t sum = 0;
    for (size_t i = 0; i < histogram.counts.size(); ++i) {
      sum += histogram.counts[i];
      const std::string bound = i < kLatencyBuckets.size()
          ? fmt::format("{:g}", kLatencyBuckets[i])
          : "+Inf";
      count(
          fmt::format("{}_bucket", name),
          fmt::format("{{le=\"{}\"}}", bound),
          sum);
    }
    value(fmt::format("{}_sum", name), "", histogram.sum_s);
    count(fmt::format("{}_count", name), "", histogram.count);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

Json number_or_null(const std::optional<int64_t>& number) {
  return number ? Json(*number) : Json();
}

Json sample_json(const MemorySample& sample) {
  return {
      {"t_s", sample.t_s},
      {"pressure", pressure_name(sample.pressure)},
      {"total_bytes", number_or_null(sample.total_bytes)},
      {"available_bytes", number_or_null(sample.available_bytes)},
      {"swap_used_bytes", number_or_null(sample.swap_used_bytes)},
      {"own_bytes", number_or_null(sample.own_footprint_bytes)}};
}

int64_t total(const std::map<std::string, int64_t>& counts) {
  int64_t sum = 0;
  for (const auto& [key, count] : counts) {
    sum += count;
  }
  return sum;
}

}  // namespace

std::string metrics_text(
    const ServerState& state,
    const ServedModel& model,
    const MachineWatch& watch) {
  MetricsPage page;
  const ServerCounts& counts = state.counts;
  page.gauge(
      "requests_running", "Requests being answered.", state.load.running);
  page.gauge("requests_waiting", "Requests in the queue.", state.load.waiting);
  page.gauge("connections", "Open connections.", state.connections);
  page.head("http_requests_total", "counter", "Answers by route and status.");
  for (const auto& [key, count] : counts.requests) {
    page.count(
        "http_requests_total",
        fmt::format("{{route=\"{}\",status=\"{}\"}}", key.first, key.second),
        count);
  }
  page.head("refused_total", "counter", "Requests refused before any work.");
  for (const auto& [reason, count] : counts.refused) {
    page.count(
        "refused_total", fmt::format("{{reason=\"{}\"}}", reason), count);
  }
  page.head("answers_total", "counter", "Answers by finish reason.");
  for (const auto& [reason, count] : counts.finished) {
    page.count(
        "answers_total", fmt::format("{{reason=\"{}\"}}", reason), count);
  }
  page.counter(
      "client_hang_ups_total",
      "Clients that left before their answer ended.",
      counts.hung_up);
  page.counter(
      "prompt_tokens_total", "Prompt tokens read.", counts.prompt_tokens);
  page.counter(
      "completion_tokens_total", "Tokens written.", counts.completion_tokens);
  page.histogram(
      "first_token_seconds",
      "From a request to its first token, queue included.",
      counts.first_token);
  page.histogram(
      "request_seconds", "From a request to its last token.", counts.whole);
  page.head("decode_tokens_per_second", "gauge", "Of the last answer.");
  page.value("decode_tokens_per_second", "", counts.decode_tps);
  page.head("prefill_tokens_per_second", "gauge", "Of the last answer.");
  page.value("prefill_tokens_per_second", "", counts.prefill_tps);

  const MemorySample sample = watch.latest();
  page.gauge(
      "memory_pressure",
      "0 unknown, 1 green, 2 yellow, 3 red.",
      static_cast<int64_t>(sample.pressure));
  const auto bytes =
      [&](const char* name, const char* help, const auto& value) {
        if (value) {
          page.gauge(name, help, *value);
        }
      };
  bytes("process_bytes", "Memory of this process.", sample.own_footprint_bytes);
  bytes(
      "available_bytes",
      "What the machine could still give.",
      sample.available_bytes);
  bytes("swap_used_bytes", "Swap of the machine.", sample.swap_used_bytes);
  page.gauge(
      "kv_budget_tokens",
      "Tokens of one request's prompt and answer.",
      model.budget_tokens);
  if (model.plan.contains("total_bytes")) {
    page.gauge(
        "planned_bytes",
        "The plan, made at start.",
        model.plan["total_bytes"].get<int64_t>());
  }
  return page.take();
}

Json status_json(
    const ServerState& state,
    const ServedModel& model,
    const MachineWatch& watch,
    size_t history) {
  const ServerCounts& counts = state.counts;
  const std::optional<std::string> refusal = watch.refusal();
  Json samples = Json::array();
  for (const MemorySample& sample : watch.history(history)) {
    samples.push_back(sample_json(sample));
  }
  int64_t answered = 0;
  for (const auto& [key, count] : counts.requests) {
    answered += count;
  }
  return {
      {"model", model.id},
      {"budget_tokens", model.budget_tokens},
      {"plan", model.plan},
      {"uptime_s", state.uptime_s},
      {"draining", state.draining},
      {"refusing", refusal ? Json(*refusal) : Json()},
      {"now", sample_json(watch.latest())},
      {"history", std::move(samples)},
      {"requests",
       {{"running", state.load.running},
        {"waiting", state.load.waiting},
        {"connections", state.connections},
        {"http", answered},
        {"answers", total(counts.finished)},
        {"refused", total(counts.refused)},
        {"hung_up", counts.hung_up}}},
      {"tokens",
       {{"prompt", counts.prompt_tokens},
        {"completion", counts.completion_tokens}}},
      {"speed",
       {{"decode_tps", counts.decode_tps},
        {"prefill_tps", counts.prefill_tps}}}};
}

}  // namespace bantam
