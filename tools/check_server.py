#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds bantam serve to what the PyPI packages `openai` and `anthropic` expect.

  check_server.py PROGRAM MODEL

Starts the server on a free port and uses it as a client would: models, chat,
streams, tools, schemas, logprobs, errors, retries, timeouts. MODEL is SmolLM2,
whose template knows no tools, so those go to a tiny random model with another
template beside it.
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import anthropic
import openai
import pydantic

PROGRAM, MODEL = sys.argv[1:3]
QUESTION = [{"role": "user", "content": "What is gravity?"}]
WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "maxLength": 12},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
    },
    "required": ["city", "days"],
}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Tells the weather",
            "parameters": WEATHER,
        },
    }
]


class Server:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [PROGRAM, "serve", *arguments, "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.split()[-1]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0
        self.process.stdout.close()

    def openai(self, **options):
        options = {"max_retries": 0, "timeout": 60, **options}
        return openai.OpenAI(
            base_url=self.url + "/v1", api_key="none", **options
        )

    def anthropic(self, **options):
        options = {"max_retries": 0, "timeout": 60, **options}
        return anthropic.Anthropic(
            base_url=self.url, api_key="none", **options
        )


class Chat(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(MODEL, "--temp", "0", "--queue", "1")
        cls.client = cls.server.openai()
        cls.claude = cls.server.anthropic()
        cls.model = cls.client.models.list().data[0].id

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.claude.close()
        cls.server.stop()

    def chat(self, **fields):
        fields = {"messages": QUESTION, "max_tokens": 16, **fields}
        return self.client.chat.completions.create(model=self.model, **fields)

    def test_models(self):
        self.assertEqual(self.client.models.retrieve(self.model).id, self.model)
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("nothing")

    def test_chat(self):
        answer = self.chat(user="me", metadata={"a": "b"}, store=False)
        self.assertGreater(len(answer.choices[0].message.content), 10)
        self.assertEqual(answer.usage.total_tokens,
                         answer.usage.prompt_tokens + answer.usage.completion_tokens)
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertEqual(answer.choices[0].message.content,
                         self.chat().choices[0].message.content)

    def test_stream_is_the_whole(self):
        whole = self.chat().choices[0].message.content
        text, usage = "", None
        for chunk in self.chat(stream=True, stream_options={"include_usage": True}):
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
        self.assertEqual(text, whole)
        self.assertEqual(usage.completion_tokens, 16)

    def test_stream_helper(self):
        with self.client.chat.completions.stream(
            model=self.model, messages=QUESTION, max_tokens=60, stop=["."]
        ) as stream:
            kinds = {event.type for event in stream}
            final = stream.get_final_completion()
        self.assertIn("content.delta", kinds)
        self.assertTrue(final.choices[0].message.content)

    def test_choices_and_seeds(self):
        first = self.chat(n=2, temperature=1, seed=5)
        again = self.chat(n=2, temperature=1, seed=5)
        texts = [choice.message.content for choice in first.choices]
        self.assertEqual(texts, [c.message.content for c in again.choices])
        self.assertNotEqual(texts[0], texts[1])

    def test_stop(self):
        whole = self.chat(max_tokens=30).choices[0].message.content
        word = whole.split()[3]
        cut = self.chat(max_tokens=30, stop=[word]).choices[0]
        self.assertEqual(cut.message.content, whole[: whole.index(word)])
        self.assertEqual(cut.finish_reason, "stop")

    def test_logprobs(self):
        answer = self.chat(logprobs=True, top_logprobs=3).choices[0]
        text = b"".join(bytes(t.bytes) for t in answer.logprobs.content)
        self.assertEqual(text.decode(), answer.message.content)
        for token in answer.logprobs.content:
            self.assertEqual(token.logprob, token.top_logprobs[0].logprob)
            self.assertLessEqual(token.logprob, 0)

    def test_schema(self):
        class Place(pydantic.BaseModel):
            city: str
            country: str | None
            size: int

        answer = self.client.chat.completions.parse(
            model=self.model,
            messages=[{"role": "user", "content": "Where is Paris?"}],
            response_format=Place,
            max_tokens=200,
            frequency_penalty=0.5,
        )
        self.assertIsInstance(answer.choices[0].message.parsed, Place)

    def test_json_object(self):
        answer = self.chat(response_format={"type": "json_object"}, max_tokens=200,
                           frequency_penalty=1)
        if answer.choices[0].finish_reason == "stop":
            self.assertIsInstance(json.loads(answer.choices[0].message.content), dict)

    def test_errors(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat(temperature=9)
        self.assertEqual(caught.exception.param, "temperature")
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat(max_tokens=100000)
        self.assertEqual(caught.exception.code, "context_length_exceeded")
        with self.assertRaises(openai.NotFoundError) as caught:
            self.client.chat.completions.create(model="gpt-9", messages=QUESTION)
        self.assertEqual(caught.exception.code, "model_not_found")
        with self.assertRaises(openai.BadRequestError):
            self.chat(tools=TOOLS)
        with self.assertRaises(openai.NotFoundError):
            self.client.embeddings.create(model=self.model, input="x")

    def test_timeout_frees_the_engine(self):
        impatient = self.server.openai(timeout=0.4)
        with self.assertRaises(openai.APITimeoutError):
            impatient.chat.completions.create(
                model=self.model, messages=QUESTION, max_tokens=900,
                logit_bias={str(id): -100 for id in (0, 2)})
        impatient.close()
        start = time.monotonic()
        self.chat(max_tokens=1)
        self.assertLess(time.monotonic() - start, 5)

    def test_retries_when_the_queue_is_full(self):
        busy = [
            threading.Thread(target=lambda: self.chat(
                max_tokens=300, logit_bias={"0": -100, "2": -100}))
            for _ in range(2)
        ]
        for thread in busy:
            thread.start()
            time.sleep(0.3)
        with self.assertRaises(openai.InternalServerError) as caught:
            self.chat(max_tokens=1)
        self.assertEqual(caught.exception.status_code, 503)
        self.assertEqual(caught.exception.code, "queue_full")
        patient = self.server.openai(max_retries=20)
        answer = patient.chat.completions.create(
            model=self.model, messages=QUESTION, max_tokens=1)
        self.assertEqual(answer.usage.completion_tokens, 1)
        patient.close()
        for thread in busy:
            thread.join()

    def test_completions(self):
        answer = self.client.completions.create(
            model=self.model, prompt="1, 2, 3,", max_tokens=8, logprobs=2)
        self.assertIn("4, 5", answer.choices[0].text)
        self.assertEqual("".join(answer.choices[0].logprobs.tokens),
                         answer.choices[0].text)

    def test_responses(self):
        answer = self.client.responses.create(
            model=self.model, input="What is gravity?", max_output_tokens=16)
        self.assertEqual(answer.status, "incomplete")
        self.assertGreater(len(answer.output_text), 10)
        with self.client.responses.stream(
            model=self.model, input="What is gravity?", max_output_tokens=16
        ) as stream:
            text = "".join(event.delta for event in stream
                           if event.type == "response.output_text.delta")
        self.assertEqual(text, answer.output_text)

    def test_messages(self):
        answer = self.claude.messages.create(
            model=self.model, max_tokens=16, messages=QUESTION)
        self.assertEqual(answer.stop_reason, "max_tokens")
        with self.claude.messages.stream(
            model=self.model, max_tokens=16, messages=QUESTION
        ) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        self.assertEqual(text, answer.content[0].text)
        self.assertEqual(final.usage.output_tokens, 16)
        counted = self.claude.messages.count_tokens(
            model=self.model, messages=QUESTION)
        self.assertEqual(counted.input_tokens, answer.usage.input_tokens)
        with self.assertRaises(anthropic.BadRequestError):
            self.claude.messages.create(
                model=self.model, max_tokens=16, messages=[])


class Tools(unittest.TestCase):
    """A random model writes noise, but a required call is held to its form."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        model = Path(cls.folder.name) / "model"
        tiny = Path(__file__).parent.parent / "tests/models/llama_mlx_3bit/model"
        shutil.copytree(tiny, model)
        (model / "chat_template.jinja").write_text(
            "{% if tools %}Tools: {% for tool in tools %}{{ tool.function.name }}"
            "{% endfor %} <tool_call>{% endif %}{% for message in messages %}"
            "{{ message.role }}: {{ message.content }}{% endfor %}")
        cls.server = Server(str(model), "--temp", "1")
        cls.client = cls.server.openai()
        cls.claude = cls.server.anthropic()
        cls.model = cls.client.models.list().data[0].id

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.claude.close()
        cls.server.stop()
        cls.folder.cleanup()

    def test_required_call(self):
        for seed in range(5):
            answer = self.client.chat.completions.create(
                model=self.model, messages=QUESTION, tools=TOOLS,
                tool_choice="required", seed=seed, max_tokens=120)
            choice = answer.choices[0]
            if choice.finish_reason == "length":
                continue
            self.assertEqual(choice.finish_reason, "tool_calls")
            call = choice.message.tool_calls[0].function
            self.assertEqual(call.name, "weather")
            arguments = json.loads(call.arguments)
            self.assertEqual(set(arguments), {"city", "days"})
            self.assertIn(arguments["days"], range(1, 8))
            self.assertLessEqual(len(arguments["city"]), 12)

    def test_streamed_call(self):
        with self.client.chat.completions.stream(
            model=self.model, messages=QUESTION, tools=TOOLS, seed=0,
            tool_choice={"type": "function", "function": {"name": "weather"}},
            max_tokens=120,
        ) as stream:
            for _ in stream:
                pass
            final = stream.get_final_completion()
        call = final.choices[0].message.tool_calls[0].function
        self.assertIn("city", json.loads(call.arguments))

    def test_free_answer_with_tools(self):
        answer = self.client.chat.completions.create(
            model=self.model, messages=QUESTION, tools=TOOLS, max_tokens=10)
        self.assertIn(answer.choices[0].finish_reason, ("stop", "length"))

    def test_tool_use(self):
        answer = self.claude.messages.create(
            model=self.model, max_tokens=120, messages=QUESTION,
            tools=[{"name": "weather", "input_schema": WEATHER}],
            tool_choice={"type": "any"})
        if answer.stop_reason != "max_tokens":
            self.assertEqual(answer.stop_reason, "tool_use")
            self.assertEqual(answer.content[0].name, "weather")
            self.assertIn("city", answer.content[0].input)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
