"""Every difference between what chatauth asks and what Google's clients ask, with its reason.

A difference that is not here fails the comparison, and so does one that is here and no longer occurs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from calls import CALLS
from recorder import CLIENT_ID, CLIENT_SECRET

#: Stands for the field where only one of two clients sends the request at all.
WHOLE_REQUEST = "whole request"


@dataclass(frozen=True)
class Difference:
    """One field of one request, as Google's client and as chatauth sends it; None where it does not."""

    google: str
    call: str
    name: str
    theirs: str | None
    ours: str | None
    reason: str = field(default="", compare=False)

    def key(self) -> tuple[str, str, str]:
        return (self.google, self.call, self.name)


#: Clients, calls, field, what they send, what chatauth sends, why.
Row = tuple[tuple[str, ...], tuple[str, ...], str, str | None, str | None, str]

DISCOVERY = ("google-api-python-client",)
APPS_CHAT = ("google-apps-chat",)
PYTHON = DISCOVERY + APPS_CHAT
NODE = ("googleapis-chat",)
EVERY = PYTHON + NODE


def _requests(*methods: str) -> tuple[str, ...]:
    """The calls of methods with these names; those of a list have a second page."""
    return tuple(
        request
        for call, method, _, _ in CALLS
        if method.rpartition(".")[2] in methods
        for request in ((call, f"{call} 2") if method.endswith(".list") else (call,))
    )


BODILESS = _requests("list", "get", "findDirectMessage", "delete")
API = BODILESS + _requests("create", "setup", "patch")

ASKED_SCOPES = " ".join(f"https://www.googleapis.com/auth/chat.{name}" for name in ("spaces", "memberships", "delete"))
OUR_SCOPES = (
    " ".join(f"https://www.googleapis.com/auth/chat.{name}" for name in ("delete", "memberships", "spaces"))
    + " https://www.googleapis.com/auth/userinfo.email openid"
)
REDIRECT_URI = "http://127.0.0.1:(port)/oauth2/callback"
LOOKS = "/v1/spaces/AAAA/members"
LITERAL = "RFC 8252 prefers the literal address to localhost; only this one path is answered"
IN_BODY = "as RFC 7009 has it: addresses end up in logs; and the token that lives as long as the login"
NUMBERS = "enums by their numbers, where chatauth sends the names that the reference shows"
LEFT_OUT = "Google leaves people out without a word, so chatauth looks who is there"
OWN_PKCE = "the guide's sample has neither state nor PKCE, which would keep strangers' codes out"

