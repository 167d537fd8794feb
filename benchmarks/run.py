"""The measurements the documentation quotes: `python -m benchmarks.run [NAME ...]`.

Every number is a ratio from this run against a named alternative, or a count. Wall times of other
machines are not comparable; what machine this is, is printed first. Needs the extra `test`.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import (
    annotating,
    coverage_page,
    lm_eval_host,
    lm_eval_memory,
    over_traces,
    overhead,
    pairs,
    planned_widths,
    power,
    readings,
    realmodel,
    report,
    results,
    scoring,
    statistics,
    stopping,
    tokens_spent,
)

MEASUREMENTS: dict[str, Callable[[], None]] = {
    "tokens": tokens_spent.main,
    "overhead": overhead.main,
    "lm_eval": lm_eval_host.main,
    "memory": lm_eval_memory.main,
    "scoring": scoring.main,
    "pairs": pairs.main,
    "readings": readings.main,
    "results": results.main,
    "report": report.main,
    "annotate": annotating.main,
    "bootstrap": statistics.main,
    "coverage": coverage_page.main,
    "traces": over_traces.main,
    "power": power.main,
    "plan": planned_widths.main,
    "stopping": stopping.main,
    "realmodel": realmodel.main,
    "import": lambda: import_time(),
}


def import_time() -> None:
    """`import anytime` against a bare interpreter."""

    def seconds(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    bare = min(seconds("pass") for _ in range(15))
    ours = min(seconds("import anytime") for _ in range(15))
    print(
        f"import anytime: {1000 * (ours - bare):.1f} ms over a bare interpreter's {1000 * bare:.0f}"
    )


def main() -> None:
    """Run the measurements named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *MEASUREMENTS], metavar="NAME")
    names = parser.parse_args().names or list(MEASUREMENTS)
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    for name in names:
        print(f"\n== {name}")
        MEASUREMENTS[name]()


if __name__ == "__main__":
    main()
