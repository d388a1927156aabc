"""A server that plays Google's endpoints, answers always well, and writes down what it is asked."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from stage import Json

CLIENT_ID = "123456789012-recorder.apps.googleusercontent.com"
CLIENT_SECRET = "GOCSPX-recorder"
EMAIL = "owner@example.com"
SPACE: Json = {"name": "spaces/AAAA", "displayName": "Team", "spaceType": "SPACE"}
MEMBERSHIP: Json = {
    "name": "spaces/AAAA/members/108",
    "state": "JOINED",
    "role": "ROLE_MEMBER",
    "member": {"name": "users/108", "type": "HUMAN"},
}


@dataclass
class Request:
    """One request, as its fields: `method`, `path`, `header NAME`, `query NAME`, `form NAME`, `json NAME.NAME`."""

    fields: dict[str, str]


class Recorder:
    """The server, while its block lasts."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        #: What makes no sense however it is written, as a verifier that is not that of the challenge.
        self.faults: list[str] = []
        #: The last authorization request.
        self.asked: dict[str, str] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()

    def client_secrets(self) -> str:
        """The client file that leads here."""
        installed = {
            "client_id": CLIENT_ID,
            "project_id": "recorder",
            "auth_uri": f"{self.origin}/o/oauth2/auth",
            "token_uri": f"{self.origin}/token",
            "auth_provider_x509_cert_url": f"{self.origin}/oauth2/v1/certs",
            "client_secret": CLIENT_SECRET,
            "redirect_uris": ["http://localhost"],
        }
        return json.dumps({"installed": installed})

    def take(self) -> list[Request]:
        """What was asked since the last time."""
        taken, self.requests = self.requests, []
        return taken

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent."""
        self.asked = query
        answer = {"code": "4/recorded-code", "scope": query["scope"], "iss": self.origin}
        if "state" in query:
            answer["state"] = query["state"]
        return f"{query['redirect_uri']}?{urlencode(answer, quote_via=quote)}"

    def token(self, form: dict[str, str]) -> Json:
        """A token that is about to expire for a code, so that a refresh comes soon; then one that is not."""
        answer: Json = {"token_type": "Bearer", "scope": self.asked["scope"]}
        if form["grant_type"] == "refresh_token":
            return answer | {"access_token": "second-token", "expires_in": 3599}
        if form["redirect_uri"] != self.asked["redirect_uri"]:
            self.faults.append("the redirect URIs differ")
        if "code_challenge" in self.asked or "code_verifier" in form:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if _base64url(digest) != self.asked.get("code_challenge"):
                self.faults.append("the verifier is not that of the challenge")
        claims = {"iss": self.origin, "aud": CLIENT_ID, "sub": "108", "email": EMAIL, "email_verified": True}
        parts: tuple[Json, ...] = ({"alg": "RS256"}, claims, {})
        return answer | {
            "access_token": "first-token",
            "expires_in": 1,
            "refresh_token": "1//recorded-refresh-token",
            "id_token": ".".join(_base64url(json.dumps(part).encode()) for part in parts),
        }

    def chat(self, method: str, path: str, query: dict[str, str]) -> Json:
        """What the API answers. Every list has two pages."""
        next_page = {} if "pageToken" in query else {"nextPageToken": "page/2="}
        match method, path.removeprefix("/v1/").split("/"):
            case "GET", ["spaces"]:
                return {"spaces": [SPACE], **next_page}
            case "GET", ["spaces", _, "members"]:
                return {"memberships": [MEMBERSHIP], **next_page}
            case _, ["spaces", _, "members", *_]:
                return MEMBERSHIP
            case "DELETE", _:
                return {}
            # It may be any type of conversation.
            case "POST", ["spaces:setup"]:
                return {"name": SPACE["name"]}
        return SPACE


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _flat(value: object, name: str) -> dict[str, str]:
    """Every leaf of a JSON value under its path, as JSON."""
    if isinstance(value, dict):
        return {key: leaf for part, inner in value.items() for key, leaf in _flat(inner, f"{name}.{part}").items()}
    if isinstance(value, list):
        return {key: leaf for part, inner in enumerate(value) for key, leaf in _flat(inner, f"{name}[{part}]").items()}
    return {name: json.dumps(value)}


def _pairs(kind: str, text: str) -> dict[str, str]:
    """A query or a form; what is there twice would be lost in a dictionary, and so is numbered."""
    fields: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)):
        key = f"{kind} {name}"
        fields[f"{key} again" if key in fields else key] = value
    return fields


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def answer(self) -> None:
            target = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            content_type = self.headers.get("content-type", "")
            query, form = _pairs("query", target.query), {}
            fields = {"method": self.command, "path": target.path, **query}
            if content_type:
                fields["header content-type"] = content_type
            if authorization := self.headers.get("authorization"):
                scheme, _, credentials = authorization.partition(" ")
                basic = scheme.lower() == "basic"
                readable = base64.b64decode(credentials).decode() if basic else credentials
                fields["header authorization"] = f"{scheme} {readable}"
            if content_type.startswith("application/x-www-form-urlencoded"):
                form = _pairs("form", body)
                fields |= form
            elif body:
                fields |= _flat(json.loads(body), "json").items()
            recorder.requests.append(Request(fields))
            plain = {name.partition(" ")[2]: value for name, value in (query | form).items()}
            if target.path == "/o/oauth2/auth":
                self.send_response(302)
                self.send_header("location", recorder.authorize(plain))
                self.send_header("content-length", "0")
                self.end_headers()
                return
            if target.path == "/token":
                answer = recorder.token(plain)
            elif target.path == "/revoke":
                answer = {}
            else:
                answer = recorder.chat(self.command, target.path, plain)
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json; charset=UTF-8")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = answer

    return Handler
