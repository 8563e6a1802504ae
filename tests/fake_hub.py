"""A stand-in for the Hugging Face Hub on loopback: what huggingface_hub asks for when it publishes and loads."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

TOKEN = "hf_test"
EMPTY = "0" * 40


@dataclass
class Repo:
    """A repository: its commits are whole trees, path -> content."""

    kind: str
    name: str
    is_private: bool = False
    head: str = EMPTY
    commits: dict[str, dict[str, bytes]] = field(default_factory=lambda: {EMPTY: {}})
    tags: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit_of(self, revision: str) -> str | None:
        found = self.head if revision == "main" else self.tags.get(revision, revision)
        return found if found in self.commits else None


class FakeHub(ThreadingHTTPServer):
    """A Hub in memory; large files go through Git LFS as on the real one.

    `fails[stage]` requests of a stage ("create", "preupload", "lfs", "commit", "tag", "settings") are refused.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos: dict[str, Repo] = {}
        self.blobs: dict[str, bytes] = {}
        self.fails: dict[str, int] = {}
        self.requests: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    def takes(self, stage: str) -> bool:
        """Return whether a request of this stage is served; one of `fails` is used up if it is not."""
        if self.fails.get(stage, 0):
            self.fails[stage] -= 1
            return False
        return True


def connected(monkeypatch: pytest.MonkeyPatch, cache: Path) -> FakeHub:
    """Return a stand-in that huggingface_hub talks to until the test is over; its cache is a folder of the test's."""
    server = FakeHub()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.address)
    monkeypatch.setattr(
        "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
        f"{server.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}",
    )
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    return server


