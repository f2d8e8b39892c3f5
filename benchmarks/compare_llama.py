#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bantam beside llama.cpp: the same file, the same machine, taking turns.

  compare_llama.py [--rounds N] [--threads N] [--json FILE] [--record]
                   [--model FILE.gguf] [--prefill N] [--decode N] [--no-cold]

The machine's speed drifts, so the two run alternately, N rounds, and the
medians are compared; only the ratios mean something elsewhere. llama.cpp is
built once, under build/bench, from the source package that pins.txt names, for
this very processor (GGML_NATIVE). Decoding and prefill are its own llama-bench
(warmed up); bantam is timed in a fresh process each time, by its own --json.
The cold runs start both as a user would: a process, one prompt, 64 tokens.
"""

import argparse
import json
import os
import platform
import pty
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "build" / "bench"
MODEL = ROOT / "build" / "models" / "smollm2.gguf"
BANTAM = ROOT / "build" / "bantam"

COLD_TOKENS = 64
# Raw text, no chat template: the same tokens for both.
PROMPT = "Here is a long story about a lighthouse keeper and the sea. It was"
LIMIT_S = 300

LLAMA_OPTIONS = {
    "CMAKE_BUILD_TYPE": "Release",
    "GGML_NATIVE": "ON",
    "LLAMA_CURL": "OFF",
    "LLAMA_OPENSSL": "OFF",
    "LLAMA_BUILD_TESTS": "OFF",
    "LLAMA_BUILD_UI": "OFF",
}
# Some virtual machines advertise AMX and then forbid its use: SIGSEGV at
# ldtilecfg. Without these it uses AVX-512, as it does on most machines.
NO_AMX = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"


def die(message):
    sys.exit(f"compare_llama: {message}")


def output_of(command, **options):
    """stdout of a command that must succeed."""
    run = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL if "input" not in options else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=LIMIT_S,
        **options,
    )
    if run.returncode != 0:
        line = " ".join(str(part) for part in command)
        error = run.stderr.decode(errors="replace")[-2000:]
        die(f"`{line}` ended with {run.returncode}:\n{error}")
    return run.stdout


# --- llama.cpp ---------------------------------------------------------------


def configure_and_build(source, build, extra_flags):
    options = dict(LLAMA_OPTIONS)
    if extra_flags:
        options["CMAKE_C_FLAGS"] = extra_flags
        options["CMAKE_CXX_FLAGS"] = extra_flags
    command = ["cmake", "-G", "Ninja", "-S", source, "-B", build]
    command += [f"-D{key}={value}" for key, value in options.items()]
    with open(BENCH / "configure.log", "wb") as log:
        if subprocess.run(command, stdout=log, stderr=log).returncode != 0:
            die(f"configuring llama.cpp failed; see {log.name}")
    targets = ["llama-bench", "llama-completion"]
    subprocess.run(["ninja", "-C", build, *targets], check=True)


def crashes(build):
    """Whether the llama-bench just built dies of a signal here."""
    run = subprocess.run(
        [build / "bin" / "llama-bench", "-m", MODEL, "-p", "64", "-n", "2"]
        + ["-r", "1", "-t", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=LIMIT_S,
    )
    return run.returncode in (-signal.SIGSEGV, -signal.SIGILL)


def build_llama():
    """The folder of llama.cpp's programs, built on the first call."""
    source = BENCH / "llama-source"
    fetch = [sys.executable, ROOT / "scripts" / "fetch.py"]
    subprocess.run(
        [*fetch, "unpack", "llama-cpp-python", source], check=True
    )
    tree, = source.glob("llama_cpp_python-*/vendor/llama.cpp")
    build = BENCH / "llama"
    done = BENCH / "llama-built"
    stamp = (source / ".pinned-sha256").read_text()
    if done.exists() and done.read_text().split()[:1] == [stamp]:
        return build / "bin", done.read_text()[len(stamp) :].strip()
    print("Building llama.cpp for this processor (about 4 minutes)", flush=True)
    flags = ""
    configure_and_build(tree, build, flags)
    if crashes(build) and platform.machine() == "x86_64":
        print("It crashes here with AMX; building without", flush=True)
        flags = NO_AMX
        configure_and_build(tree, build, flags)
        if crashes(build):
            die("llama-bench still crashes; compare on another machine")
    done.write_text(f"{stamp} {flags}")
    return build / "bin", flags


def llama_speeds(programs, options):
    command = [programs / "llama-bench", "-m", options.model]
    command += ["-t", options.threads]
    command += ["-p", options.prefill, "-n", options.decode, "-r", 1]
    results = json.loads(output_of([*command, "-o", "json"]))
    speeds = {}
    for result in results:
        kind = "prefill" if result["n_prompt"] else "decode"
        speeds[kind] = result["avg_ts"]
    return speeds


