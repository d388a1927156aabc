"""The conversation with a client: one JSON object a line, a request on stdin and its answer on stdout."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

Json: TypeAlias = dict[str, Any]


class Client(Protocol):
    """What a program that drives one client library can be asked to do."""

    def login(self, scopes: list[str]) -> Json:
        """Logs in through the browser; tells which scopes were granted."""

    def delegate(self, scopes: list[str], user: str) -> Json:
        """Acts for the user from now on, with the key of the emulator's service account."""

    def refresh(self) -> Json:
        """Gets a new access token; tells whether it differs from the old one."""

    def revoke(self) -> Json:
        """Ends the login at the server."""

    def call(self, method: str, parameters: Json, body: Json | None) -> Json:
        """Calls a method of the API by the name in its reference; a list is read to its end, as `{"pages": […]}`."""


def serve(client: Client, error: Callable[[Exception], Json]) -> None:
    """Answers until stdin ends. `error` tells what the library made of a refusal."""
    # So that a command under way is ended with the program.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    # What libraries print for people must not get among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr
    for line in sys.stdin:
        request: Json = json.loads(line)
        try:
            answer = {"result": getattr(client, request["do"])(**request["with"])}
        except Exception as failure:  # Whatever the library raises is its verdict.
            answer = {"error": {"type": type(failure).__name__, "text": str(failure), **error(failure)}}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
