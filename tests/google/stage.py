"""What both parts need: clients in clean surroundings, the emulator, and a count of what passed."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

Json: TypeAlias = dict[str, Any]

HERE = Path(__file__).resolve().parent
#: How long a client may take for one answer; they are slow to load, and machines may be busy.
PATIENCE = 60.0
#: The programs that drive a client: Google's three, and chatauth.
PROGRAMS = {
    "google-api-python-client": [sys.executable, str(HERE / "clients/discovery_client.py")],
    "google-apps-chat": [sys.executable, str(HERE / "clients/apps_chat_client.py")],
    "googleapis-chat": ["node", str(HERE / "clients/node_client.mjs")],
    "chatauth": [sys.executable, str(HERE / "clients/chatauth_client.py")],
}
SCOPE_ROOT = "https://www.googleapis.com/auth/"


def scopes(*names: str) -> list[str]:
    """Full scopes from short ones."""
    return [SCOPE_ROOT + name for name in names]


class RefusedError(Exception):
    """What a library made of an answer that it did not like."""

    def __init__(self, error: Json) -> None:
        super().__init__(json.dumps(error))
        self.type: str = error["type"]
        self.text: str = error["text"]
        self.status: int | None = error.get("status")
        self.reasons: list[str] = error.get("reasons", [])


def clean_environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the developer's but the search path, which begins with this Python."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        # oauthlib refuses plain http otherwise, also on loopback.
        "OAUTHLIB_INSECURE_TRANSPORT": "1",
        **more,
    }


class Process:
    """A child that is ended with the block that it belongs to. Its stderr is shown."""

    def __init__(self, words: list[str], environment: Mapping[str, str], cwd: Path) -> None:
        self.words = words
        self.child = subprocess.Popen(
            words, env=dict(environment), cwd=cwd, text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        # On a thread of its own, since a pipe cannot be read with a deadline.
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.child.stdout is not None
        with self.child.stdout as stdout:
            for line in stdout:
                self.lines.put(line)
        self.lines.put("")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Asks it to end, and sees to it."""
        assert self.child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.close()
        self.child.terminate()
        try:
            self.child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.reader.join()

    def line(self) -> str:
        """The next line that it prints; `EOFError` after the last."""
        try:
            line = self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise TimeoutError(f"{self.words} said nothing for {PATIENCE:.0f} seconds") from None
        if not line:
            raise EOFError(f"{self.words} ended with {self.child.wait(PATIENCE)}")
        return line


class Emulator(Process):
    """`chatauth emulator`, with a person in the browser who decides at once."""

    def __init__(self, chatauth: str, home: Path, *options: str, consent: str = "approve") -> None:
        words = [chatauth, "emulator", "--quiet", "--consent", consent, *options]
        super().__init__(words, clean_environment(home, {}), home)
        self.environment: dict[str, str] = {}
        try:
            # The last of the lines that it prints.
            while "BROWSER" not in self.environment:
                name, _, value = shlex.split(self.line())[1].partition("=")
                self.environment[name] = value
        except BaseException:
            # The block has not begun, so nothing else would.
            self.end()
            raise


class Client(Process):
    """One of the programs."""

    def __init__(self, name: str, environment: Mapping[str, str], home: Path) -> None:
        super().__init__(PROGRAMS[name], clean_environment(home, environment), home)
        self.name = name

    def ask(self, action: str, **arguments: Any) -> Json:
        """Has it do something; raises what the library raised."""
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps({"do": action, "with": arguments}) + "\n")
        answer: dict[str, Json] = json.loads(self.line())
        if "error" in answer:
            raise RefusedError(answer["error"])
        return answer["result"]

    def login(self, *names: str) -> list[str]:
        """Logs in with these short scopes; gives those that were granted, in full."""
        granted: list[str] = self.ask("login", scopes=scopes(*names))["scopes"]
        return granted

    def call(self, method: str, body: Json | None = None, **parameters: Any) -> Json:
        """Calls a method of the API."""
        return self.ask("call", method=method, parameters=parameters, body=body)


@dataclass
class Report:
    """What passed and what did not."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)

    def check(self, what: str, holds: bool, seen: object = "") -> None:
        """Counts one expectation."""
        if holds:
            self.passed += 1
            return
        self.fail(what, seen)

    def fail(self, what: str, seen: object) -> None:
        self.failures.append(what)
        print(f"FAILED: {what}: {seen}", flush=True)


class Stopwatch:
    """Says what is being done, and afterwards how long it took."""

    def __init__(self, what: str, report: Report) -> None:
        self.what, self.report = what, report
        self.started = time.monotonic()
        self.before = report.passed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        # One client that cannot go on must not keep the others from being judged.
        if isinstance(error, Exception):
            self.report.fail(f"{self.what} could not go on", f"{type(error).__name__}: {error}")
        passed = self.report.passed - self.before
        print(f"{self.what}: {passed} passed in {time.monotonic() - self.started:.1f} s", flush=True)
        return isinstance(error, Exception)


def private_directory() -> tempfile.TemporaryDirectory[str]:
    """A home for children."""
    return tempfile.TemporaryDirectory(prefix="judges-")