TABLE: tuple[Row, ...] = (
    (PYTHON, ("authorize",), "query redirect_uri", "http://localhost:(port)/", REDIRECT_URI, LITERAL),
    (PYTHON, ("exchange",), "form redirect_uri", "http://localhost:(port)/", REDIRECT_URI, LITERAL),
    (NODE, ("authorize",), "query redirect_uri", "http://localhost:(port)", REDIRECT_URI, LITERAL),
    (NODE, ("exchange",), "form redirect_uri", "http://localhost:(port)", REDIRECT_URI, LITERAL),
    (EVERY, ("authorize",), "query scope", ASKED_SCOPES, OUR_SCOPES, "also whose login it is; sorted"),
    (
        EVERY,
        ("authorize",),
        "query prompt",
        None,
        "select_account consent",
        "a refresh token each time, of any account",
    ),
    (NODE, ("authorize",), "query state", None, "(random)", OWN_PKCE),
    (NODE, ("authorize",), "query code_challenge", None, "(random)", OWN_PKCE),
    (NODE, ("authorize",), "query code_challenge_method", None, "S256", OWN_PKCE),
    (NODE, ("exchange",), "form code_verifier", None, "(random)", OWN_PKCE),
    (
        PYTHON,
        ("exchange",),
        "header authorization",
        f"Basic {CLIENT_ID}:{CLIENT_SECRET}",
        None,
        "Google's documentation has the client in the form",
    ),
    (PYTHON, ("exchange",), "form client_id", None, CLIENT_ID, "in place of the header"),
    (PYTHON, ("exchange",), "form client_secret", None, CLIENT_SECRET, "in place of the header"),
    (PYTHON, ("refresh",), "form scope", ASKED_SCOPES, None, "without it, the token keeps all that was granted"),
    (
        NODE,
        ("exchange", "refresh"),
        "header content-type",
        "application/x-www-form-urlencoded;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "the type has no such parameter; a form of ASCII needs none",
    ),
    (EVERY, ("revoke",), "query token", "second-token", None, IN_BODY),
    (EVERY, ("revoke",), "form token", None, "1//recorded-refresh-token", IN_BODY),
    (NODE, ("revoke",), "header content-type", None, "application/x-www-form-urlencoded", "there is a body"),
    (EVERY, ("create",), "query requestId", None, "(random)", "a create that is repeated must not make two spaces"),
    (
        EVERY,
        ("set up 2",),
        WHOLE_REQUEST,
        None,
        f"GET {LOOKS}?pageSize=1000&showGroups=true&showInvited=true",
        LEFT_OUT,
    ),
    (
        EVERY,
        ("set up 3",),
        WHOLE_REQUEST,
        None,
        f"GET {LOOKS}?pageSize=1000&pageToken=page/2=&showGroups=true&showInvited=true",
        LEFT_OUT,
    ),
    (EVERY, ("set up 4",), WHOLE_REQUEST, None, f"GET {LOOKS}/ada@example.com", LEFT_OUT),
    (DISCOVERY, API, "query alt", "json", None, "JSON is what the API answers anyway"),
    (APPS_CHAT, API, "query $alt", "json;enum-encoding=int", None, "chatauth shows people the names of enums"),
    (APPS_CHAT, BODILESS, "header content-type", "application/json", None, "there is no body"),
    (
        APPS_CHAT,
        ("get a member",),
        "path",
        "/v1/spaces/AAAA/members/ada%40example.com",
        "/v1/spaces/AAAA/members/ada@example.com",
        "RFC 3986 lets @ stand in a path as it is",
    ),
    (APPS_CHAT, ("create", "create again"), "json.spaceType", "1", '"SPACE"', NUMBERS),
    (APPS_CHAT, ("create again",), "json.spaceHistoryState", "2", '"HISTORY_ON"', NUMBERS),
    (APPS_CHAT, ("patch history",), "json.spaceHistoryState", "1", '"HISTORY_OFF"', NUMBERS),
    (APPS_CHAT, ("set up",), "json.space.spaceType", "1", '"SPACE"', NUMBERS),
    (APPS_CHAT, ("set up a direct message",), "json.space.spaceType", "3", '"DIRECT_MESSAGE"', NUMBERS),
    (APPS_CHAT, _requests("setup"), "json.memberships[0].member.type", "1", '"HUMAN"', NUMBERS),
    (APPS_CHAT, ("set up",), "json.memberships[1].member.type", "1", '"HUMAN"', NUMBERS),
    (APPS_CHAT, ("add a member",), "json.member.type", "1", '"HUMAN"', NUMBERS),
    (APPS_CHAT, ("give a role",), "json.role", "4", '"ROLE_ASSISTANT_MANAGER"', NUMBERS),
    (APPS_CHAT, ("patch",), "query updateMask", "displayName", "display_name", "both spellings name the field"),
    (APPS_CHAT, ("patch details",), "query updateMask", "spaceDetails", "space_details", "both spellings"),
    (APPS_CHAT, ("patch history",), "query updateMask", "spaceHistoryState", "space_history_state", "both spellings"),
)


def _each() -> Iterator[Difference]:
    for clients, calls, name, theirs, ours, reason in TABLE:
        for google in clients:
            for call in calls:
                yield Difference(google, call, name, theirs, ours, reason)


DIFFERENCES = list(_each())
