"""Three ways for lm-eval to find the tasks, and a start-up hook that never breaks anything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from anytime.cli import task_directory
from anytime.hosts.lm_eval import discovery
from tests.lm_eval_offers import GROUPS, HOOK, TASKS
from tests.lm_eval_runs import Cli

INDEX = """
import logging, sys
logging.basicConfig(level=logging.WARNING, stream=sys.stdout)
from lm_eval.tasks import TaskManager, manager
manager.__file__ = "/nowhere/manager.py"  # lm-eval's own tasks take seconds to index
from lm_eval.api.registry import get_model
found = TaskManager(include_path=INCLUDE, include_defaults=DEFAULTS)
for name in found.all_tasks:
    if name.startswith("anytime"):
        print(name, found.task_index[name].yaml_path)
print("include_path", found.include_path)
for name in ("anytime-planner", "dummy"):
    try:
        print(get_model(name).__name__)
    except ValueError:
        print("no", name)
"""


def python(
    code: str, *flags: str, folder: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        env={**os.environ, **env},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
    )


def index(include: object = None, defaults: bool = True, **env: str) -> list[str]:
    code = INDEX.replace("INCLUDE", repr(include)).replace("DEFAULTS", repr(defaults))
    done = python(code, **env)
    assert done.returncode == 0, done.stderr
    assert "overrides" not in done.stdout
    assert "Duplicate" not in done.stdout
    return done.stdout.splitlines()


def test_the_hook_is_installed_and_is_one_guarded_line() -> None:
    text = HOOK.read_text()
    assert text.startswith("import sys;exec(")
    assert text.count("\n") == 1


@pytest.mark.slow
def test_the_hook_the_option_and_both_give_the_same_tasks() -> None:
    given = str(task_directory())
    by_hook = index()
    by_option = index(given, ANYTIME_LM_EVAL_HOOK="0")
    by_both = index(given)
    names = {line.split()[0] for line in by_hook if line.startswith("anytime")}
    assert names == TASKS | GROUPS
    tasks = [line for line in by_hook if line.startswith("anytime")]
    assert tasks == [line for line in by_option if line.startswith("anytime")]
    assert tasks == [line for line in by_both if line.startswith("anytime")]
    assert f"include_path {given}" in by_both
    assert by_hook[-2:] == by_both[-2:] == ["Planner", "DummyLM"]
    assert by_option[-2:] == ["no anytime-planner", "DummyLM"]


def test_without_defaults_nothing_is_added() -> None:
    assert [line for line in index(defaults=False) if line.startswith("anytime")] == []


LATER = """
import logging, sys
logging.basicConfig(level=logging.WARNING, stream=sys.stdout)
from lm_eval.tasks import TaskManager, manager
from anytime.hosts.lm_eval import discovery
manager.__file__ = "/nowhere/manager.py"  # lm-eval's own tasks take seconds to index
asked = []
init = TaskManager.__init__
def finding_plugins(self, verbosity=None, include_path=None, include_defaults=True, metadata=None):
    asked.append(include_path)
    plugins = PLUGINS if include_defaults else []
    init(self, verbosity, [*plugins, *(include_path or [])], include_defaults, metadata)
    self.include_path = include_path
TaskManager.__init__ = finding_plugins
discovery.install(manager)
found = [TaskManager(), TaskManager(include_path=["/elsewhere"])]
print(asked)
print(*(name for name in found[1].all_tasks if name.startswith("anytime")))
print(manager.__file__, [each.include_path for each in found])
"""


@pytest.mark.parametrize("alone", [True, False])
def test_whether_lm_eval_finds_the_tasks_itself_is_tried(alone: bool) -> None:
    """As pull request 4015 does, whatever its words: once, and then it is left alone."""
    given = str(task_directory())
    plugins = [given] if alone else []
    done = python(LATER.replace("PLUGINS", repr(plugins)), ANYTIME_LM_EVAL_HOOK="0")
    assert done.returncode == 0, done.stderr
    assert "overrides" not in done.stdout
    asked, names, rest = done.stdout.splitlines()
    ours = [] if alone else [Path(given)]
    first, *others = [None, *([None, ["/elsewhere"]] if alone else [ours, [*ours, "/elsewhere"]])]
    assert asked == repr([first, *others])
    assert set(names.split()) == TASKS | GROUPS
    assert rest == "/nowhere/manager.py [None, ['/elsewhere']]"


def test_an_lm_eval_that_moved_warns_and_works() -> None:
    code = """
import types, warnings
from anytime.hosts.lm_eval import discovery
from importlib.machinery import ModuleSpec
import sys
class Loader:
    def create_module(self, spec): return None
    def exec_module(self, module): module.loaded = True
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None): return ModuleSpec(name, Loader())
sys.meta_path[:] = [Finder]
spec = discovery.find_spec("lm_eval.tasks.manager")
module = types.ModuleType("manager")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    spec.loader.exec_module(module)
assert module.loaded
assert "anytime path" in str(caught[0].message), caught
"""
    done = python(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("flags", [(), ("-S",), ("-I",), ("-E",), ("-s",), ("-O",)])
def test_every_kind_of_start_is_silent(flags: tuple[str, ...]) -> None:
    done = python("print('up')", *flags)
    assert (done.returncode, done.stdout, done.stderr) == (0, "up\n", "")


def test_starting_imports_nothing_of_ours() -> None:
    done = python(
        "import sys; print([m for m in sys.modules if 'anytime' in m and 'edit' not in m])"
    )
    assert done.stdout == "[]\n"


def run_hook(folder: Path, code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the hook's line as `site` does, in an interpreter that has nothing else of ours."""
    line = HOOK.read_text()
    stub = folder / "lm_eval" / "tasks"
    stub.mkdir(parents=True, exist_ok=True)
    (folder / "lm_eval" / "__init__.py").touch()
    (stub / "__init__.py").touch()
    (stub / "manager.py").write_text("loaded = True\n")
    start = f"import sys\nsys.path.insert(0, {str(folder)!r})\nexec({line!r})\n"
    return python(start + code, "-S", folder=folder, **env)


