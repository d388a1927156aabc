"""Part 2: chatauth and Google's clients are told the same, and have to ask a server the same."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from calls import CALLS, REQUEST_ID
from differences import DIFFERENCES, WHOLE_REQUEST, Difference
from recorder import Recorder, Request
from stage import HERE, PROGRAMS, Client, Report, Stopwatch, private_directory, scopes

#: What differs from run to run, and is compared by its place only.
RANDOM = {
    "query state": r"[A-Za-z0-9_-]{22,}",
    "query code_challenge": r"[A-Za-z0-9_-]{43}",
    "form code_verifier": r"[A-Za-z0-9._~-]{43,128}",
}
NEW_REQUEST_ID = r'"?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"?'

Asked = dict[str, dict[str, str]]


def normal(fields: dict[str, str]) -> dict[str, str]:
    """The fields without what is random."""
    seen = dict(fields)
    for name, pattern in RANDOM.items():
        if name in seen and re.fullmatch(pattern, seen[name]):
            seen[name] = "(random)"
    for name, value in seen.items():
        if name.endswith("requestId") and value.strip('"') != REQUEST_ID and re.fullmatch(NEW_REQUEST_ID, value):
            seen[name] = "(random)"
        elif name.endswith("redirect_uri"):
            seen[name] = re.sub(r":[0-9]+", ":(port)", value)
    return seen


def named(call: str, requests: list[Request]) -> Iterator[tuple[str, dict[str, str]]]:
    """The requests of one call: later ones are numbered."""
    for number, request in enumerate(requests, 1):
        yield (call if number == 1 else f"{call} {number}"), normal(request.fields)


def ask(name: str, chatauth: str) -> tuple[Asked, list[str]]:
    """What a client asks in the course of all calls, and what the server found wrong with it."""
    asked: Asked = {}
    with private_directory() as directory, Recorder() as recorder:
        home = Path(directory)
        (home / "client_secrets.json").write_text(recorder.client_secrets(), encoding="utf-8")
        environment = {
            "CHATAUTH": chatauth,
            "CHATAUTH_CLIENT_SECRETS": str(home / "client_secrets.json"),
            "CHATAUTH_CONFIG_DIR": str(home / "config"),
            "CHATAUTH_API_ENDPOINT": recorder.origin,
            "BROWSER": str(HERE / "browser.py"),
        }
        with Client(name, environment, home) as client:
            client.ask("login", scopes=scopes("chat.spaces", "chat.memberships", "chat.delete"))
            authorization, *exchange = recorder.take()
            asked |= named("authorize", [authorization])
            asked |= named("exchange", exchange)
            # The first token lives for a second.
            time.sleep(1.5)
            client.ask("refresh")
            asked |= named("refresh", recorder.take())
            for call, method, parameters, body in CALLS:
                client.call(method, body, **parameters)
                asked |= named(call, recorder.take())
            client.ask("revoke")
            asked |= named("revoke", recorder.take())
        return asked, recorder.faults


def compare(google: str, theirs: Asked, ours: Asked) -> list[Difference]:
    """Every field of every request in which two clients differ; a request that only one sends is one difference."""
    found = []
    for call in theirs | ours:
        their, our = theirs.get(call), ours.get(call)
        if their is None or our is None:
            found.append(Difference(google, call, WHOLE_REQUEST, line(their), line(our)))
            continue
        for name in their | our:
            if their.get(name) != our.get(name):
                found.append(Difference(google, call, name, their.get(name), our.get(name)))
    return found


def line(fields: dict[str, str] | None) -> str | None:
    """A whole request in a line."""
    if fields is None:
        return None
    query = [f"{name.removeprefix('query ')}={value}" for name, value in fields.items() if name.startswith("query ")]
    return f"{fields['method']} {fields['path']}" + ("?" + "&".join(sorted(query)) if query else "")


def fields_of(call: str, theirs: Asked, ours: Asked) -> list[str]:
    """What there is to compare in a call."""
    if call not in theirs or call not in ours:
        return [WHOLE_REQUEST]
    return list(theirs[call] | ours[call])


def run(chatauth: str, report: Report) -> None:
    asked: dict[str, Asked] = {}
    for name in PROGRAMS:
        with Stopwatch(f"{name} against the recorder", report):
            asked[name], faults = ask(name, chatauth)
            report.check(f"{name} asks as it should", not faults, faults)
    ours = asked.pop("chatauth", {})
    for google, theirs in asked.items():
        with Stopwatch(f"chatauth compared with {google}", report):
            listed = {difference.key(): difference for difference in DIFFERENCES if difference.google == google}
            found = {difference.key(): difference for difference in compare(google, theirs, ours)}
            for call in theirs | ours:
                for name in fields_of(call, theirs, ours):
                    key = (google, call, name)
                    what = f"{google}, {call}, {name}"
                    report.check(what, listed.pop(key, None) == found.get(key), found.get(key, "listed, and equal"))
            for key in listed:
                report.fail(", ".join(key), "listed, and nobody asks it")
