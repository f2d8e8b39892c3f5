#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the memory traces in tests/machine/traces, and their README.

  make_memory_traces.py [FOLDER]

Each is played in real time by `--memory-source replay:FILE`. All begin with a
calm second on a 16 GiB machine, unless the beginning is the point.
"""

import json
import sys
from pathlib import Path

MIB = 1 << 20
GIB = 1 << 30
STEP_S = 0.25

CALM = {
    "pressure": "green",
    "available_bytes": 8 * GIB,
    "total_bytes": 16 * GIB,
    "swap_used_bytes": 0,
    "swap_in_bytes": 0,
    "swap_out_bytes": 0,
    "own_footprint_bytes": 160 * MIB,
    "own_swap_bytes": 0,
}


def steps(begin_s, end_s):
    """The times of samples in [begin_s, end_s)."""
    count = round((end_s - begin_s) / STEP_S + 0.4999)
    return [round(begin_s + i * STEP_S, 3) for i in range(count)]


class Trace:
    def __init__(self, start=CALM):
        self.now_s = 0.0
        self.state = dict(start)
        self.lines = []

    def hold(self, seconds, **changes):
        """`seconds` of samples; a change is a value or a function of the
        number of the sample, from 1."""
        end_s = round(self.now_s + seconds, 3)
        for i, t_s in enumerate(steps(self.now_s, end_s), 1):
            for key, value in changes.items():
                self.state[key] = value(i) if callable(value) else value
            known = {k: v for k, v in self.state.items() if v is not None}
            self.lines.append(json.dumps({"t_s": t_s} | known))
        self.now_s = end_s
        return self

    def text(self):
        return "\n".join(self.lines) + "\n"


def yellow_for(seconds):
    return Trace().hold(1).hold(seconds, pressure="yellow").hold(
        3, pressure="green"
    )


def flapping():
    trace = Trace().hold(1)
    for _ in range(14):
        trace.hold(0.5, pressure="yellow").hold(0.5, pressure="green")
    return trace


def sleep_gap():
    trace = Trace().hold(1).hold(4, pressure="yellow")
    # The lid is closed for an hour: the clock stands still, memory does not.
    trace.state["available_bytes"] = 9 * GIB
    return trace.hold(4, pressure="yellow").hold(3, pressure="green")


def gap_in_samples():
    trace = Trace().hold(1).hold(STEP_S, pressure="yellow")
    trace.now_s = 13.0
    return trace.hold(1, pressure="green")


def stale_swap():
    return Trace(
        CALM
        | {
            "swap_used_bytes": 3900 * MIB,
            "swap_in_bytes": 9 * GIB,
            "swap_out_bytes": 12 * GIB,
        }
    ).hold(3)


def stale_swap_without_counters():
    return Trace(
        CALM
        | {
            "swap_used_bytes": 3900 * MIB,
            "swap_in_bytes": None,
            "swap_out_bytes": None,
            "own_swap_bytes": None,
        }
    ).hold(3)


def others_swap():
    return Trace().hold(1).hold(
        2,
        swap_out_bytes=lambda i: 16 * MIB * i,
        swap_used_bytes=lambda i: 16 * MIB * i,
    )


def own_swap():
    return Trace().hold(1).hold(2, own_swap_bytes=lambda i: 2 * MIB * i)


def induced_swap():
    return Trace().hold(1).hold(
        2,
        pressure="yellow",
        available_bytes=400 * MIB,
        own_footprint_bytes=lambda i: (160 + 64 * i) * MIB,
        swap_out_bytes=lambda i: 16 * MIB * i,
        swap_used_bytes=lambda i: 16 * MIB * i,
    )


def counter_reset():
    start = CALM | {"swap_in_bytes": 4 * GIB, "swap_out_bytes": 5 * GIB}
    return (
        Trace(start)
        .hold(1)
        .hold(1, swap_in_bytes=0, swap_out_bytes=0)
        .hold(1, swap_out_bytes=lambda i: 4096 * i)
    )


def heavy_apps():
    trace = Trace(CALM | {"available_bytes": 64 * MIB})
    trace.hold(STEP_S)
    first = json.loads(trace.lines[0])
    first["apps"] = [
        {"name": "Docker Desktop", "bytes": 6 * GIB},
        {"name": "Chrome", "bytes": 3 * GIB},
        {"name": "Slack"},
    ]
    trace.lines[0] = json.dumps(first)
    return trace.hold(2)


# name: (what it shows, what a run does, the trace)
TRACES = {
    "calm": ("nothing happens", "ends well", Trace().hold(3)),
    "yellow_9_9s": ("9.9 s of yellow", "ends well", yellow_for(9.9)),
    "yellow_10_1s": (
        "10.1 s of yellow; sampled four times a second, only just seen",
        "exit 5, or ends well if samples fell before both edges",
        yellow_for(10.1),
    ),
    "yellow_11s": ("11 s of yellow", "exit 5 at 11 s", yellow_for(11)),
    "yellow_short": ("1.5 s of yellow", "ends well", yellow_for(1.5)),
    "flapping": (
        "yellow and green by turns of 0.5 s for 14 s",
        "exit 5 at 11 s: green dips under 2 s do not reset the clock",
        flapping(),
    ),
    "recovers_between": (
        "6 s of yellow, 3 s of green, 6 s of yellow",
        "ends well",
        Trace()
        .hold(1)
        .hold(6, pressure="yellow")
        .hold(3, pressure="green")
        .hold(6, pressure="yellow")
        .hold(3, pressure="green"),
    ),
    "red": (
        "red from the first second on",
        "exit 5 at 1 s",
        Trace().hold(1).hold(2, pressure="red", available_bytes=200 * MIB),
    ),
    "red_at_start": (
        "red from the beginning",
        "exit 4, before anything is loaded",
        Trace().hold(2, pressure="red", available_bytes=200 * MIB),
    ),
    "unknown_at_start": (
        "the pressure cannot be read",
        "exit 4: unknown is not green",
        Trace().hold(3, pressure="unknown"),
    ),
    "unknown_later": (
        "the pressure can no longer be read after a second",
        "exit 5 after 2 s of it",
        Trace().hold(1).hold(4, pressure="unknown"),
    ),
    "own_swap": ("this process is swapped out", "exit 6 at 1 s", own_swap()),
    "induced_swap": (
        "the machine swaps while this process grows, in yellow",
        "exit 6 within 2 s",
        induced_swap(),
    ),
    "others_swap": (
        "the machine swaps, green, while this process does not grow",
        "ends well and says so; exit 6 if any swap shall stop it",
        others_swap(),
    ),
    "stale_swap": (
        "swap in use and counters from long ago",
        "ends well",
        stale_swap(),
    ),
    "stale_swap_without_counters": (
        "the same where only swap in use is known",
        "ends well",
        stale_swap_without_counters(),
    ),
    "sleep_gap": (
        "4 s of yellow, an hour of sleep, 4 s of yellow: the clock of "
        "samples stands still during sleep",
        "ends well",
        sleep_gap(),
    ),
    "gap_in_samples": (
        "yellow, then nothing recorded for 12 s, then green: played, the "
        "yellow sample holds",
        "exit 5 at 11 s",
        gap_in_samples(),
    ),
    "counter_reset": (
        "the machine's counters start again from 0",
        "ends well",
        counter_reset(),
    ),
    "heavy_apps": (
        "Docker Desktop and Chrome hold 9 GiB, Slack an unknown amount; "
        "64 MiB are left",
        "exit 4 with their names",
        heavy_apps(),
    ),
}

# name: (what is wrong, the line an error names, the text)
FIRST = TRACES["calm"][2].lines[0]
BROKEN = {
    "empty": ("no sample", 1, ""),
    "truncated": ("the last line is cut off", 3,
                  "\n".join(TRACES["calm"][2].lines[:3])[:-20]),
    "not_json": ("a line of text", 2, FIRST + "\npressure is green\n"),
    "blank_line": ("an empty line", 2, FIRST + "\n\n" + FIRST + "\n"),
    "not_an_object": ("a list", 1, "[0, \"green\"]\n"),
    "no_time": ("t_s is missing", 1, '{"pressure": "green"}\n'),
    "backwards": ("time goes back", 2,
                  '{"t_s": 1, "pressure": "green"}\n'
                  '{"t_s": 0.5, "pressure": "green"}\n'),
    "nan_time": ("NaN is no JSON", 1, '{"t_s": NaN, "pressure": "green"}\n'),
    "negative": ("negative bytes", 1,
                 '{"t_s": 0, "pressure": "green", "available_bytes": -1}\n'),
    "huge": ("more than 63 bits", 1,
             '{"t_s": 0, "pressure": "green", '
             '"total_bytes": 99999999999999999999}\n'),
    "wrong_type": ("bytes as text", 1,
                   '{"t_s": 0, "pressure": "green", "total_bytes": "16GiB"}\n'),
    "unknown_level": ("a colour that is none", 2,
                      FIRST + '\n{"t_s": 1, "pressure": "orange"}\n'),
    "unknown_field": ("a field that is none", 1,
                      '{"t_s": 0, "pressure": "green", "avail_bytes": 1}\n'),
}


def main():
    default = Path(__file__).resolve().parent.parent / "tests/machine/traces"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    (folder / "broken").mkdir(parents=True, exist_ok=True)
    readme = [
        "# Memory traces",
        "",
        "Made by `tools/make_memory_traces.py`; played by `--memory-source",
        "replay:FILE` in real time. A run must last longer than its trace to",
        "meet what is in it.",
        "",
        "| trace | shows | a run |",
        "|---|---|---|",
    ]
    for name, (shows, run, trace) in TRACES.items():
        (folder / f"{name}.jsonl").write_text(trace.text())
        readme.append(f"| `{name}` | {shows} | {run} |")
    readme += [
        "",
        "Under `broken/`: exit 2 with the file and this line.",
        "",
        "| trace | is wrong | line |",
        "|---|---|---|",
    ]
    for name, (wrong, line, text) in BROKEN.items():
        (folder / "broken" / f"{name}.jsonl").write_text(text)
        readme.append(f"| `{name}` | {wrong} | {line} |")
    (folder / "README.md").write_text("\n".join(readme) + "\n")


if __name__ == "__main__":
    main()
