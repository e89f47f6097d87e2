"""Answers kept on disk, and the fetcher that asks there first."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agents.sources.web import Answer, Web
from lineage.errors import Unreachable

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """What the cache holds for an address."""

    body: bytes
    headers: Mapping[str, str]
    fetched_at: datetime

    @property
    def etag(self) -> str | None:
        """The ETag as the server sent it, for `If-None-Match`."""
        return self.headers.get("etag")


_KEPT_HEADERS: Final = ("etag", "x-repo-commit", "content-type", "link")


class Cache:
    """Answers on disk, by content: `blobs/<sha256>`, and `entries/` from address to blob.

    Writes are atomic, so several processes may share a folder. What is damaged counts as
    absent. A folder that cannot be written costs the cache, not the answer: one warning.
    """

    def __init__(self, folder: Path | str | None) -> None:
        self.folder = Path(folder) if folder is not None else None
        self._warned = False

    def get(self, url: str) -> Kept | None:
        """What was kept for `url`, or None."""
        if self.folder is None:
            return None
        try:
            entry = json.loads(self._entry(url).read_bytes())
            body = self._blob(entry["sha256"]).read_bytes()
            if hashlib.sha256(body).hexdigest() != entry["sha256"] or entry["url"] != url:
                return None
            fetched_at = datetime.fromisoformat(entry["fetched_at"])
            return Kept(body, dict(entry["headers"]), fetched_at.astimezone(UTC))
        except (OSError, ValueError, KeyError, TypeError):
            return None  # absent, or damaged: it will be fetched again

    def put(self, url: str, answer: Answer) -> None:
        """Keeps an answer for `url`."""
        if self.folder is None:
            return
        sha256 = hashlib.sha256(answer.body).hexdigest()
        entry = {
            "url": url,
            "sha256": sha256,
            "fetched_at": answer.fetched_at.isoformat(),
            "headers": {one: answer.headers[one] for one in _KEPT_HEADERS if one in answer.headers},
        }
        try:
            if not self._blob(sha256).exists():
                _write(self._blob(sha256), answer.body)
            _write(self._entry(url), json.dumps(entry).encode())
        except OSError as error:
            if not self._warned:
                self._warned = True
                _LOG.warning("nothing is kept in the cache %s: %s", self.folder, error)

    def _entry(self, url: str) -> Path:
        return self._folder / "entries" / f"{hashlib.sha256(url.encode()).hexdigest()}.json"

    def _blob(self, sha256: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise ValueError(f"not a SHA-256: {sha256[:80]!r}")
        return self._folder / "blobs" / sha256[:2] / sha256

    @property
    def _folder(self) -> Path:
        assert self.folder is not None
        return self.folder


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


class Fetcher:
    """`Web` behind a `Cache`; knows when the network may be asked at all."""

    def __init__(self, web: Web, cache: Cache, *, offline: bool = False) -> None:
        self._web = web
        self._cache = cache
        self.offline = offline

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        max_bytes: int,
        fixed: bool = False,
        keep: Callable[[bytes], bool] = bool,
    ) -> Answer:
        """The answer at `url`, from the cache where it is `fixed` (its address names its
        content), where the server says it has not changed, or where we are offline. Only
        a body of which `keep` holds is kept: a page that asks whether one is a robot is
        no paper.

        Unreachable where we are offline and it was never read.
        """
        kept = self._cache.get(url)
        if kept is not None and (fixed or self.offline):
            return Answer(200, kept.body, kept.headers, kept.fetched_at)
        if self.offline:
            raise Unreachable(
                f"offline, and {url} is not in the cache {str(self._cache.folder)!r}; "
                "run once without offline mode",
                address=url,
            )
        if kept is not None and kept.etag:
            headers = {**headers, "If-None-Match": kept.etag}
        answer = self._web.get(url, headers=headers, max_bytes=max_bytes)
        if answer.status == 304 and kept is not None:
            return Answer(200, kept.body, kept.headers, kept.fetched_at)
        if answer.status == 200 and keep(answer.body):
            self._cache.put(url, answer)
        return answer