def llama_cold_command(programs, options):
    command = [programs / "llama-completion", "-m", options.model]
    command += ["-t", options.threads]
    command += ["-p", PROMPT, "-n", COLD_TOKENS, "-c", 1024, "--temp", 0]
    # --no-warmup: its quickest start. Both keep 1024 tokens of cache.
    command += ["--ignore-eos", "--no-warmup", "--no-display-prompt"]
    return [*command, "-no-cnv"]


# --- bantam ------------------------------------------------------------------


def bantam_command(options, tokens, *more):
    command = [BANTAM, "generate", "--model", options.model]
    command += ["--threads", options.threads]
    command += ["--ignore-chat-template", "--max-tokens", tokens, "--temp", 0]
    return [*command, *more]


def end_tokens(model):
    """Flags that keep bantam from ending its answer early."""
    ids = []
    for text in ("<|im_end|>", "<|endoftext|>"):
        command = [BANTAM, "debug", "tokenize", model, text]
        ids += json.loads(output_of(command))["ids"]
    flags = []
    for token in ids:
        flags += ["--logit-bias", f"{token}=-1000"]
    return flags


def prefill_text(options):
    """A text of exactly so many tokens, as bantam counts them."""
    words = "the keeper climbed down and looked at the cold grey sea ".split()
    low, high = 1, 2 * options.prefill
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        while low < high:
            count = (low + high) // 2
            text = " ".join(words[i % len(words)] for i in range(count))
            file.seek(0)
            file.truncate()
            file.write(text)
            file.flush()
            command = [BANTAM, "debug", "tokenize", options.model]
            command += ["--file", file.name]
            tokens = len(json.loads(output_of(command))["ids"])
            if tokens == options.prefill:
                return text
            if tokens < options.prefill:
                low = count + 1
            else:
                high = count
    # Words of several tokens step over the number; single letters do not.
    for letters in range(2 * options.prefill):
        text = " ".join(words[i % len(words)] for i in range(low - 1))
        text += "x" * letters
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text)
            file.flush()
            command = [BANTAM, "debug", "tokenize", options.model]
            command += ["--file", file.name]
            tokens = len(json.loads(output_of(command))["ids"])
        if tokens == options.prefill:
            return text
        if tokens > options.prefill:
            break
    die(f"found no text of exactly {options.prefill} tokens")


def bantam_decode(options, no_end):
    command = bantam_command(
        options, options.decode, "--json", "--prompt", PROMPT, *no_end
    )
    result = json.loads(output_of(command))
    made = result["usage"]["completion_tokens"]
    if made != options.decode:
        die(f"bantam made {made} tokens instead of {options.decode}")
    return result["timing"]["decode_tps"]


def bantam_prefill(options, text):
    command = bantam_command(options, 1, "--json", "--prompt", "-")
    result = json.loads(output_of(command, input=text.encode()))
    tokens = result["usage"]["prompt_tokens"]
    if tokens != options.prefill:
        die(f"the prompt had {tokens} tokens instead of {options.prefill}")
    return tokens / result["timing"]["prefill_s"]


# --- cold runs ---------------------------------------------------------------


@dataclass
class ColdRun:
    first_token_s: float
    total_s: float
    peak_bytes: int


def cold_run(command):
    """Runs a program from its start to its end, its answer going to a
    terminal, so that both write each token as it comes."""
    command = [str(part) for part in command]
    reader, terminal = pty.openpty()
    null = os.open(os.devnull, os.O_RDWR)
    actions = [
        (os.POSIX_SPAWN_DUP2, null, 0),
        (os.POSIX_SPAWN_DUP2, terminal, 1),
        (os.POSIX_SPAWN_DUP2, null, 2),
        (os.POSIX_SPAWN_CLOSE, reader),
    ]
    start = time.monotonic()
    process = os.posix_spawn(
        command[0], command, os.environ, file_actions=actions
    )
    os.close(terminal)
    first = None
    try:
        while block := os.read(reader, 4096):
            if first is None and block.strip():
                first = time.monotonic() - start
    except OSError:
        pass  # Linux reports a closed terminal as an error.
    _, status, usage = os.wait4(process, 0)
    total = time.monotonic() - start
    os.close(reader)
    os.close(null)
    if status != 0 or first is None:
        die(f"`{' '.join(command)}` failed (wait status {status})")
    # ru_maxrss is in bytes on macOS and in KiB elsewhere.
    unit = 1 if platform.system() == "Darwin" else 1024
    return ColdRun(first, total, usage.ru_maxrss * unit)


# --- rounds and report -------------------------------------------------------


