"""GET /sillage.js: the built browser SDK, with what this gateway wants of it written before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CACHING: Final = "public, max-age=86400, stale-while-revalidate=604800"
"""A day, and a week more while a newer one is fetched: the address stays, what it serves may change."""
_HEADERS: Final = {
    "cache-control": CACHING,
    "content-type": "text/javascript; charset=utf-8",
    "x-content-type-options": "nosniff",
    # Any site may embed it, with or without an integrity check of its own.
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}


@dataclass(frozen=True, slots=True)
class Script:
    """The script's bytes, and what HTTP says about them."""

    content: bytes
    etag: str

    @property
    def headers(self) -> dict[str, str]:
        """Of a 200 and of a 304 alike (RFC 9110, section 15.4.5)."""
        return {**_HEADERS, "etag": self.etag}

    def known_by(self, if_none_match: str | None) -> bool:
        """Whether the header If-None-Match names this very script."""
        named = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
        return self.etag in named or named == ["*"]


class BuiltScript:
    """The SDK with its settings, read anew only when its file has changed.

    The settings are a global, `sillageSettings`: {enabled, batchSize, flushInterval in milliseconds}.
    """

    def __init__(self, file: Path | None, sdk: Mapping[str, int | bool]) -> None:
        self._file = file
        self._settings = json.dumps(dict(sdk)).encode()
        self._seen: tuple[int, int, int] | None = None
        self._script: Script | None = None

    def current(self) -> Script | None:
        """None where none is built."""
        if self._file is None:
            return None
        try:
            status = self._file.stat()
            seen = status.st_ino, status.st_mtime_ns, status.st_size
            if seen != self._seen:
                self._script = self._read(self._file)
                self._seen = seen
        except OSError:
            return None
        return self._script

    def _read(self, file: Path) -> Script | None:
        code = file.read_bytes()
        if not code:
            return None
        content = b"globalThis.sillageSettings=%s;\n%s" % (self._settings, code)
        return Script(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
