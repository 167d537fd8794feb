"""A finished run of any harness as a pool (a stand-in until harnesses are found through a hook)."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anytime.preferences.pool import Pool

__all__ = ["open_pool"]


def open_pool(name: str | Path) -> Pool:
    """A pool file, a finished run of either harness, or a folder with one.

    Raises:
        AnytimeError: It cannot be read, or holds no pool.
    """
    path = Path(name).expanduser()
    files = importlib.import_module("anytime.preferences.pool_file")
    if files.is_pool_file(path):
        pool: Pool = files.PoolFile(path)
        return pool
    if not path.is_dir():
        return _of_inspect(path) if _is_inspect(path) else _of_lm_eval(path)
    if logs := sorted(path.glob("*.eval")):
        merged = importlib.import_module("anytime.preferences.pool").merged
        whole: Pool = merged([_of_inspect(log) for log in logs])
        return whole
    return _of_lm_eval(path)


def _of_inspect(path: Path) -> Pool:
    pool: Pool = importlib.import_module("anytime.logs.inspect_ai.pools").InspectPool(path)
    return pool


def _of_lm_eval(path: Path) -> Pool:
    pool: Pool = importlib.import_module("anytime.logs.lm_eval.pools").LmEvalPool(path)
    return pool


def _is_inspect(path: Path) -> bool:
    if path.suffix == ".eval" or not path.exists():
        return path.suffix != ".jsonl"
    with path.open("rb") as file:
        head = file.read(65536)
    return head.startswith(b"PK") or (head.startswith(b"{") and b'"eval"' in head)
