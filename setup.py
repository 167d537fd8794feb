"""Carries the start-up hook `anytime_lm_eval.pth` to the root of site-packages.

Everything else is in pyproject.toml; setuptools has no field there for a file beside the packages,
and coverage.py's hook travels in the same way. docs/lm_eval.md says what the hook does.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel

HOOK = Path("anytime_plugin/anytime_lm_eval.pth")


class BuildWithHook(build_py):
    """Lays the hook beside the packages of a wheel."""

    def run(self):
        """Build, then add the hook."""
        super().run()
        if not self.editable_mode:
            self.copy_file(str(HOOK), str(Path(self.build_lib, HOOK.name)))

    def get_outputs(self, include_bytecode=True):
        """List the hook among the built files."""
        outputs = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else [*outputs, str(Path(self.build_lib, HOOK.name))]

    def get_source_files(self):
        """List the hook among the sources, for source distributions."""
        return [*super().get_source_files(), str(HOOK)]


class EditableWithHook(editable_wheel):
    """Lays the hook beside the path file of an editable wheel."""

    def _select_strategy(self, name, tag, build_lib):
        return _WithHook(super()._select_strategy(name, tag, build_lib))


class _WithHook:
    """An editable strategy of setuptools that adds one file to its wheel."""

    def __init__(self, strategy):
        self._strategy = strategy

    def __call__(self, wheel, files, mapping):
        self._strategy(wheel, files, mapping)
        wheel.writestr(HOOK.name, HOOK.read_text())

    def __enter__(self):
        self._strategy.__enter__()
        return self

    def __exit__(self, *error):
        return self._strategy.__exit__(*error)


setup(cmdclass={"build_py": BuildWithHook, "editable_wheel": EditableWithHook})
