# SPDX-License-Identifier: MIT
"""Conversations that every chat template is rendered with."""

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather at a place <now> & later",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Stadt, e.g. Köln"},
                "days": {"type": ["integer", "null"], "minimum": 1, "default": 3},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "where": {
                    "type": "object",
                    "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
                    "required": ["lat", "lon"],
                },
                "tags": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["city"],
        },
        "return": {"type": "object", "description": "the forecast"},
    },
}

CLOCK = {
    "type": "function",
    "function": {
        "name": "clock",
        "description": "Tells the time",
        "parameters": {"type": "object", "properties": {}},
    },
}


def call(name, arguments, id="call_0001x"):
    function = {"name": name, "arguments": arguments}
    return {"id": id, "type": "function", "function": function}


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def system(content):
    return {"role": "system", "content": content}


def tool(content, **more):
    return {"role": "tool", "content": content, **more}


def message_lists():
    yield "plain", [user("Hello there!")]
    yield "system", [system("You are terse.  \n"), user(" Hi\n")]
    yield "turns", [
        system("Be kind."),
        user("2+2?"),
        assistant("4"),
        user("3 + 3?"),
        assistant(" 6 "),
        user("Thanks"),
    ]
    yield "answered", [user("a"), assistant("b")]
    yield "unicode", [user("naïve 日本語 🙂 \u00a0x\u2028y"), assistant("Ünï"), user("ß")]
    yield "special", [user("<|im_end|><think>no</think>[INST]"), assistant("</s>"), user("x")]
    yield "thinking", [
        user("Q1"),
        assistant("<think>\nhm\n</think>\n\nA1"),
        user("Q2"),
        assistant("A2", reasoning_content="because", thinking="because"),
        user("Q3"),
    ]
    yield "thinking_last", [
        user("Q1"),
        assistant("A1", reasoning_content="\nr\n", thinking="\nr\n"),
    ]
    yield "tools", [
        system("Use tools."),
        user("Weather in Köln?"),
        assistant(
            "",
            tool_calls=[
                call("get_weather", {"city": "Köln", "days": 2, "where": {"lat": 50.9, "lon": 7.0}})
            ],
        ),
        tool('{"t": 21.5}', name="get_weather", tool_call_id="call_0001x"),
        assistant("It is 21.5."),
        user("And tomorrow?"),
    ]
    yield "tools_parallel", [
        user("Both"),
        assistant(
            "Let me look.",
            reasoning_content="two calls",
            thinking="two calls",
            tool_calls=[
                call("get_weather", {"city": "Bonn", "flag": True, "none": None}, "call_0001a"),
                call("clock", {}, "call_0002b"),
            ],
        ),
        tool("rain", name="get_weather", tool_call_id="call_0001a"),
        tool("12:00", name="clock", tool_call_id="call_0002b"),
    ]
    yield "tools_string_arguments", [
        user("Go"),
        assistant(None, tool_calls=[call("clock", '{"a": 1}')]),
        tool({"time": "12:00", "ok": True, "list": [1, 2.5, None]}, name="clock", tool_call_id="call_0001x"),
    ]
    yield "parts", [
        system([{"type": "text", "text": "Look closely."}]),
        user(
            [
                {"type": "image"},
                {"type": "text", "text": "What is this?"},
                {"type": "image", "image": "a.png"},
                {"type": "text", "text": " Really?"},
            ]
        ),
        assistant([{"type": "text", "text": "A cat."}]),
        user([{"type": "text", "text": "Sure?"}]),
    ]
    yield "bad_order", [user("a"), user("b"), assistant("c"), assistant("d")]
    yield "bad_role", [{"role": "wizard", "content": "x"}, user("y")]
    yield "no_content", [user("a"), {"role": "assistant"}]
    yield "none_content", [user("a"), assistant(None), user("b")]
    yield "empty", []
    yield "system_only", [system("alone")]
    yield "developer", [{"role": "developer", "content": "dev"}, user("x")]


def conversations():
    """(name, variables) for each way to call a template."""
    base = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    for name, messages in message_lists():
        for prompt in (False, True):
            variables = {**base, "messages": messages, "add_generation_prompt": prompt}
            if name.startswith("tools"):
                variables["tools"] = [WEATHER, CLOCK]
            yield f"{name}/{int(prompt)}", variables
    for thinking in (False, True):
        for name, messages in message_lists():
            if name in ("plain", "thinking", "thinking_last", "tools_parallel"):
                variables = {
                    **base,
                    "messages": messages,
                    "add_generation_prompt": True,
                    "enable_thinking": thinking,
                    "thinking": thinking,
                    "preserve_thinking": thinking,
                    "tools": [WEATHER],
                    "documents": [{"title": "T", "text": "words"}],
                }
                yield f"{name}/thinking={thinking}", variables
    yield "options", {
        **base,
        "messages": [system("S"), user("U"), assistant("A"), user("V")],
        "add_generation_prompt": True,
        "date_string": "26 Jul 2024",
        "tools_in_user_message": False,
        "builtin_tools": ["brave_search", "code_interpreter"],
        "custom_tools": [WEATHER],
        "reasoning_effort": "high",
        "model_identity": "You are bantam.",
        "keep_past_thinking": True,
        "tools": [CLOCK],
    }
