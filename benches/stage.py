"""What measuring needs: the server, a logged-in home for every client, and commands run one at a time."""

import json
import os
import shlex
import subprocess
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What the platforms keep their roots in; users' clients read all of it at every start, so the measured ones do.
BUNDLES = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
]

CLIENT_ID = "bench.apps.googleusercontent.com"
CLIENT_SECRET = "bench-client-secret"
REFRESH_TOKEN = "bench-refresh-token"
CACHED_TOKEN = "bench-cached-token"
STALE_TOKEN = "bench-stale-token"
ACCOUNT = "bench@example.com"
SCOPES = [
    "https://www.googleapis.com/auth/chat.spaces.create",
    "https://www.googleapis.com/auth/userinfo.email",
    "openid",
]


def build(*words):
    """Builds with cargo, says so, and gives the paths of the programs that were built, by their target's name."""
    command = ["cargo", "build", "--locked", "--message-format=json-render-diagnostics", *words]
    print("$", shlex.join(command), flush=True)
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    messages = (json.loads(line) for line in built.splitlines())
    return {message["target"]["name"]: message["executable"] for message in messages if message.get("executable")}


class Server:
    """The server of benches/server, with delays that are set and counts that are taken."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        places = json.loads(self.process.stdout.readline())
        self.chat, self.token, self.authority = places["chat"], places["token"], places["authority"]

    def set(self, **delays):
        """Sets the delays in milliseconds, `rtt`, `create` and `token`, and forgets what was counted."""
        self.delays = " ".join(f"{name}={value}" for name, value in delays.items())
        self.take()

    def take(self):
        """What was counted since this was asked last, of both hosts together."""
        self.process.stdin.write(self.delays + "\n")
        self.process.stdin.flush()
        counts = json.loads(self.process.stdout.readline())
        return {name: counts["chat"][name] + counts["token"][name] for name in counts["chat"]}

    def __enter__(self):
        self.set()
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class Home:
    """A directory with the login of every client, and an environment that trusts the system's roots and the server."""

    def __init__(self, server):
        self.server = server
        self.directory = tempfile.TemporaryDirectory(prefix="chatauth-bench-")
        self.path = Path(self.directory.name)
        bundle = next((Path(path).read_text() for path in BUNDLES if Path(path).is_file()), "")
        self.bundle = self.write("bundle.pem", bundle + server.authority)
        self.authority = self.write("authority.pem", server.authority)
        self.client_secrets = self.write("client_secrets.json", json.dumps({"installed": {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "auth_uri": server.token.replace("/token", "/auth"),
            "token_uri": server.token,
            "redirect_uris": ["http://localhost"],
        }}))
        self.environment = {
            "HOME": str(self.path),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "CHATAUTH_CLIENT_SECRETS": self.client_secrets,
            "CHATAUTH_CONFIG_DIR": str(self.path / "config"),
            "CHATAUTH_API_ENDPOINT": server.chat,
            "SSL_CERT_FILE": self.bundle,
            "REQUESTS_CA_BUNDLE": self.bundle,
            "HTTPLIB2_CA_CERTS": self.bundle,
            "NODE_EXTRA_CA_CERTS": self.authority,
            "BENCH_CHAT": server.chat,
            "BENCH_TOKEN": server.token,
            "BENCH_LOGIN": str(self.path / "login.json"),
        }
        self.log_in(fresh=True)

    def write(self, name, text):
        path = self.path / name
        for parent in (path.parent.parent, path.parent):
            parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    def log_in(self, fresh):
        """Every client has a login whose access token is still good for half an hour, or ended long ago."""
        issued = datetime.now(timezone.utc) - (timedelta(minutes=30) if fresh else timedelta(days=2))
        expires = issued + timedelta(hours=1)
        token = CACHED_TOKEN if fresh else STALE_TOKEN
        second = "%Y-%m-%dT%H:%M:%SZ"
        self.write(f"config/accounts/{ACCOUNT}.json", json.dumps({
            "version": 1,
            "client_id": CLIENT_ID,
            "token_endpoint": self.server.token,
            "sub": "117000000000000000000",
            "email": ACCOUNT,
            "granted_scopes": SCOPES,
            "refresh_token": REFRESH_TOKEN,
            "refresh_token_issued_at": issued.strftime(second),
            "access_token": token,
            "issued_at": issued.strftime(second),
            "expires_at": expires.strftime(second),
        }))
        # The one file serves Google's two libraries: each reads the names that it knows.
        self.write("login.json", json.dumps({
            "type": "authorized_user",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "token": token,
            "expiry": expires.strftime("%Y-%m-%dT%H:%M:%S"),
            "access_token": token,
            "expiry_date": int(expires.timestamp() * 1000),
        }))


class Run:
    """A command that has ended: how long it took in seconds, on the clock and on the processor."""

    def __init__(self, command, environment):
        quiet = os.open(os.devnull, os.O_RDWR)
        said = os.open(os.path.join(environment["HOME"], "stderr"), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        streams = [(os.POSIX_SPAWN_DUP2, quiet, 0), (os.POSIX_SPAWN_DUP2, quiet, 1), (os.POSIX_SPAWN_DUP2, said, 2)]
        started = time.perf_counter()
        process = os.posix_spawnp(command[0], command, environment, file_actions=streams)
        _, status, usage = os.wait4(process, 0)
        self.wall = time.perf_counter() - started
        self.cpu = usage.ru_utime + usage.ru_stime
        self.code = os.waitstatus_to_exitcode(status)
        self.stderr = os.pread(said, 4096, 0).decode(errors="replace")
        os.close(quiet)
        os.close(said)
        if self.code != 0:
            raise RuntimeError(f"{shlex.join(command)} ended with {self.code}: {self.stderr}")
