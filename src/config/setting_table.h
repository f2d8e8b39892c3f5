// SPDX-License-Identifier: MIT
// The one table of settings. A new setting is a row here, and a line where its
// value is used.
#pragma once

#include <array>
#include <string_view>

#include "config/setting.h"

namespace bantam {

inline constexpr std::array kSettingSections{
    SettingSection{"model", "Which model, when the command names none"},
    SettingSection{"runtime", "What computes, and how"},
    SettingSection{"sampling", "The answer: its length, its cache, its dice"},
    SettingSection{
        "environment",
        "The machine: what it must have, and the guard"},
    SettingSection{"execution", "The conversation"},
    SettingSection{
        "retrieval",
        "Documents: their index, and what of it is shown"},
    SettingSection{"server", "Who may ask over HTTP, and how much"},
    SettingSection{"output", "What is printed and kept"},
};

namespace setting_groups {
inline constexpr std::string_view kMain = "Options";
inline constexpr std::string_view kEngine = "Engine";
inline constexpr std::string_view kMemory = "Memory";
inline constexpr std::string_view kServer = "Server";
inline constexpr std::string_view kRetrieval = "Documents";
inline constexpr std::string_view kSampling = "Sampling (in this order)";
}  // namespace setting_groups

// The order of the rows is the order in --help and in the documentation.
inline constexpr std::array kSettings{
    Setting{
        .key = "model.name",
        .flag = "--model",
        .commands = commands::kServing | commands::kPlan | commands::kBench,
        .group = setting_groups::kMain,
        .help = "A folder in MLX format, a .gguf file, a repository id in the "
                "Hugging Face cache, or smollm2 (the default)"},
    Setting{
        .key = "model.local_path",
        .commands = commands::kServing | commands::kPlan | commands::kBench,
        .help = "The model's folder or file; if it is not there, "
                "model.repository is taken"},
    Setting{
        .key = "model.repository",
        .commands = commands::kServing | commands::kPlan | commands::kBench,
        .help = "The model's repository id in the Hugging Face cache"},

    Setting{
        .key = "execution.prompt",
        .flag = "--prompt",
        .short_flag = "-p",
        .commands = commands::kOneAnswer,
        .group = setting_groups::kMain,
        .help = "The prompt; - reads stdin"},
    Setting{
        .key = "sampling.max_tokens",
        .flag = "--max-tokens",
        .short_flag = "-m",
        .kind = SettingKind::integer,
        .fallback = "256",
        .least = 1,
        .commands = commands::kAnswering,
        .group = setting_groups::kMain,
        .help = "The longest answer, in tokens"},
    Setting{
        .key = "execution.system_prompt",
        .flag = "--system-prompt",
        .commands = commands::kAnswering,
        .group = setting_groups::kMain,
        .help = "What the model is told before the prompt"},
    Setting{
        .key = "execution.prefill_response",
        .flag = "--prefill-response",
        .commands = commands::kGenerate,
        .group = setting_groups::kMain,
        .help = "The answer begins with this text"},
    Setting{
        .key = "sampling.stop",
        .flag = "--stop",
        .kind = SettingKind::texts,
        .commands = commands::kAnswering,
        .group = setting_groups::kMain,
        .help = "End the answer before this text (repeatable)"},
    Setting{
        .key = "sampling.extra_eos_token",
        .flag = "--extra-eos-token",
        .kind = SettingKind::texts,
        .form = FlagForm::greedy,
        .commands = commands::kGenerate,
        .group = setting_groups::kMain,
        .help = "Further tokens that end the answer"},
    Setting{
        .key = "execution.thinking_mode",
        .flag = "--thinking",
        .kind = SettingKind::boolean,
        .form = FlagForm::toggle,
        .fallback = "false",
        .commands = commands::kServing,
        .group = setting_groups::kMain,
        .help = "Let the model reason before it answers, if its template can"},
    Setting{
        .key = "execution.thinking_budget",
        .flag = "--thinking-budget",
        .kind = SettingKind::integer,
        .fallback = "-1",
        .least = -1,
        .commands = commands::kServing,
        .group = setting_groups::kMain,
        .help = "Close the reasoning after this many tokens; -1 never"},
    Setting{
        .key = "execution.ignore_chat_template",
        .flag = "--ignore-chat-template",
        .kind = SettingKind::boolean,
        .form = FlagForm::toggle,
        .fallback = "false",
        .commands = commands::kOneAnswer,
        .group = setting_groups::kMain,
        .help = "Use the prompt as it is, without the model's chat template"},
    Setting{
        .key = "execution.chat_template_config",
        .flag = "--chat-template-config",
        .commands = commands::kAnswering,
        .group = setting_groups::kMain,
        .placeholder = "JSON",
        .help = "JSON object of further variables for the chat template"},
    Setting{
        .key = "execution.mode",
        .kind = SettingKind::choice,
        .fallback = "single_shot",
        .choices = "single_shot chat",
        .commands = commands::kOneAnswer,
        .help = "single_shot: each prompt stands alone; chat: a conversation, "
                "which bantam chat holds"},
    Setting{
        .key = "execution.chat_history_limit",
        .flag = "--chat-history-limit",
        .kind = SettingKind::integer,
        .fallback = "10",
        .least = 0,
        .most = 1e6,
        .commands = commands::kChat,
        .group = setting_groups::kMain,
        .help = "Exchanges of a conversation that are kept; 0 keeps none"},
    Setting{
        .key = "execution.chat_history_rule",
        .flag = "--chat-history-rule",
        .kind = SettingKind::choice,
        .fallback = "trim",
        .choices = "trim reset summarize",
        .commands = commands::kChat,
        .group = setting_groups::kMain,
        .help = "At a limit, trim: the oldest exchanges go; reset: all go; "
                "summarize: all go, and a paragraph about them stays"},
    Setting{
        .key = "output.json",
        .flag = "--json",
        .kind = SettingKind::boolean,
        .form = FlagForm::toggle,
        .fallback = "false",
        .commands = commands::kAnswering | commands::kPlan | commands::kBench |
            commands::kIndex,
        .group = setting_groups::kMain,
        .help = "Print one JSON object when done, and nothing else"},
    Setting{
        .key = "output.verbose",
        .flag = "--verbose",
        .kind = SettingKind::boolean,
        .fallback = "false",
        .commands = commands::kGenerate,
        .group = setting_groups::kMain,
        .placeholder = "True|False",
        .help = "True prints speed and memory to stderr, also in a pipe"},
    Setting{
        .key = "output.receipt",
        .flag = "--receipt",
        .commands = commands::kAnswering & ~commands::kAsk,
        .group = setting_groups::kMain,
        .placeholder = "FILE",
        .help = "Write all that is needed to replay the run"},

    Setting{
        .key = "retrieval.index",
        .flag = "--index",
        .commands = commands::kSearching,
        .group = setting_groups::kRetrieval,
        .placeholder = "FILE",
        .help = "The index; without one, documents.sqlite in bantam's folder "
                "for data"},
    Setting{
        .key = "retrieval.embedding_model",
        .flag = "--embedding-model",
        .fallback = "minilm",
        .commands = commands::kSearching,
        .group = setting_groups::kRetrieval,
        .placeholder = "FOLDER",
        .help = "What embeds texts: minilm (all-MiniLM-L6-v2), or a folder of "
                "sentence-transformers with a BERT encoder"},
    Setting{
        .key = "retrieval.max_file_size",
        .flag = "--max-file-size",
        .kind = SettingKind::size,
        .fallback = "16MiB",
        .least = 1,
        .most = 1 << 30,
        .commands = commands::kIndexing,
        .group = setting_groups::kRetrieval,
        .help = "Larger files are left out"},
    Setting{
        .key = "retrieval.results",
        .flag = "--results",
        .kind = SettingKind::integer,
        .fallback = "8",
        .least = 1,
        .most = 100,
        .commands = commands::kSearching,
        .group = setting_groups::kRetrieval,
        .help = "Places that a search finds; ask shows as many of them to the "
                "model as fit"},
    Setting{
        .key = "retrieval.per_file",
        .flag = "--per-file",
        .kind = SettingKind::integer,
        .fallback = "3",
        .least = 0,
        .most = 100,
        .commands = commands::kSearching,
        .group = setting_groups::kRetrieval,
        .help = "Of them in one file, while others have any; 0: no limit"},

    Setting{
        .key = "server.host",
        .flag = "--host",
        .fallback = "127.0.0.1",
        .commands = commands::kServe,
        .group = setting_groups::kServer,
        .help = "The address to listen on; one that other machines reach needs "
                "an API key"},
    Setting{
        .key = "server.port",
        .flag = "--port",
        .kind = SettingKind::integer,
        .fallback = "8080",
        .least = 0,
        .most = 65535,
        .commands = commands::kServe,
        .group = setting_groups::kServer,
        .help = "The port to listen on; 0 takes a free one"},
    Setting{
        .key = "server.api_key",
        .flag = "--api-key",
        .secret = true,
        .commands = commands::kServe,
        .group = setting_groups::kServer,
        .placeholder = "KEY",
        .help = "What clients have to send; a flag can be seen by others on "
                "this machine, the variable BANTAM_SERVER_API_KEY cannot"},
    Setting{
        .key = "server.api_key_file",
        .flag = "--api-key-file",
        .commands = commands::kServe,
        .group = setting_groups::kServer,
        .placeholder = "FILE",
        .help = "A file whose first line is the API key"},
    Setting{
        .key = "server.parallel",
        .flag = "--parallel",
        .kind = SettingKind::integer,
        .fallback = "1",
        .least = 1,
        .most = 64,
        .commands = commands::kServe | commands::kPlan,
        .group = setting_groups::kServer,
        .help = "Requests answered at the same time, each with a cache of its "
                "own in the memory plan"},
    Setting{
        .key = "server.documents",
        .flag = "--documents",
        .kind = SettingKind::boolean,
        .form = FlagForm::toggle,
        .fallback = "false",
        .commands = commands::kServe,
        .group = setting_groups::kServer,
        .help = "Load the embedding model as well, for /v1/embeddings and "
                "/v1/ask; it is part of the memory plan"},
    Setting{
        .key = "server.queue",
        .flag = "--queue",
        .kind = SettingKind::integer,
        .fallback = "8",
        .least = 0,
        .most = 1000,
        .commands = commands::kServe,
        .group = setting_groups::kServer,
        .help = "Requests that may wait; more are told to come back later"},
    Setting{
        .key = "server.connections",
        .flag = "--connections",
        .kind = SettingKind::integer,
        .fallback = "64",
        .least = 1,
        .most = 1000,
        .commands = commands::kServe,
        .group = setting_groups::kServer,
        .help = "Connections at the same time"},
    Setting{
        .key = "server.request_timeout",
        .flag = "--request-timeout",
        .kind = SettingKind::real,
        .fallback = "3600",
        .least = 1,
        .most = 1e6,
        .commands = commands::kServe,
        .group = setting_groups::kServer,
        .placeholder = "SECONDS",
        .help = "How long a request may take, its time in the queue included; "
                "then it ends with what it has"},
    Setting{
        .key = "server.max_body",
        .flag = "--max-body",
        .kind = SettingKind::size,
        .least = 1024,
        .most = 1e9,
        .commands = commands::kServe,
        .group = setting_groups::kServer,
        .help =
            "The largest request body; left out, 32 bytes for each token of "
            "--max-kv-size, and at least 1 MiB"},

    Setting{
        .key = "sampling.logit_bias",
        .flag = "--logit-bias",
        .kind = SettingKind::texts,
        .commands = commands::kServing,
        .group = setting_groups::kSampling,
        .placeholder = "TOKEN_ID=BIAS",
        .help = "Add BIAS to that token's logit (repeatable)"},
    Setting{
        .key = "sampling.repetition_penalty",
        .flag = "--repetition-penalty",
        .kind = SettingKind::real,
        .fallback = "1",
        .least = 0.01,
        .most = 100,
        .commands = commands::kServing,
        .group = setting_groups::kSampling,
        .help = "Divide positive logits of tokens already in the answer by "
                "this"},
    Setting{
        .key = "sampling.presence_penalty",
        .flag = "--presence-penalty",
        .kind = SettingKind::real,
        .fallback = "0",
        .least = -100,
        .most = 100,
        .commands = commands::kServing,
        .group = setting_groups::kSampling,
        .help = "Take this from tokens that are in the answer"},
    Setting{
        .key = "sampling.frequency_penalty",
        .flag = "--frequency-penalty",
        .kind = SettingKind::real,
        .fallback = "0",
        .least = -100,
        .most = 100,
        .commands = commands::kServing,
        .group = setting_groups::kSampling,
        .help = "Take this from tokens for each time they are in the answer"},
    Setting{
        .key = "sampling.temperature",
        .flag = "--temp",
        .kind = SettingKind::real,
        .fallback = "0.1",
        .least = 0,
        .most = 100,
        .commands = commands::kServing,
        .group = setting_groups::kSampling,
        .help = "Temperature; 0 always takes the likeliest token"},
    Setting{
        .key = "sampling.top_k",
        .flag = "--top-k",
        .kind = SettingKind::integer,
        .fallback = "0",
        .least = 0,
        .most = 1e9,
        .commands = commands::kServing,
        .group = setting_groups::kSampling,
        .help = "Choose among this many; 0 is off"},
    Setting{
        .key = "sampling.top_p",
        .flag = "--top-p",
        .kind = SettingKind::real,
        .fallback = "1",
        .least = 0,
        .most = 1,
        .commands = commands::kServing,
        .group = setting_groups::kSampling,
        .help = "Choose among the likeliest that together reach this "
                "probability"},
    Setting{
        .key = "sampling.min_p",
        .flag = "--min-p",
        .kind = SettingKind::real,
        .fallback = "0",
        .least = 0,
        .most = 1,
        .commands = commands::kServing,
        .group = setting_groups::kSampling,
        .help = "Leave out tokens below this share of the likeliest"},
    Setting{
        .key = "sampling.seed",
        .flag = "--seed",
        .kind = SettingKind::seed,
        .fallback = "0",
        .commands = commands::kServing,
        .group = setting_groups::kSampling,
        .help = "The same seed, the same answer"},

    Setting{
        .key = "runtime.framework",
        .flag = "--framework",
        .kind = SettingKind::choice,
        .fallback = "bantam",
        .choices = "bantam mlx-lm",
        .commands = commands::kServing,
        .group = setting_groups::kEngine,
        .help = "What answers: bantam itself, or the Python package mlx-lm"},
    Setting{
        .key = "runtime.version_pin",
        .flag = "--version-pin",
        .kind = SettingKind::pin,
        .commands = commands::kServing,
        .group = setting_groups::kEngine,
        .placeholder = "RANGE",
        .help = "Versions of the framework that may answer, such as "
                "\">=0.1,<0.2\""},
    Setting{
        .key = "runtime.environments",
        .flag = "--environments",
        .commands = commands::kAnswering | commands::kEnvironments,
        .group = setting_groups::kEngine,
        .placeholder = "FOLDER",
        .help = "Where the Python environments of mlx-lm lie (bantam env); "
                "left out, in bantam's data folder"},
    Setting{
        .key = "runtime.runner_silence",
        .flag = "--runner-silence",
        .kind = SettingKind::integer,
        .fallback = "600",
        .least = 1,
        .most = 86400,
        .commands = commands::kAnswering,
        .group = setting_groups::kEngine,
        .placeholder = "SECONDS",
        .help = "How long mlx-lm may be silent (loading, reading the prompt) "
                "before it counts as hung"},
    Setting{
        .key = "sampling.max_kv_size",
        .flag = "--max-kv-size",
        .kind = SettingKind::integer,
        .fallback = "1024",
        .least = 5,
        .commands = commands::kComputing & ~commands::kBench,
        .group = setting_groups::kEngine,
        .help = "Tokens the key/value cache holds; when it is full the first "
                "4 stay and the oldest of the rest are dropped"},
    Setting{
        .key = "runtime.prefix_cache",
        .flag = "--prefix-cache",
        .kind = SettingKind::size,
        .least = 0,
        .commands = commands::kChat | commands::kServe | commands::kPlan,
        .group = setting_groups::kEngine,
        .help = "Memory for beginnings of earlier prompts; left out, what one "
                "conversation needs"},
    Setting{
        .key = "sampling.kv_bits",
        .flag = "--kv-bits",
        .kind = SettingKind::choice,
        .fallback = "16",
        .choices = "16 8 4",
        .commands = commands::kComputing,
        .group = setting_groups::kEngine,
        .help = "Bits of a number in the key/value cache; fewer take less "
                "memory and cost some accuracy (docs/memory.md)"},
    Setting{
        .key = "runtime.prefill_chunk",
        .flag = "--prefill-chunk",
        .kind = SettingKind::integer,
        .fallback = "512",
        .least = 1,
        .commands = commands::kComputing,
        .group = setting_groups::kEngine,
        .help = "Prompt tokens read at a time; the answer does not depend on "
                "it"},
    Setting{
        .key = "runtime.threads",
        .flag = "--threads",
        .kind = SettingKind::integer,
        .fallback = "0",
        .least = 0,
        .most = 4096,
        .commands = commands::kComputing | commands::kIndex,
        .group = setting_groups::kEngine,
        .help = "Threads to compute with; 0 takes the physical cores. The "
                "answer does not depend on it"},
    Setting{
        .key = "runtime.device",
        .flag = "--device",
        .kind = SettingKind::choice,
        .fallback = "cpu",
        .choices = "cpu gpu",
        .commands = commands::kComputing,
        .group = setting_groups::kEngine,
        .help = "Where to compute"},
    Setting{
        .key = "runtime.kernels",
        .flag = "--kernels",
        .kind = SettingKind::choice,
        .fallback = "native",
        .choices = "native portable mlx",
        .commands = commands::kComputing,
        .group = setting_groups::kEngine,
        .help = "native: bantam's own; portable: the same without any "
                "instruction set, slow; mlx: stock MLX operations, as on a "
                "GPU (slow on a CPU)"},

    Setting{
        .key = "environment.ram",
        .flag = "--ram",
        .kind = SettingKind::size,
        .least = 1,
        .commands = commands::kComputing | commands::kIndex,
        .group = setting_groups::kMemory,
        .help = "Plan as if the machine had this much memory"},
    Setting{
        .key = "environment.budget",
        .flag = "--budget",
        .kind = SettingKind::size,
        .least = 1,
        .commands = commands::kComputing | commands::kIndex,
        .group = setting_groups::kMemory,
        .help = "The most memory a run may take"},
    Setting{
        .key = "environment.clean_room",
        .flag = "--allow-dirty",
        .kind = SettingKind::boolean,
        .form = FlagForm::toggle,
        .fallback = "true",
        .flag_negates = true,
        .commands = commands::kServing | commands::kBench | commands::kIndex,
        .group = setting_groups::kMemory,
        .help = "Start although heavy applications run or the machine swaps "
                "(turns environment.clean_room off)"},
    Setting{
        .key = "environment.memory_pressure_threshold",
        .kind = SettingKind::choice,
        .fallback = "yellow",
        .choices = "yellow red",
        .commands = commands::kServing,
        .help = "The pressure from which a run is stopped after 10 s"},
    Setting{
        .key = "environment.abort_on_swap",
        .kind = SettingKind::choice,
        .fallback = "true",
        .choices = "true false strict",
        .commands = commands::kServing,
        .help =
            "Stop a run whose memory goes to swap, or makes others' go there; "
            "strict: whenever swap grows"},
    Setting{
        .key = "environment.memory_source",
        .flag = "--memory-source",
        .fallback = "live",
        .commands = commands::kServing | commands::kPlan,
        .group = setting_groups::kMemory,
        .placeholder = "live|replay:FILE",
        .help = "What the guard watches: this machine, or a recorded trace"},
    Setting{
        .key = "environment.record_memory",
        .flag = "--record-memory",
        .commands = commands::kServing,
        .group = setting_groups::kMemory,
        .placeholder = "FILE",
        .help = "Write what the guard sees, as a trace"},
};

}  // namespace bantam