class _Handler(BaseHTTPRequestHandler):
    server: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Print nothing."""

    def _send(self, data: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _answer(self, body: Any, status: int = 200, **headers: str) -> None:
        self._send(json.dumps(body).encode(), status, Content_Type="application/json", **headers)

    def _refuse(self, status: int, message: str, code: str = "") -> None:
        self._answer({"error": message}, status, X_Error_Message=message, **({"X_Error_Code": code} if code else {}))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _may_write(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _repo(self, kind: str, name: str) -> Repo | None:
        """Return the repository, or answer that there is none (as for a private one, to strangers)."""
        repo = self.server.repos.get(f"{kind}/{name}")
        if repo is None or (repo.is_private and not self._may_write()):
            self._refuse(401 if repo else 404, "Repository not found", "RepoNotFound")
            return None
        return repo

    def _handle(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.requests.append(f"{self.command} {path}")
        body = self._body()
        if path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif match := re.fullmatch(r"/api/(models|spaces)/([^/]+/[^/]+)(?:/(.*))?", path):
            kind = match.group(1).removesuffix("s")
            repo = self._repo(kind, match.group(2))
            if repo is not None:
                self._api(repo, match.group(3) or "", body)
        elif match := re.fullmatch(r"/(spaces/)?([^/]+/[^/]+)\.git/info/lfs/objects/batch", path):
            self._batch(json.loads(body))
        elif path.startswith("/lfs/"):
            self._store(path.removeprefix("/lfs/"), body)
        elif match := re.fullmatch(r"/(spaces/)?([^/]+/[^/]+)/resolve/([^/]+)/(.*)", path):
            repo = self._repo("space" if match.group(1) else "model", match.group(2))
            if repo is not None:
                self._resolve(repo, match.group(3), match.group(4))
        else:
            self._refuse(404, f"no such page: {path}")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle

    def _create(self, asked: dict[str, Any]) -> None:
        name = asked["name"] if not asked.get("organization") else f"{asked['organization']}/{asked['name']}"
        kind = asked.get("type") or "model"
        if not self._may_write():
            self._refuse(401, "Invalid credentials")
        elif not self.server.takes("create"):
            self._refuse(400, "the disk is on fire")
        elif f"{kind}/{name}" in self.server.repos:
            self._answer({"error": "You already created this repo", "url": f"{self.server.address}/{name}"}, 409)
        else:
            is_private = bool(asked.get("private")) or asked.get("visibility") == "private"
            self.server.repos[f"{kind}/{name}"] = Repo(kind, name, is_private)
            self._answer({"url": f"{self.server.address}/{name}", "name": name, "id": name})

    def _api(self, repo: Repo, action: str, body: bytes) -> None:
        verb = action.split("/")[0]
        if self.command != "GET" and not self._may_write():
            self._refuse(401, "Invalid credentials")
        elif self.command != "GET" and not self.server.takes(verb):
            self._refuse(400, "the disk is on fire")
        elif verb in ("", "revision"):
            self._describe(repo, action.removeprefix("revision/") or "main")
        elif verb == "refs":
            tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": sha} for n, sha in repo.tags.items()]
            branch = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head}
            self._answer({"branches": [branch], "converts": [], "tags": tags})
        elif verb == "tree":
            tree = repo.commits[repo.commit_of(action.split("/")[1]) or EMPTY]
            self._answer([{"type": "file", "path": p, "size": len(c), "oid": _oid(c)} for p, c in tree.items()])
        elif verb == "preupload":
            tree = repo.commits[repo.head]
            self._answer({"files": [_upload_mode(file["path"], tree) for file in json.loads(body)["files"]]})
        elif verb == "commit":
            self._commit(repo, [json.loads(line) for line in body.decode().splitlines() if line])
        elif verb == "tag":
            repo.tags[json.loads(body)["tag"]] = unquote(action.split("/")[1])
            self._answer({})
        elif verb == "settings":
            asked = json.loads(body)
            repo.is_private = asked.get("private", asked.get("visibility") == "private")
            self._answer({"private": repo.is_private})
        else:
            self._refuse(404, f"no such action: {action}")

    def _describe(self, repo: Repo, revision: str) -> None:
        sha = repo.commit_of(revision)
        if sha is None:
            self._refuse(404, "Revision not found", "RevisionNotFound")
            return
        siblings = [{"rfilename": path} for path in repo.commits[sha]]
        self._answer({"id": repo.name, "sha": sha, "siblings": siblings, "tags": [], "private": repo.is_private})

    def _batch(self, asked: dict[str, Any]) -> None:
        objects = []
        for wanted in asked["objects"]:
            known = wanted["oid"] in self.server.blobs
            actions = {"upload": {"href": f"{self.server.address}/lfs/{wanted['oid']}"}}
            objects.append({**wanted, **({} if known else {"actions": actions})})
        self._answer({"transfer": "basic", "objects": objects})

    def _store(self, oid: str, body: bytes) -> None:
        if not self.server.takes("lfs"):
            self._refuse(403, "the disk is on fire")
        elif hashlib.sha256(body).hexdigest() != oid:
            self._refuse(400, "not what its hash says")
        else:
            self.server.blobs[oid] = body
            self._answer({})

    def _commit(self, repo: Repo, lines: list[dict[str, Any]]) -> None:
        tree = dict(repo.commits[repo.head])
        for line in lines:
            key, value = line["key"], line["value"]
            if key == "header":
                repo.messages.append(value["summary"])
            elif key == "file":
                tree[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile" and value["oid"] in self.server.blobs:
                tree[value["path"]] = self.server.blobs[value["oid"]]
            elif key == "deletedFile":
                del tree[value["path"]]
            else:
                self._refuse(400, f"cannot commit {line}")
                return
        sha = hashlib.sha1(repr([repo.head, sorted(tree.items())]).encode()).hexdigest()
        repo.head, repo.commits[sha] = sha, tree
        url = f"{self.server.address}/{'spaces/' if repo.kind == 'space' else ''}{repo.name}/commit/{sha}"
        self._answer({"commitUrl": url, "commitOid": sha, "success": True, "hookOutput": ""})

    def _resolve(self, repo: Repo, revision: str, path: str) -> None:
        sha = repo.commit_of(unquote(revision))
        if sha is None:
            self._refuse(404, "Revision not found", "RevisionNotFound")
        elif path not in repo.commits[sha]:
            self._answer({}, 404, X_Error_Code="EntryNotFound", X_Repo_Commit=sha)
        else:
            content = repo.commits[sha][path]
            self._send(content, ETag=f'"{_oid(content)}"', X_Repo_Commit=sha, Accept_Ranges="none")


def _oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _upload_mode(path: str, tree: dict[str, bytes]) -> dict[str, Any]:
    """Return how a file is to be sent, and the hash of the one that is there: the client skips what is the same."""
    is_large = path.endswith(".safetensors")
    oid = None
    if path in tree:
        oid = hashlib.sha256(tree[path]).hexdigest() if is_large else _oid(tree[path])
    return {"path": path, "uploadMode": "lfs" if is_large else "regular", "shouldIgnore": False, "oid": oid}
