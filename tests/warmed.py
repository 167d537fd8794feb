"""Commands as users type them, in processes that need not import the harnesses first.

One process imports Inspect AI and lm-eval, which takes a command seconds, and forks for each one:
the fork has the command's words, folder, environment and files for what it says, and calls what its
executable calls. What happens at the start of an interpreter is not tried by this: the executables
themselves are run by `tests/test_readme.py` (`inspect`), `tests/hosts/lm_eval/test_cli.py` and
`test_discovery.py` (`lm_eval`), `tests/test_cli.py` and `tests/commands` (`anytime`), and all three
by `tests/installing`.
"""

from __future__ import annotations

import atexit
import copy
import importlib
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["command", "words_of"]

ROOT = Path(__file__).parents[1]
WARM = (
    "inspect_ai",
    "inspect_ai._cli.main",
    "lm_eval.__main__",
    "lm_eval.evaluator",
    "lm_eval.loggers",
    "lm_eval.tasks",
    "scipy.stats",
    "torch",
    "transformers",
    "openai",
    "pytablewriter",
    "inspect_ai.agent._acp.server",
    "inspect_evals._registry",
)
"""What commands import, where it is installed; nothing of anytime's own: which plugins there are,
each command has to find out."""

AT_IMPORT = {"HF_HUB_OFFLINE": "1", "OPENBLAS_NUM_THREADS": "1"}
"""What packages read when they are imported; no thread may run when a process forks."""

HARMLESS = "jemalloc"
"""Of pyarrow, which takes care of forks itself."""


def command(
    words: Sequence[object], folder: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `inspect`, `lm_eval` or `anytime` in a folder.

    Args:
        words: The command.
        folder: Where.
        env: All of its environment; None for that of this process.
    """
    given = list(map(str, words))
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said, "out"), Path(said, "err")
        order = {
            "words": given,
            "folder": str(folder),
            "env": dict(os.environ if env is None else env),
            "said": [str(out), str(err)],
        }
        process = _warmed()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        code = process.stdout.readline()
        assert code, "the warmed process has ended"
        return subprocess.CompletedProcess(given, int(code), out.read_text(), err.read_text())


def words_of(line: str, folder: Path) -> list[str]:
    """A line as a shell splits it, file patterns included."""
    assert not set("|&;<>$`~") & set(line), f"a line for a shell: {line}"
    found = [(word, sorted(folder.glob(word)) if "*" in word else []) for word in shlex.split(line)]
    return [
        name
        for word, files in found
        for name in ([str(file.relative_to(folder)) for file in files] or [word])
    ]


@cache
def _warmed() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.warmed"],
        cwd=ROOT,
        env={**os.environ, **AT_IMPORT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait(60)


def _serve() -> None:
    """Fork for each order that is read, and answer with its exit code."""
    for name in WARM:
        with suppress(ModuleNotFoundError):
            importlib.import_module(name)
    _read_tasks()
    assert "anytime.plugins" not in sys.modules, "plugins that a command brings would not be found"
    names = [(task / "comm").read_text() for task in Path("/proc/self/task").iterdir()]
    threads = [name.strip() for name in names if not name.startswith(HARMLESS)]
    assert len(threads) == 1, f"a fork would lose some of these threads: {threads}"
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        order = json.loads(line)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            _become(**order)
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


def _read_tasks() -> None:
    """Read lm-eval's thousands of YAML files once, which it reads anew, twice, for each command."""
    from lm_eval.tasks import _index

    own, load = Path(_index.__file__).parent, _index.load_yaml
    held: dict[tuple[Path, str], Any] = {}

    def once(path: Path, **options: Any) -> Any:
        if own not in path.parents:
            return load(path, **options)
        key = path, repr(options)
        if key not in held:
            held[key] = load(path, **options)
        return copy.deepcopy(held[key])

    _index.load_yaml = once
    _index.TaskIndex.build([own])


def _become(
    words: Sequence[str], folder: str, env: Mapping[str, str], said: Sequence[str]
) -> NoReturn:
    """Be that command, and end as its executable does."""
    os.setsid()
    for number, name in enumerate((os.devnull, *said)):
        file = os.open(name, os.O_RDWR | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    program, *rest = words
    executable = Path(sys.executable).with_name(program)
    sys.argv = [str(executable), *rest]
    # As an executable has it: its own folder first, which holds no module, not the repository.
    sys.path[:] = [*filter(None, env.get("PYTHONPATH", "").split(os.pathsep)), *_packages()]
    importlib.invalidate_caches()
    _draw_anew()
    code = 1
    try:
        (point,) = (one for one in entry_points(group="console_scripts") if one.name == program)
        code = _code(point.load()())
    except SystemExit as stop:
        code = _code(stop.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        _leave(code)


def _packages() -> list[str]:
    return [name for name in sys.path if name and Path(name).absolute() != ROOT]


def _draw_anew() -> None:
    """No two commands have the random numbers of one interpreter."""
    random.seed()
    importlib.import_module("numpy").random.seed()


def _code(returned: Any) -> int:
    if returned is None or isinstance(returned, int):
        return int(returned or 0)
    print(returned, file=sys.stderr)
    return 1


def _leave(code: int) -> NoReturn:
    """End with what an interpreter does when it ends."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve()
