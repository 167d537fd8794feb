"""Where problems are read from: a file of the user, or a pinned source downloaded once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from anytime.errors import AnytimeError, DatasetUnavailableError

__all__ = ["cache_dir", "download", "git_blob_id", "read_text", "sha256_id"]

DOWNLOAD_SECONDS = 60.0


def sha256_id(content: bytes) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def git_blob_id(content: bytes) -> str:
    """The id git gives a file of this content (SHA-1 over a header and the bytes)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def cache_dir() -> Path:
    """Where downloads are kept: `$ANYTIME_CACHE_DIR`, or the user's cache directory."""
    import platformdirs

    named = os.environ.get("ANYTIME_CACHE_DIR")
    return Path(named) if named else Path(platformdirs.user_cache_dir("anytime"))


def read_text(path: Path) -> str:
    """Read a user's dataset file as UTF-8, or say in one sentence why that cannot be done."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise AnytimeError(f"dataset file {path} does not exist") from None
    except UnicodeDecodeError as error:
        raise AnytimeError(
            f"dataset file {path} is not UTF-8 (byte {error.start}): convert it, for example "
            f"with `iconv -f latin1 -t utf-8`"
        ) from None
    except OSError as error:
        raise AnytimeError(f"dataset file {path} cannot be read: {error.strerror}") from None


def download(url: str, title: str, expected: str, identify: Callable[[bytes], str]) -> bytes:
    """Return the file at `url`, from the cache where a verified copy lies there.

    Args:
        url: Where the official file is published.
        title: What to call it in an error.
        expected: The id its content must have.
        identify: How an id is computed: `sha256_id` or `git_blob_id`.

    Raises:
        DatasetUnavailableError: It cannot be had from here, or its content is not the pinned one;
            nothing unverified is kept.
    """
    kept = cache_dir() / expected
    if kept.is_file():
        content = kept.read_bytes()
        if identify(content) == expected:
            return content
        kept.unlink()  # damaged on disk: fetched again below
    content = _get(url, title)
    found = identify(content)
    if found != expected:
        raise DatasetUnavailableError(
            f"{title} at {url} is not the pinned file (id {found}, expected {expected}); "
            f"it was not kept"
        )
    kept.parent.mkdir(parents=True, exist_ok=True)
    # Renamed into place, so that a reader never sees half a file and a kill leaves none behind.
    partial = kept.with_name(f"{kept.name}.{os.getpid()}.part")
    partial.write_bytes(content)
    partial.replace(kept)
    return content


def _get(url: str, title: str) -> bytes:
    import httpx

    try:
        response = httpx.get(url, follow_redirects=True, timeout=DOWNLOAD_SECONDS)
        response.raise_for_status()
    except httpx.HTTPError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatasetUnavailableError(
            f"{title} could not be downloaded from {url} ({reason})"
        ) from None
    return response.content