LOAD = "from lm_eval.tasks import manager\nprint(manager.loaded)\n"


def test_uninstalled_it_stands_aside_and_says_so(tmp_path: Path) -> None:
    done = run_hook(tmp_path, LOAD)
    assert (done.returncode, done.stdout) == (0, "True\n")
    assert done.stderr == (
        "anytime: its tasks are missing from lm-eval (ModuleNotFoundError: No module named "
        "'anytime'); install anytime-eval again, or uninstall it\n"
    )


@pytest.mark.parametrize("torn", ["OSError('torn')", "SystemExit('torn')", "SystemExit(3)"])
def test_half_removed_it_stands_aside_and_says_why(torn: str, tmp_path: Path) -> None:
    (tmp_path / "anytime").mkdir()
    (tmp_path / "anytime" / "__init__.py").write_text(f"raise {torn}\n")
    done = run_hook(tmp_path, LOAD)
    assert (done.returncode, done.stdout) == (0, "True\n")
    assert done.stderr.startswith("anytime: its tasks are missing from lm-eval (")
    assert len(done.stderr.splitlines()) == 1


def test_what_it_installs_may_fail_in_any_way(tmp_path: Path) -> None:
    """Errors of ours are a SystemExit in lm-eval."""
    folder = tmp_path / "anytime" / "hosts" / "lm_eval"
    folder.mkdir(parents=True)
    source = Path(discovery.__file__).read_text()
    broken = source.replace("    register_models(MODELS)\n", "    sys.exit('broken')\n")
    assert broken != source
    (folder / "discovery.py").write_text(broken)
    names = re.findall(r"private import \((.*?)\)", source, re.DOTALL)[0].replace(",", " = ")
    (folder / "private.py").write_text(" ".join(names.split()) + " None")
    (folder / "task_lookup.py").write_text("PREFIX = matched = None")
    done = run_hook(tmp_path, LOAD)
    assert (done.returncode, done.stdout) == (0, "True\n")
    assert "use --include_path" in done.stderr


def test_ctrl_c_is_not_swallowed(tmp_path: Path) -> None:
    (tmp_path / "anytime").mkdir()
    (tmp_path / "anytime" / "__init__.py").write_text("raise KeyboardInterrupt\n")
    done = run_hook(tmp_path, LOAD)
    assert "KeyboardInterrupt" in done.stderr
    assert done.stdout == ""


def test_read_twice_it_stands_there_once(tmp_path: Path) -> None:
    """CPython 3.11 reads the `.pth` files of a virtual environment twice."""
    shutil.copy(HOOK, tmp_path)
    code = f"""
import site, sys
for _ in range(3):
    site.addsitedir({str(tmp_path)!r})
    print([f.__name__ for f in sys.meta_path if "Anytime" in getattr(f, "__name__", "")])
"""
    assert python(code, "-S").stdout == "['_AnytimeFinder']\n" * 3


def test_switched_off_it_imports_nothing(tmp_path: Path) -> None:
    (tmp_path / "anytime").mkdir()
    (tmp_path / "anytime" / "__init__.py").write_text("print('imported')\n")
    done = run_hook(tmp_path, LOAD, ANYTIME_LM_EVAL_HOOK="0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_an_unreadable_hook_breaks_no_interpreter(tmp_path: Path) -> None:
    (tmp_path / HOOK.name).mkdir()  # cannot be opened, even by root
    done = python(f"import site; site.addsitedir({str(tmp_path)!r}); print('up')")
    assert (done.returncode, done.stdout) == (0, "up\n")


def test_its_line_does_next_to_nothing(tmp_path: Path) -> None:
    """Counted, as no machine is quick at all times: far less than a millisecond on any."""
    code = f"""
import sys
line = {HOOK.read_text()!r}
modules, steps, touched = set(sys.modules), [], []
sys.addaudithook(lambda event, args: touched.append(event))
for _ in range(2):
    sys.settrace(lambda *seen: steps.append(seen[1]) or sys.gettrace())
    exec(line)
    sys.settrace(None)
    print(len(steps))
print(set(sys.modules) - modules, [e for e in touched if e.startswith(("open", "import", "os."))])
"""
    first, both, rest = python(code, "-S").stdout.splitlines()
    assert int(first) < 60
    assert int(both) < 100
    assert rest == "set() []"


def test_anytime_path(cli: Cli) -> None:
    done = cli("anytime", "path")
    assert done.returncode == 0
    assert {file.stem for file in Path(done.stdout.strip()).glob("*.yaml")} == TASKS | GROUPS


@pytest.mark.slow
def test_lm_eval_lists_and_validates_them(cli: Cli) -> None:
    listed = cli("lm_eval", "ls", "tasks")
    for name in TASKS | GROUPS:
        assert f"|{name} " in listed.stdout.replace("| ", "|"), name
    done = cli("lm_eval", "validate", "--tasks", "anytime")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All tasks found and valid" in done.stdout
