// SPDX-License-Identifier: MIT
#include "advise/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "advise/local_plans.h"
#include "base/size.h"

namespace bantam {

namespace {

// What "long documents" means in estimates.
constexpr double kDocumentTokens = 100'000;

struct NamedTask {
  Task task;
  std::string_view name;
};

constexpr std::array kTasks{
    NamedTask{Task::daily, "daily"},
    NamedTask{Task::reasoning, "reasoning"},
    NamedTask{Task::documents, "documents"},
    NamedTask{Task::batch, "batch"},
    NamedTask{Task::creative, "creative"}};

class Advisor {
 public:
  Advisor(Task task, const AdviceMachine& machine, const Catalogue& catalogue)
      : task_(task), machine_(machine), catalogue_(catalogue) {}

  Advice advise(const std::vector<Candidate>& candidates) {
    Advice advice{.task = task_, .machine = machine_};
    std::vector<LocalPlan> plans;
    for (const Candidate& candidate : candidates) {
      auto planned = plan_candidate(task_, machine_, candidate);
      if (auto* local = std::get_if<LocalPlan>(&planned)) {
        plans.push_back(std::move(*local));
      } else {
        advice.refused.push_back(std::get<Refusal>(std::move(planned)));
      }
    }
    plans = ranked(std::move(plans));
    advice.refused = worth_a_line(std::move(advice.refused), plans);
    advice.approaches = approaches(plans, candidates);
    return advice;
  }

 private:
  std::vector<Approach> approaches(
      const std::vector<LocalPlan>& plans,
      const std::vector<Candidate>& candidates) const {
    constexpr size_t kMostLocal = 3;
    std::vector<Approach> list;
    if (task_ == Task::batch || plans.empty()) {
      list.push_back(cloud(candidates));
    }
    if (task_ == Task::documents && !plans.empty()) {
      list.push_back(retrieval(plans.front()));
      list.push_back(long_context(plans));
    } else {
      for (size_t i = 0; i < std::min(kMostLocal, plans.size()); ++i) {
        list.push_back(local(plans[i]));
      }
    }
    if (task_ != Task::batch && !plans.empty()) {
      list.push_back(cloud(candidates));
    }
    return list;
  }

  RunSettings settings_for(const LocalPlan& plan) const {
    RunSettings settings{.max_kv_size = plan.kv_tokens};
    switch (task_) {
      case Task::reasoning:
        settings.thinking = plan.candidate.thinking;
        settings.temperature = 0.6;
        settings.max_tokens = plan.kv_tokens - 1024;
        break;
      case Task::creative:
        settings.temperature =
            plan.headroom_bytes >= kWarmHeadroomBytes ? 0.8 : 0.3;
        settings.max_tokens = 1024;
        break;
      case Task::documents:
        settings.max_tokens = 512;
        break;
      default:
        break;
    }
    return settings;
  }

  static std::string flags(const RunSettings& settings) {
    return fmt::format(
        "--max-kv-size {} --max-tokens {} --temp {}{}",
        settings.max_kv_size,
        settings.max_tokens,
        settings.temperature,
        settings.thinking ? " --thinking" : "");
  }

  // What every approach with a local model says.
  void explain_local(const LocalPlan& plan, Approach& approach) const {
    const Candidate& candidate = plan.candidate;
    const auto say = [&](std::string sentence, const char* id) {
      approach.why.push_back(std::move(sentence));
      approach.rules.emplace_back(id);
    };
    say(fmt::format(
            "takes {} of a budget of {}: {} of weights, {} of keys and values "
            "for {} tokens",
            format_gib(plan.plan.total_bytes()),
            format_gib(machine_.budget.bytes),
            format_gib(candidate.shape.weight_bytes),
            format_gib(plan.plan.bytes_of(MemoryClass::kv)),
            plan.kv_tokens),
        "fits-with-reserve");
    say(fmt::format(
            "about {:.1f} tokens/s: a token reads {:.1f} GB (weights, cache, "
            "state) at {:.0f} % of {:.0f} GB/s",
            plan.tokens_per_second,
            static_cast<double>(bytes_of_token(candidate, plan.kv_tokens)) /
                1e9,
            100 * reached_share(machine_.bytes_per_second),
            machine_.bytes_per_second / 1e9),
        "bandwidth-is-speed");
    if (candidate.kept < 1) {
      say(fmt::format(
              "{} keeps about {:.0f} % of the model's abilities",
              candidate.quantization,
              100 * candidate.kept),
          candidate.kept < kLeastKept  ? "two-bits-last"
              : candidate.kept < 0.9   ? "three-bits-on-16"
              : candidate.kept < 0.985 ? "four-bits-from-24"
                                       : "near-equal-prefers-speed");
    }
    if (plan.embedding_on_cpu || !plan.gpu_limit_command.empty()) {
      say(fmt::format(
              "the input embedding ({}) may stay with the CPU, which bantam "
              "does by itself",
              format_gib(candidate.shape.embedding_bytes)),
          "embedding-on-cpu");
    }
    if (!plan.gpu_limit_command.empty()) {
      say(fmt::format(
              "the GPU may hold {} by default, and {} are needed; first run: "
              "{}",
              format_gib(machine_.budget.gpu_bytes.value_or(0)),
              format_gib(plan.plan.gpu_bytes(candidate.shape, true)),
              plan.gpu_limit_command),
          "raise-gpu-limit");
    }
    if (plan.kv_tokens <= 4096) {
      say(fmt::format("a short history of {} tokens", plan.kv_tokens),
          "short-context-on-16");
    }
  }

