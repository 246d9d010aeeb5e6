"""A hub of the test's own: the few addresses of the Hugging Face hub that pushing and pulling a model use."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TOKEN = "hf_of_this_test"


class Hub(ThreadingHTTPServer):
    """Repositories in memory, each with one branch; files of any size come within the commit."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def commit(self, repo: str) -> str:
        return hashlib.sha1(b"".join(name.encode() + data for name, data in self.files[repo].items())).hexdigest()


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def reply(self, content: Any = b"", *, status: int = 200, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def missing(self, what: str) -> None:
        self.reply({"error": f"{what} not found"}, status=404, X_Error_Code=f"{what}NotFound", X_Error_Message=what)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.reply({"error": "Invalid username or password."}, status=401)
        elif self.path == "/api/repos/create":
            asked = json.loads(body)
            repo = f"{asked['organization']}/{asked['name']}"
            if asked["organization"] != "me":
                self.reply({"error": "You don't have the rights to create a model there"}, status=403)
                return
            self.server.files.setdefault(repo, {})
            self.server.private[repo] = asked.get("visibility") == "private" or bool(asked.get("private"))
            self.reply({"url": f"{self.server.address}/{repo}", "id": repo})
        elif self.path == "/api/validate-yaml":
            self.reply({"errors": [], "warnings": []})
        elif found := re.match(r"/api/models/(.+)/preupload/main", self.path):
            files = [{"path": file["path"], "uploadMode": "regular"} for file in json.loads(body)["files"]]
            self.reply({"files": [{**file, "shouldIgnore": False} for file in files]})
        elif found := re.match(r"/api/models/(.+)/commit/main", self.path):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    data = base64.b64decode(line["value"]["content"])
                    self.server.files[found[1]][line["value"]["path"]] = data
            commit = self.server.commit(found[1])
            url = f"{self.server.address}/{found[1]}/commit/{commit}"
            self.reply({"commitUrl": url, "commitOid": commit, "hookOutput": ""})
        else:
            self.missing("Entry")

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if found := re.match(r"/api/models/([^/]+/[^/]+)(/revision/[^/]+|/refs|/tree/.+)?$", path):
            repo, kind = found[1], found[2] or ""
            if repo not in self.server.files:
                self.missing("Repo")
            elif kind == "/refs":
                main = {"name": "main", "ref": "refs/heads/main", "targetCommit": self.server.commit(repo)}
                self.reply({"branches": [main], "tags": [], "converts": []})
            elif kind.startswith("/tree/"):
                files = self.server.files[repo].items()
                rows = [{"type": "file", "path": name, "size": len(data), "oid": blob(data)} for name, data in files]
                self.reply(rows)
            else:
                siblings = [{"rfilename": name} for name in self.server.files[repo]]
                self.reply({"id": repo, "sha": self.server.commit(repo), "siblings": siblings})
        elif found := re.match(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)$", path):
            data = self.server.files.get(found[1], {}).get(found[2])
            if data is None:
                self.missing("Entry" if found[1] in self.server.files else "Repo")
            else:
                self.reply(data, ETag=f'"{blob(data)}"', X_Repo_Commit=self.server.commit(found[1]))
        else:
            self.missing("Entry")

    def do_HEAD(self) -> None:
        self.do_GET()


def blob(data: bytes) -> str:
    """The name that git gives to a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def served() -> Iterator[Hub]:
    """A hub that is there while the block runs."""
    with Hub() as hub:
        Thread(target=hub.serve_forever, daemon=True).start()
        try:
            yield hub
        finally:
            hub.shutdown()
