"""Where problems are read from: a file of the user, or a pinned source downloaded once."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock

from anytime.errors import AnytimeError, DatasetUnavailableError
from anytime.writing import whole_file

__all__ = [
    "cache_dir",
    "download",
    "git_blob_id",
    "hub_rows",
    "local_path",
    "read_text",
    "sha256_id",
]

DOWNLOAD_SECONDS = 60.0
"""How long a server may be silent in the midst of a download."""

CONNECT_SECONDS = 4.0
"""How long to wait for a connection: where there is none, it is said soon."""

HUB_SECONDS = 4.0
"""How long to wait for the Hub before its cached copies are all there is."""


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
            f"dataset file {path} is not UTF-8 (byte {error.start}): convert it to UTF-8"
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
    if (content := _verified(kept, expected, identify)) is not None:
        return content
    with _alone(kept):
        # Whoever began at the same time may have it by now.
        if (content := _verified(kept, expected, identify)) is not None:
            return content
        content = _get(url, title)
        found = identify(content)
        if found != expected:
            raise DatasetUnavailableError(
                f"{title} at {url} is not the pinned file (id {found}, expected {expected}); "
                f"it was not kept"
            )
        _keep(kept, content, title)
    return content


def _verified(kept: Path, expected: str, identify: Callable[[bytes], str]) -> bytes | None:
    """What is kept, if it is what it should be."""
    try:
        content = kept.read_bytes()
    except OSError:
        return None
    return content if identify(content) == expected else None  # else damaged: fetched again


@contextmanager
def _alone(kept: Path) -> Iterator[None]:
    """One download at a time; where nothing can be written, each for itself."""
    with ExitStack() as held:
        with suppress(OSError):
            kept.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(kept.with_name(f".{kept.name}.lock")))
        yield


def _keep(kept: Path, content: bytes, title: str) -> None:
    """Keep a download; it is used whether that can be done or not."""
    try:
        with whole_file(kept) as partial:
            partial.write_bytes(content)
    except AnytimeError as error:
        warnings.warn(
            f"{title} was downloaded, verified and is used, but cannot be kept ({error}): it will "
            f"be downloaded again next time, unless ANYTIME_CACHE_DIR names a directory that can "
            f"be written",
            stacklevel=2,
        )


def _get(url: str, title: str) -> bytes:
    import httpx

    try:
        waits = httpx.Timeout(DOWNLOAD_SECONDS, connect=CONNECT_SECONDS)
        response = httpx.get(url, follow_redirects=True, timeout=waits)
        response.raise_for_status()
    except httpx.HTTPError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatasetUnavailableError(
            f"{title} could not be downloaded from {url} ({reason})"
        ) from None
    return response.content


def local_path(dataset: str, choices: Iterable[str], kind: str) -> Path:
    """The file a user named as a dataset, or the error for a misspelt name.

    A name with a path separator or a file ending means a file, there or not.
    """
    path = Path(dataset)
    if not (path.suffix or path.name != dataset or path.exists()):
        raise AnytimeError(f"unknown dataset {dataset!r}: choose {', '.join(choices)}, or {kind}")
    return path


def hub_rows(
    repo: str, revision: str | None, split: str, config: str | None = None, *, hint: str
) -> list[Mapping[str, Any]]:
    """Rows of a dataset on the Hugging Face Hub, at a pinned revision where one is given.

    Args:
        repo: The dataset's name on the Hub.
        revision: A commit; None takes the current one.
        split: The split's name there.
        config: The configuration's name, where there are several.
        hint: What the user can do instead, for the error.

    Raises:
        DatasetUnavailableError: It can neither be fetched nor is it in the Hub's local cache.
    """
    import datasets
    import httpx
    from datasets.exceptions import DatasetsError

    def unavailable(reason: str) -> DatasetUnavailableError:
        return DatasetUnavailableError(
            f"{repo} could not be loaded from the Hugging Face Hub ({reason}): {hint}"
        )

    # Without a connection `datasets` retries for half a minute before it looks at its cache; told
    # to be offline it looks there at once.
    was_offline = datasets.config.HF_HUB_OFFLINE
    offline = was_offline or not _reachable(datasets.config.HF_ENDPOINT)
    datasets.config.HF_HUB_OFFLINE = offline
    try:
        loaded = datasets.load_dataset(repo, config, revision=revision, split=split)
    except (OSError, ValueError, httpx.HTTPError, DatasetsError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        reason = "no connection and no cached copy" if offline else lines[0].rstrip(".")
        raise unavailable(reason) from None
    finally:
        datasets.config.HF_HUB_OFFLINE = was_offline
    # Offline, `datasets` takes whatever revision was cached last; the folder is named after it.
    folders = {Path(file["filename"]).parent.name for file in loaded.cache_files}
    if offline and revision is not None and not folders <= {revision}:
        raise unavailable(f"no connection, and the cached copy is not revision {revision[:8]}")
    return list(loaded)


def _reachable(endpoint: str) -> bool:
    import httpx

    try:
        httpx.head(endpoint, timeout=HUB_SECONDS)
    except httpx.HTTPError:
        return False
    return True