  Approach local(const LocalPlan& plan) const {
    const Candidate& candidate = plan.candidate;
    Approach approach{
        .kind = ApproachKind::local,
        .title = fmt::format(
            "{} at {} on this machine",
            candidate.model,
            candidate.quantization),
        .local = plan,
        .settings = settings_for(plan)};
    explain_local(plan, approach);
    if (approach.settings.thinking) {
      approach.why.push_back(
          fmt::format(
              "thinking on; {} tokens of thoughts take {:.0f} minutes",
              approach.settings.max_tokens,
              static_cast<double>(approach.settings.max_tokens) /
                  plan.tokens_per_second / 60));
      approach.rules.emplace_back("thinking-only-for-reasoning");
    } else if (task_ == Task::creative) {
      approach.why.push_back(
          fmt::format(
              "temperature {}: {} stay free beside the plan",
              approach.settings.temperature,
              format_gib(plan.headroom_bytes)));
      approach.rules.emplace_back("warm-needs-headroom");
    } else {
      approach.why.emplace_back(
          "thinking off and a low temperature: short, repeatable answers");
      approach.rules.emplace_back("thinking-only-for-reasoning");
      approach.rules.emplace_back("low-temperature");
    }
    if (task_ == Task::batch) {
      approach.why.push_back(
          fmt::format(
              "a million tokens of answers take {:.0f} hours",
              1e6 / plan.tokens_per_second / 3600));
      approach.rules.emplace_back("cloud-for-throughput");
    }
    approach.command = fmt::format(
        "bantam {} {} {}",
        task_ == Task::batch ? "batch JOBS.jsonl --model" : "run",
        candidate.reference,
        task_ == Task::batch ? flags(approach.settings)
                             : "PROMPT " + flags(approach.settings));
    return approach;
  }

  Approach retrieval(const LocalPlan& plan) const {
    Approach approach{
        .kind = ApproachKind::retrieval,
        .title = fmt::format(
            "retrieval over the documents, answered by {} at {}",
            plan.candidate.model,
            plan.candidate.quantization),
        .local = plan,
        .settings = settings_for(plan)};
    const double passages = static_cast<double>(plan.kv_tokens) / 2;
    approach.why.push_back(
        fmt::format(
            "reading {:.0f} tokens whole would take {:.0f} minutes at {:.0f} "
            "tokens/s, {:.0f} tokens of passages take {:.0f} seconds",
            kDocumentTokens,
            kDocumentTokens / plan.prefill_tokens_per_second / 60,
            plan.prefill_tokens_per_second,
            passages,
            passages / plan.prefill_tokens_per_second));
    approach.rules.emplace_back("retrieval-for-documents");
    explain_local(plan, approach);
    approach.command = fmt::format(
        "bantam ask {} QUESTION --docs FOLDER {}",
        plan.candidate.reference,
        flags(approach.settings));
    return approach;
  }

