#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The status page of bantam serve in a real browser, headless Chromium.

  check_page.py PROGRAM MODEL [--keep FOLDER]

At the width of a desktop and of a phone, dark and light: the page shows the
plan and the state, runs without an error under its policy, asks nobody else for
anything, does not scroll sideways, and its texts can be read (a contrast of
4.5). The chat box answers and stops, a server with a key asks for it, and the
page finds a server again that was away. --keep keeps the screenshots.
"""

import argparse
import base64
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from websockets.sync.client import connect

BROWSERS = ["chromium", "chromium-browser", "google-chrome",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"]
SIZES = {"desktop": (1200, 900, False), "phone": (390, 844, True)}
KEY = "page-test-key"
WAIT_S = 60

# The contrast of each visible text with what it stands on (WCAG 2.2, 1.4.3).
CONTRAST = """(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const shine = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) =>
      n.nodeType === 3 && n.textContent.trim());
    if (!own || element.tagName === "SCRIPT" || !element.offsetParent) continue;
    const a = shine(parse(getComputedStyle(element).color));
    const b = shine(ground(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5)
      poor.push(element.textContent.slice(0, 30) + " " + ratio.toFixed(2));
  }
  return poor;
})()"""


class Server:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [OPTIONS.program, "serve", OPTIONS.model, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.split()[-1]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)
        self.process.stdout.close()


class Browser:
    """Speaks the DevTools protocol to one page."""

    def __init__(self, program):
        # Its children may still write there when it has ended.
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu",
             "--no-first-run", "--disable-background-networking",
             "--remote-debugging-port=0",
             f"--user-data-dir={self.folder.name}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        where = Path(self.folder.name) / "DevToolsActivePort"
        until(lambda: where.exists() and where.read_text().count("\n"))
        port = where.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as list_:
            page = next(p for p in json.load(list_) if p["type"] == "page")
        self.socket = connect(page["webSocketDebuggerUrl"], max_size=None)
        self.number = 0
        self.events = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(timeout=20)
        self.folder.cleanup()

    def call(self, method, **params):
        self.number += 1
        self.socket.send(json.dumps(
            {"id": self.number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(timeout=WAIT_S))
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def value(self, script):
        result = self.call("Runtime.evaluate", expression=script,
                           returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def open(self, url, size="desktop", scheme="light"):
        width, height, mobile = SIZES[size]
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.call("Page.navigate", url=url)
        until(lambda: self.value("document.readyState") == "complete")

    def troubles(self):
        """What the page complained of since it was opened."""
        self.value("0")
        found = []
        for event in self.events:
            if event["method"] == "Runtime.exceptionThrown":
                found.append(event["params"]["exceptionDetails"]["text"])
            if event["method"] == "Log.entryAdded" and \
                    event["params"]["entry"]["level"] == "error":
                found.append(event["params"]["entry"]["text"])
        return found

    def asked(self):
        self.value("0")
        return [e["params"]["request"]["url"] for e in self.events
                if e["method"] == "Network.requestWillBeSent"]

    def screenshot(self, name):
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        if OPTIONS.keep:
            folder = Path(OPTIONS.keep)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(base64.b64decode(data["data"]))


def until(condition, what="it"):
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.05)


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--port", "0", "--temp", "0")
        cls.browser = Browser(OPTIONS.browser)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.server.stop()

    def text(self, selector):
        return self.browser.value(
            f"document.querySelector({json.dumps(selector)}).innerText")

    def until_live(self):
        until(lambda: self.text("#requests") != "", "the state")

    def ask(self, question):
        self.browser.value(
            f"document.querySelector('#question').value = {json.dumps(question)};"
            "document.querySelector('#ask').requestSubmit()")

    def test_looks(self):
        for size in SIZES:
            for scheme in ("light", "dark"):
                with self.subTest(size=size, scheme=scheme):
                    self.browser.open(self.server.url, size, scheme)
                    self.until_live()
                    self.browser.screenshot(f"{size}-{scheme}")
                    legend = self.text("#legend")
                    for part in ("weights", "key/value cache", "free"):
                        self.assertIn(part, legend)
                    self.assertRegex(
                        self.text("#pressure-note"),
                        "at most (green|yellow|red|unknown)")
                    self.assertEqual(self.browser.value(
                        "document.documentElement.scrollWidth > innerWidth"),
                        False)
                    self.assertEqual(self.browser.value(CONTRAST), [])
                    self.assertEqual(self.browser.troubles(), [])
                    for url in self.browser.asked():
                        self.assertTrue(
                            url.startswith((self.server.url, "data:")), url)

    def test_bar_is_the_machine(self):
        self.browser.open(self.server.url)
        self.until_live()
        widths = self.browser.value(
            "[...document.querySelectorAll('#bar div')]"
            ".map((d) => d.getBoundingClientRect().width)")
        whole = self.browser.value(
            "document.querySelector('#bar').getBoundingClientRect().width")
        self.assertGreater(len(widths), 4)
        self.assertAlmostEqual(sum(widths), whole, delta=len(widths))

    def test_chat(self):
        self.browser.open(self.server.url, "phone", "dark")
        self.until_live()
        self.ask("What is gravity?")
        until(lambda: not self.browser.value(
            "document.querySelector('#send').disabled"), "the answer")
        self.assertGreater(len(self.text("#talk p:last-child")), 10)
        self.assertEqual(self.browser.value(
            "document.documentElement.scrollWidth > innerWidth"), False)
        self.browser.screenshot("chat-phone-dark")
        until(lambda: self.browser.value(
            "Number(document.querySelectorAll('#requests dd')[2].innerText)"
        ) >= 1, "the count of answers")
        self.assertEqual(self.browser.troubles(), [])

    def test_stop(self):
        self.browser.open(self.server.url)
        self.until_live()
        self.ask("Write a very long story about the sea, with many chapters.")
        until(lambda: len(self.text("#talk p:last-child")) > 20, "the text")
        self.browser.value("document.querySelector('#stop').click()")
        until(lambda: not self.browser.value(
            "document.querySelector('#send').disabled"), "the end")
        until(lambda: self.browser.value(
            "document.querySelectorAll('#requests dd')[0].innerText") == "0",
            "the engine's rest")

    def test_key(self):
        with tempfile.NamedTemporaryFile("w", suffix=".key") as file:
            file.write(KEY + "\n")
            file.flush()
            server = Server("--port", "0", "--api-key-file", file.name)
            try:
                self.browser.open(server.url)
                until(lambda: not self.browser.value(
                    "document.querySelector('#key-card').hidden"), "the card")
                self.browser.screenshot("key-desktop-light")
                self.assertEqual(self.text("#requests"), "")
                self.browser.value(
                    f"document.querySelector('#key').value = '{KEY}';"
                    "document.querySelector('#key-form').requestSubmit()")
                self.until_live()
                self.assertTrue(self.browser.value(
                    "document.querySelector('#key-card').hidden"))
            finally:
                server.stop()

    def test_comes_back(self):
        server = Server("--port", "0")
        port = server.url.rsplit(":", 1)[1]
        self.browser.open(server.url)
        self.until_live()
        server.stop()
        until(lambda: self.text("#level") == "no connection", "the notice")
        server = Server("--port", port)
        try:
            until(lambda: self.text("#level") != "no connection", "the server")
        finally:
            server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--keep")
    OPTIONS = parser.parse_args()
    OPTIONS.browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if OPTIONS.browser is None:
        print("SKIPPED: no Chromium to look at the status page with")
        sys.exit(0)
    unittest.main(argv=sys.argv[:1], verbosity=1)
