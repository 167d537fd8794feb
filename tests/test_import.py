"""What importing the library costs, and that its public names are there."""

from __future__ import annotations

import pytest

import anytime
from tests.fresh_interpreter import loaded_after

HEAVY = (
    "inspect_ai",
    "lm_eval",
    "numpy",
    "torch",
    "datasets",
    "pydantic",
    "httpx",
    "pluggy",
    "scipy",
)


@pytest.fixture(scope="module")
def at_start() -> set[str]:
    """Loaded before anything of ours: what `.pth` files of other packages bring along."""
    return loaded_after("")


def test_importing_anytime_loads_neither_a_harness_nor_numpy(at_start: set[str]) -> None:
    new = loaded_after("import anytime") - at_start
    assert "anytime" in new
    assert not new.intersection(HEAVY)


def test_the_index_needs_numpy_alone(at_start: set[str]) -> None:
    code = "from anytime import Curve, anytime_index; anytime_index(Curve([1, 3], [[0, 1]]))"
    new = loaded_after(code) - at_start
    assert {name for name in new if name in HEAVY} == {"numpy"}


def test_asking_who_reads_a_log_loads_no_domain_and_no_method() -> None:
    code = "from anytime.harnesses import known_harnesses; known_harnesses()"
    new = loaded_after(code, whole=True)
    assert "anytime.logs.inspect_ai.harness" in new
    assert not {"anytime.domains.trip", "anytime.domains.aime", "anytime.methods.pdp"} & new


def test_budgets_and_programs_need_not_even_that(at_start: set[str]) -> None:
    new = loaded_after("from anytime import interrupt, contract, parse_budgets") - at_start
    assert not new.intersection(HEAVY)


@pytest.mark.parametrize("name", anytime.__all__)
def test_public_names_resolve(name: str) -> None:
    found = getattr(anytime, name)
    # An alias and a marker have no name of their own.
    assert name in ("Program", "hookimpl") or found.__name__ == name


def test_the_public_names_are_listed_once_and_no_others_resolve() -> None:
    assert dir(anytime) == sorted(set(anytime.__all__)) == list(anytime.__all__)
    with pytest.raises(AttributeError, match="no attribute 'utils'"):
        anytime.utils  # noqa: B018
