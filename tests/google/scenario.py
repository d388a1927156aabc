"""Part 1: Google's clients, unchanged but for their endpoints, judge the emulator."""

from __future__ import annotations

import sys
from pathlib import Path

from stage import (
    HERE,
    PATIENCE,
    Client,
    Emulator,
    Json,
    Process,
    RefusedError,
    Report,
    Stopwatch,
    clean_environment,
    private_directory,
    scopes,
)

OWNER, ADA, BOB, CYD = (f"{name}@example.com" for name in ("owner", "ada", "bob", "cyd"))

#: How each library calls a refusal. 404, 409 and so on are types of their own in google-apps-chat only.
STATUSES = (400, 403, 404, 409, 429)
ERROR_TYPES = {
    "google-api-python-client": dict.fromkeys(STATUSES, "HttpError"),
    "googleapis-chat": dict.fromkeys(STATUSES, "GaxiosError"),
    "google-apps-chat": dict(
        zip(STATUSES, ("BadRequest", "Forbidden", "NotFound", "Conflict", "TooManyRequests"), strict=True)
    ),
}
#: Those that look why a person was sent back; the guide's Node.js sample takes for granted that it is with a code.
READ_DENIALS = ("google-api-python-client", "google-apps-chat")
#: Those that send the assertion of a service account where its key says; Node.js's sends it to Google.
DELEGATES = ("google-api-python-client", "google-apps-chat")
#: A method that nothing else here uses always meets its quota.
EXHAUSTED = ("--fault", "complete-import:status=429,reason=RATE_LIMIT_EXCEEDED")


def person(address: str) -> Json:
    return {"member": {"name": f"users/{address}", "type": "HUMAN"}}


class Judge:
    """One client, and what it thinks of the emulator."""

    def __init__(self, client: Client, report: Report) -> None:
        self.client, self.report = client, report

    def check(self, what: str, holds: bool, seen: object = "") -> None:
        self.report.check(f"{self.client.name}: {what}", holds, seen)

    def refused(self, what: str, status: int, method: str, reason: str = "", **arguments: object) -> None:
        """The call is refused, and the library knows how."""
        try:
            answer = self.client.call(method, **arguments)  # type: ignore[arg-type]
        except RefusedError as refusal:
            expected = (ERROR_TYPES[self.client.name][status], status)
            self.check(f"{what} is {expected}", (refusal.type, refusal.status) == expected, refusal)
            if reason:
                self.check(f"{what} has the reason {reason}", reason in refusal.reasons, refusal)
        else:
            self.check(f"{what} is refused", False, answer)

    def spaces(self) -> str:
        """Creates, lists, changes and reads spaces; gives one that is there."""
        created = self.client.call("spaces.create", {"spaceType": "SPACE", "displayName": "API-made"})
        name: str = created["name"]
        self.check("creates a space", (created["displayName"], created["spaceType"]) == ("API-made", "SPACE"), created)
        names = {name}
        for number in range(4):
            body = {"spaceType": "SPACE", "displayName": f"Space {number}"}
            last = self.client.call("spaces.create", body, requestId=f"request-{number}")
            names.add(last["name"])
        again = self.client.call("spaces.create", body, requestId=f"request-{number}")
        self.check("gets the same space for the same request id", again["name"] == last["name"], again)
        pages = self.client.call("spaces.list", pageSize=2, filter='spaceType = "SPACE"')["pages"]
        sizes = [len(page.get("spaces", [])) for page in pages]
        listed = [space["name"] for page in pages for space in page.get("spaces", [])]
        self.check("lists in pages", sizes == [2, 2, 1], sizes)
        self.check("lists every space once", sorted(listed) == sorted(names), listed)
        changes = {"displayName": "Renamed", "spaceDetails": {"description": "What for", "guidelines": "Be kind"}}
        mask = "display_name,space_details"
        patched = self.client.call("spaces.patch", changes, name=name, updateMask=mask)
        read = self.client.call("spaces.get", name=name)
        for what, space in (("answer of the change", patched), ("space afterwards", read)):
            seen = {key: space.get(key) for key in changes}
            self.check(f"finds its changes in the {what}", seen == changes, space)
        return name

    def members(self, space: str) -> None:
        """Adds, lists, promotes and removes people."""
        added = self.client.call("spaces.members.create", person(BOB), parent=space)
        expected = ("JOINED", "ROLE_MEMBER", "HUMAN")
        seen = (added.get("state"), added.get("role"), added.get("member", {}).get("type"))
        self.check("adds a member", seen == expected, added)
        self.client.call("spaces.members.create", person(CYD), parent=space)
        pages = self.client.call("spaces.members.list", parent=space, pageSize=1)["pages"]
        listed = [membership["name"] for page in pages for membership in page.get("memberships", [])]
        self.check("lists members in pages", len(pages) == len(set(listed)) == 3, pages)
        self.check("finds the member that it added", added["name"] in listed, listed)
        by_address = self.client.call("spaces.members.get", name=f"{space}/members/{BOB}")
        self.check("gets a member by address", by_address["name"] == added["name"], by_address)
        change = {"role": "ROLE_ASSISTANT_MANAGER"}
        promoted = self.client.call("spaces.members.patch", change, name=added["name"], updateMask="role")
        self.check("gives a member a role", promoted["role"] == change["role"], promoted)
        self.refused("adding a member twice", 409, "spaces.members.create", body=person(BOB), parent=space)
        removed = self.client.call("spaces.members.delete", name=added["name"])
        self.check("removes a member", removed["name"] == added["name"], removed)

    def teams(self) -> None:
        """Sets up a space with people in it, and a direct message."""
        body = {
            "space": {"spaceType": "SPACE", "displayName": "Team"},
            "memberships": [person(ADA), person(BOB)],
            "requestId": "team",
        }
        team = self.client.call("spaces.setup", body)
        self.check("sets up a space", team["displayName"] == "Team", team)
        pages = self.client.call("spaces.members.list", parent=team["name"])["pages"]
        self.check("finds its members there", sum(len(page["memberships"]) for page in pages) == 3, pages)
        message = self.client.call(
            "spaces.setup", {"space": {"spaceType": "DIRECT_MESSAGE"}, "memberships": [person(ADA)]}
        )
        found = self.client.call("spaces.findDirectMessage", name=f"users/{ADA}")
        self.check("finds a direct message", found["name"] == message["name"], found)

    def refusals(self, space: str) -> None:
        """What goes wrong is understood."""
        self.refused("a space that is not there", 404, "spaces.findDirectMessage", name=f"users/{CYD}")
        self.refused("a space without a name", 400, "spaces.create", body={"spaceType": "SPACE"})
        self.refused("too much", 429, "spaces.completeImport", "RATE_LIMIT_EXCEEDED", body={}, name=space)
        self.refused("a page of less than nothing", 400, "spaces.list", pageSize=-1)
        self.check("deletes a space", self.client.call("spaces.delete", name=space) == {})
        try:
            self.client.call("spaces.get", name=space)
        except RefusedError as refusal:
            self.check("no longer gets what it deleted", refusal.status in (403, 404), refusal)
        else:
            self.check("no longer gets what it deleted", False)

    def tokens(self) -> None:
        """Refreshes, revokes, and is told what a login does not allow."""
        self.check("refreshes", self.client.ask("refresh")["changed"])
        self.check("goes on with the new token", "pages" in self.client.call("spaces.list"))
        self.check("revokes", self.client.ask("revoke")["status"] == 200)
        try:
            self.client.ask("refresh")
        except RefusedError as refusal:
            self.check("understands that the login is revoked", "invalid_grant" in refusal.text, refusal)
        else:
            self.check("understands that the login is revoked", False, "refreshed all the same")
        granted = self.client.login("chat.spaces.readonly")
        self.check("gets the one scope that it asks for", granted == scopes("chat.spaces.readonly"), granted)
        reason = "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
        body = {"spaceType": "SPACE", "displayName": "Not allowed"}
        self.refused("creating with a scope for reading", 403, "spaces.create", reason, body=body)

    def delegated(self) -> None:
        """A service account acts for a person."""
        self.client.ask("delegate", scopes=scopes("chat.spaces"), user=ADA)
        created = self.client.call("spaces.create", {"spaceType": "SPACE", "displayName": "Delegated"})
        self.check("creates a space with a service account", created["displayName"] == "Delegated", created)

    def denied(self) -> None:
        """The person in the browser does not agree."""
        try:
            granted = self.client.login("chat.spaces")
        except RefusedError as refusal:
            self.check("understands that the person refused", refusal.type == "AccessDeniedError", refusal)
        else:
            self.check("understands that the person refused", False, granted)