  // The model that can hold the most of a document.
  Approach long_context(const std::vector<LocalPlan>& plans) const {
    const LocalPlan& largest = *std::ranges::max_element(
        plans, {}, [](const LocalPlan& p) { return p.max_context_tokens; });
    const LocalPlan most =
        with_cache(largest, machine_, largest.max_context_tokens);
    Approach approach{
        .kind = ApproachKind::long_context,
        .title = fmt::format(
            "the document in the context of {} at {}",
            most.candidate.model,
            most.candidate.quantization),
        .local = most,
        .settings = settings_for(most)};
    approach.why.push_back(
        fmt::format(
            "at most {} tokens fit; reading {:.0f} of them takes {:.0f} "
            "minutes",
            most.max_context_tokens,
            std::min(
                kDocumentTokens, static_cast<double>(most.max_context_tokens)),
            std::min(
                kDocumentTokens, static_cast<double>(most.max_context_tokens)) /
                most.prefill_tokens_per_second / 60));
    approach.rules.emplace_back("retrieval-for-documents");
    explain_local(most, approach);
    approach.command = fmt::format(
        "bantam run {} - {} < DOCUMENT",
        most.candidate.reference,
        flags(approach.settings));
    return approach;
  }

  // The strongest candidate, in eight bits, for many answers at a time.
  Approach cloud(const std::vector<Candidate>& candidates) const {
    const CatalogueCloud& cloud = catalogue_.cloud;
    Approach approach{
        .kind = ApproachKind::cloud,
        .title = fmt::format("a cloud GPU ({})", cloud.gpu)};
    if (!candidates.empty()) {
      const Candidate& best = *std::ranges::max_element(
          candidates, {}, [](const Candidate& c) { return c.strength(); });
      const double bytes = static_cast<double>(best.active_parameters);
      const double speed =
          cloud.efficiency * cloud.batch * cloud.bytes_per_second / bytes;
      approach.cloud = CloudEstimate{
          .gpu = cloud.gpu,
          .model = best.model,
          .tokens_per_second = speed,
          .dollars_per_million = cloud.dollars_per_hour / 3600 / speed * 1e6};
      approach.why.push_back(
          fmt::format(
              "{} in 8 bits, {:.0f} answers at a time: about {:.0f} tokens/s "
              "in all, {:.2f} dollars for a million tokens at {} dollars an "
              "hour",
              best.model,
              cloud.batch,
              speed,
              approach.cloud->dollars_per_million,
              cloud.dollars_per_hour));
    }
    approach.why.emplace_back(
        "prompts and answers leave this machine: not for confidential text");
    approach.rules = {"cloud-for-throughput", "local-for-privacy"};
    approach.command = task_ == Task::documents
        ? "bantam ask --endpoint URL QUESTION --docs FOLDER"
        : "bantam batch JOBS.jsonl --endpoint URL";
    return approach;
  }

  const Task task_;
  const AdviceMachine& machine_;
  const Catalogue& catalogue_;
};

}  // namespace

std::string_view task_name(Task task) {
  for (const NamedTask& named : kTasks) {
    if (named.task == task) {
      return named.name;
    }
  }
  return "";
}

std::optional<Task> task_of(std::string_view name) {
  for (const NamedTask& named : kTasks) {
    if (named.name == name) {
      return named.task;
    }
  }
  return std::nullopt;
}

std::string_view approach_name(ApproachKind kind) {
  switch (kind) {
    case ApproachKind::local:
      return "local";
    case ApproachKind::retrieval:
      return "retrieval";
    case ApproachKind::long_context:
      return "long_context";
    default:
      return "cloud";
  }
}

Advice advise(
    Task task,
    const AdviceMachine& machine,
    const std::vector<Candidate>& candidates,
    const Catalogue& catalogue) {
  return Advisor(task, machine, catalogue).advise(candidates);
}

std::string configuration_text(const Approach& approach) {
  if (!approach.local) {
    return "";
  }
  const RunSettings& settings = approach.settings;
  return fmt::format(
      "model:\n"
      "  repository: \"{}\"\n"
      "runtime:\n"
      "  framework: \"bantam\"\n"
      "sampling:\n"
      "  temperature: {}\n"
      "  max_tokens: {}\n"
      "  max_kv_size: {}\n"
      "environment:\n"
      "  clean_room: true\n"
      "  memory_pressure_threshold: \"yellow\"\n"
      "  abort_on_swap: true\n"
      "execution:\n"
      "  mode: \"single_shot\"\n"
      "  chat_history_limit: 0\n"
      "  thinking_mode: {}\n",
      approach.local->candidate.reference,
      settings.temperature,
      settings.max_tokens,
      settings.max_kv_size,
      settings.thinking);
}

}  // namespace bantam
