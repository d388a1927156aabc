"""chatauth itself, in the same conversation: each question as a person would put it on the command line."""

from __future__ import annotations

import json
import os
import subprocess

from lines import Json, serve

SPACE_TYPES = {"GROUP_CHAT": "group-chat", "DIRECT_MESSAGE": "direct-message", "SPACE": "space"}
ROLES = {"ROLE_MEMBER": "member", "ROLE_ASSISTANT_MANAGER": "manager", "ROLE_MANAGER": "owner"}


class CommandError(Exception):
    """A command that ended with another exit code than 0; stderr is its text."""


def run(*words: str) -> str:
    """What the command printed."""
    done = subprocess.run(
        [os.environ["CHATAUTH"], *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    if done.returncode != 0:
        raise CommandError(f"exit code {done.returncode}: {done.stderr}")
    return done.stdout


class Chatauth:
    """The command line."""

    def login(self, scopes: list[str]) -> Json:
        run("auth", "login", *(word for scope in scopes for word in ("--scope", scope)))
        return {"scopes": json.loads(run("auth", "token", "--format", "json"))["scopes"]}

    def refresh(self) -> Json:
        run("auth", "token")
        return {}

    def revoke(self) -> Json:
        run("auth", "logout")
        return {}

    def call(self, method: str, parameters: Json, body: Json | None) -> Json:
        answer = run(*command(method, parameters, body or {}), "--format", "json")
        return {"printed": json.loads(answer)} if answer.strip() else {}


def command(method: str, parameters: Json, body: Json) -> list[str]:
    """The command line that asks this."""
    name = str(parameters.get("name", ""))
    space, _, member = name.removeprefix("spaces/").partition("/members/")
    parent = str(parameters.get("parent", ""))
    match method:
        case "spaces.create":
            return ["spaces", "create", *fields(body), *request_id(parameters)]
        case "spaces.setup":
            people = [membership["member"]["name"] for membership in body["memberships"]]
            members = (word for person in people for word in ("--member", person))
            return ["spaces", "create", *fields(body["space"]), *members, *request_id(body)]
        case "spaces.list":
            kinds = str(parameters.get("filter", "")).replace("spaceType = ", "").replace('"', "")
            return ["spaces", "list", *(["--type", SPACE_TYPES[kinds]] if kinds else [])]
        case "spaces.get":
            return ["spaces", "get", name]
        case "spaces.patch":
            return ["spaces", "update", name, *fields(body)]
        case "spaces.delete":
            return ["spaces", "delete", name, "--yes"]
        case "spaces.findDirectMessage":
            return ["spaces", "find-dm", name]
        case "spaces.members.create":
            return ["members", "add", parent, body["member"]["name"]]
        case "spaces.members.list":
            flags = {"showGroups": "--show-groups", "showInvited": "--show-invited"}
            return ["members", "list", parent, *(flag for key, flag in flags.items() if parameters.get(key))]
        case "spaces.members.get":
            return ["members", "get", space, member]
        case "spaces.members.patch":
            return ["members", "update", space, member, "--role", ROLES[body["role"]]]
        case "spaces.members.delete":
            return ["members", "remove", space, member]
        case _:
            raise ValueError(f"there is no command line for {method}")


def fields(space: Json) -> list[str]:
    """The options that say the same as a Space."""
    details = space.get("spaceDetails", {})
    given = {
        "--name": space.get("displayName"),
        "--type": SPACE_TYPES[space["spaceType"]] if space.get("spaceType") not in (None, "SPACE") else None,
        "--description": details.get("description"),
        "--guidelines": details.get("guidelines"),
        "--history": {"HISTORY_ON": "on", "HISTORY_OFF": "off"}.get(space.get("spaceHistoryState", "")),
        "--external": "" if space.get("externalUserAllowed") else None,
    }
    return [word for option, value in given.items() if value is not None for word in (option, value) if word]


def request_id(where: Json) -> list[str]:
    return ["--request-id", where["requestId"]] if "requestId" in where else []


serve(Chatauth(), lambda failure: {})
