"""A headless Chromium, driven through a pipe by its DevTools protocol: no package is needed for it."""
import fcntl
import json
import os
import select
import shutil
import subprocess
import time


class Failure(Exception):
    pass


def check(what, found, expected):
    if found != expected:
        raise Failure(f"{what}: {found!r}, and not {expected!r}")
    print(f"ok  {what}")


class Browser:
    """One page. `console` and `requests` are what it has said and asked for so far."""

    def __init__(self, scratch, limit=60):
        program = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
        if program is None:
            raise Failure("chromium isn't installed")
        self.limit, self.number, self.answers, self.buffer = limit, 0, {}, b""
        self.console, self.requests, self.loaded = [], [], False
        to_read, self.out = os.pipe()
        self.into, to_write = os.pipe()
        # Out of the way of 3 and 4, which the browser is given.
        high = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (to_read, to_write)]
        words = [
            program, "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
            "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--window-size=1200,900", f"--user-data-dir={scratch}/profile",
        ]
        if os.geteuid() == 0:
            words.append("--no-sandbox")
        self.log = open(f"{scratch}/browser.log", "wb")
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{high[0]} 4>&{high[1]} {high[0]}<&- {high[1]}>&-', "browser", *words,
             "about:blank"],
            pass_fds=high, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env={**os.environ, "HOME": str(scratch)})
        for end in (to_read, to_write, *high):
            os.close(end)
        targets = self.send("Target.getTargets", session=None)["targetInfos"]
        page = next((t for t in targets if t["type"] == "page"), None)
        target = page["targetId"] if page else self.send(
            "Target.createTarget", session=None, url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", session=None, targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method, session="", **parameters):
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session or self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        self.until(lambda: number in self.answers, f"an answer to {method}")
        answer = self.answers.pop(number)
        if "error" in answer:
            raise Failure(f"{method}: {answer['error']}")
        return answer["result"]

    def until(self, condition, what):
        end = time.monotonic() + self.limit
        while not condition():
            rest = end - time.monotonic()
            if rest <= 0:
                raise Failure(f"no {what} within {self.limit} s")
            if not select.select([self.into], [], [], min(rest, 1))[0]:
                if self.process.poll() is not None:
                    raise Failure(f"the browser ended with {self.process.returncode}")
                continue
            data = os.read(self.into, 1 << 20)
            if not data:
                raise Failure("the browser closed its pipe")
            *messages, self.buffer = (self.buffer + data).split(b"\0")
            for message in messages:
                self.take(json.loads(message))

    def take(self, message):
        if "id" in message:
            self.answers[message["id"]] = message
            return
        method, told = message["method"], message.get("params", {})
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.console.append(told["exceptionDetails"].get("text", "") + str(told["exceptionDetails"].get("exception")))
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.console.append(f"{told['type']}: {told['args']}")
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.console.append(told["entry"]["text"])

    def open(self, url):
        self.loaded, self.requests, self.console = False, [], []
        self.send("Page.navigate", url=url)
        self.until(lambda: self.loaded, "whole page")

    def eval(self, expression):
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Failure(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def key(self, key, text=None):
        for kind in ("keyDown", "keyUp"):
            told = {"type": kind, "key": key}
            if kind == "keyDown" and text is not None:
                told["text"] = text
            self.send("Input.dispatchKeyEvent", **told)

    def type(self, text):
        for letter in text:
            self.key(letter, letter)

    def scheme(self, name):
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def close(self):
        try:
            self.limit = 10
            self.send("Browser.close", session=None)
        except (Failure, OSError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
