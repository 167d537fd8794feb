"""What holds for all tests: no clock decides, and what is installed is looked up once."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is not a fault: Hypothesis neither times an example nor calls its drawing slow.
settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test marked `quick`, the cases that it does not name are slow."""
    for item in items:
        named = item.get_closest_marker("quick")
        if named and isinstance(item, pytest.Function) and item.callspec.id not in named.args:
            item.add_marker(pytest.mark.slow)


@cache
def _distributions(path: tuple[str, ...]) -> Mapping[str, list[str]]:
    return packages_distributions()


@pytest.fixture(autouse=True, scope="session")
def installed_once() -> Iterator[None]:
    """Inspect lists every file of every installed package at each run: a third of a small run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "inspect_ai._util.package.packages_distributions",
            lambda: _distributions(tuple(sys.path)),
        )
        yield
