"""That growth which is not linear is seen."""

from __future__ import annotations

import re

import pytest

from tests.scaling import grows_linearly


@pytest.mark.parametrize(("pattern", "linear"), [("a*b", False), ("(?<!a)a*b", True)])
def test_a_search_from_every_letter_is_not_linear(pattern: str, linear: bool) -> None:
    search = re.compile(pattern).search
    assert grows_linearly(search, lambda times: "a" * (3_000 * times)) is linear