def measure(programs, options):
    """{metric: {"bantam": [...], "llama.cpp": [...]}}, one value a round."""
    text = prefill_text(options)
    no_end = end_tokens(options.model)
    cold_bantam = bantam_command(
        options, COLD_TOKENS, "--prompt", PROMPT, *no_end
    )
    cold_llama = llama_cold_command(programs, options)
    values = {
        metric.name: {"bantam": [], "llama.cpp": []}
        for metric in metrics(options)
    }

    def note(metric, program, value):
        values[metric][program].append(value)

    def note_cold(program, run):
        note("first_token_s", program, run.first_token_s)
        note("cold_64_s", program, run.total_s)
        note("peak_mb", program, run.peak_bytes / 1e6)

    if options.cold:
        # Both find the file in the page cache.
        cold_run(cold_bantam)
        cold_run(cold_llama)
    for number in range(1, options.rounds + 1):
        print(f"Round {number} of {options.rounds}", flush=True)
        note("decode_tps", "bantam", bantam_decode(options, no_end))
        note("prefill_tps", "bantam", bantam_prefill(options, text))
        speeds = llama_speeds(programs, options)
        note("decode_tps", "llama.cpp", speeds["decode"])
        note("prefill_tps", "llama.cpp", speeds["prefill"])
        if options.cold:
            note_cold("bantam", cold_run(cold_bantam))
            note_cold("llama.cpp", cold_run(cold_llama))
    return values


@dataclass(frozen=True)
class Metric:
    name: str
    title: str
    digits: int
    more_is_better: bool


def metrics(options):
    warm = [
        Metric("decode_tps", f"decode of {options.decode}, tok/s", 1, True),
        Metric("prefill_tps", f"prefill of {options.prefill}, tok/s", 1, True),
    ]
    cold = [
        Metric("first_token_s", "start to first token, s", 3, False),
        Metric("cold_64_s", f"start to end of {COLD_TOKENS}, s", 3, False),
        Metric("peak_mb", f"peak memory of {COLD_TOKENS}, MB", 1, False),
    ]
    return warm + cold if options.cold else warm


def summarize(values, options):
    rows = []
    for metric in metrics(options):
        ours = statistics.median(values[metric.name]["bantam"])
        theirs = statistics.median(values[metric.name]["llama.cpp"])
        ratio = ours / theirs if metric.more_is_better else theirs / ours
        rows.append((metric, ours, theirs, ratio))
    return rows


def table(rows):
    lines = ["| | bantam | llama.cpp | bantam is better by |"]
    lines.append("|---|---:|---:|---:|")
    for metric, ours, theirs, ratio in rows:
        digits = metric.digits
        lines.append(
            f"| {metric.title} | {ours:.{digits}f} | {theirs:.{digits}f} "
            f"| {ratio:.2f} × |"
        )
    return "\n".join(lines)


def cpu_model():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "CPU part")):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    try:
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return output_of(command).decode().strip()
    except (OSError, subprocess.SubprocessError):
        return platform.processor() or "unknown"


def circumstances(options, flags):
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
        capture_output=True,
    )
    return {
        "date": date.today().isoformat(),
        "commit": commit.stdout.decode().strip() or "unknown",
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "threads": options.threads,
        "rounds": options.rounds,
        "model": options.model.name,
        "llama_flags": f"GGML_NATIVE=ON {flags}".strip(),
    }


def write_record(where, rows):
    stem = Path(where["model"]).stem
    name = f"{where['date']}-llama-cpp-{stem}.md"
    path = ROOT / "benchmarks" / "records" / name
    lines = [f"# bantam beside llama.cpp, {where['date']}", ""]
    lines += [f"- {key}: {value}" for key, value in where.items()]
    lines += ["", table(rows), ""]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines))
    print(f"Written: {path.relative_to(ROOT)}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write every value here")
    parser.add_argument(
        "--record", action="store_true", help="write benchmarks/records/DATE"
    )
    parser.add_argument(
        "--llama-bin", type=Path, help="use these programs, build none"
    )
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--prefill", type=int, default=512, metavar="TOKENS")
    parser.add_argument("--decode", type=int, default=128, metavar="TOKENS")
    parser.add_argument(
        "--no-cold", dest="cold", action="store_false",
        help="leave out the runs of fresh processes",
    )
    options = parser.parse_args()
    for path in (BANTAM, options.model):
        if not path.exists():
            die(f"{path} is missing; run `make bench`, which makes it")
    BENCH.mkdir(parents=True, exist_ok=True)
    if options.llama_bin:
        programs, flags = options.llama_bin, "(given by --llama-bin)"
    else:
        programs, flags = build_llama()
    where = circumstances(options, flags)
    if where["load_average"] > 0.5:
        print(
            "warning: other programs keep this machine busy (load average "
            f"{where['load_average']:.1f}): the figures will mislead",
            flush=True,
        )
    values = measure(programs, options)
    rows = summarize(values, options)
    print()
    for key, value in where.items():
        print(f"{key}: {value}")
    print()
    print(table(rows))
    if options.json:
        options.json.write_text(
            json.dumps({"where": where, "values": values}, indent=2) + "\n"
        )
    if options.record:
        write_record(where, rows)


if __name__ == "__main__":
    main()
