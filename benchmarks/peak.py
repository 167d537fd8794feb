"""How much memory a process has held."""

from __future__ import annotations

import re
from pathlib import Path


def peak_mib() -> float:
    """This process's peak in MiB; `ru_maxrss` may be that of the process it was started from."""
    (kibibytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kibibytes) / 2**10