def judge(name: str, chatauth: str, report: Report) -> None:
    """One client through everything, with an emulator of its own."""
    with private_directory() as home, Stopwatch(f"{name} against the emulator", report):
        people = ("--user", OWNER, "--user", ADA, "--user", BOB, "--user", CYD)
        with (
            Emulator(chatauth, Path(home), *people, *EXHAUSTED) as emulator,
            Client(name, emulator.environment, Path(home)) as client,
        ):
            judge = Judge(client, report)
            wanted = ("chat.spaces", "chat.memberships", "chat.delete")
            granted = sorted(client.login(*wanted))
            judge.check("logs in with the scopes that it asks for", granted == sorted(scopes(*wanted)), granted)
            space = judge.spaces()
            judge.members(space)
            judge.teams()
            judge.refusals(space)
            judge.tokens()
            if name in DELEGATES:
                judge.delegated()
        if name in READ_DENIALS:
            with (
                Emulator(chatauth, Path(home), consent="deny") as emulator,
                Client(name, emulator.environment, Path(home)) as client,
            ):
                Judge(client, report).denied()


def sample(words: list[str], chatauth: str, report: Report) -> None:
    """The short program of Google's guide, run inside the emulator as the README tells."""
    name = Path(words[-1]).name
    inside = [chatauth, "emulator", "--", *words]
    with (
        private_directory() as home,
        Stopwatch(f"{name} inside the emulator", report),
        Process(inside, clean_environment(Path(home), {}), Path(home)) as program,
    ):
        while not (line := program.line()).startswith("spaces/"):
            pass
        report.check(f"{name} creates its space", line.endswith(" API-made\n"), line)
        report.check(f"{name} ends well", program.child.wait(PATIENCE) == 0, program.child.returncode)


def run(chatauth: str, report: Report) -> None:
    for name in ERROR_TYPES:
        judge(name, chatauth, report)
    sample([sys.executable, str(HERE / "samples/create_named_space.py")], chatauth, report)
    sample(["node", str(HERE / "samples/create_named_space.mjs")], chatauth, report)
