"""What lm-eval finds of ours, and the file by which it does."""

from __future__ import annotations

import sysconfig
from pathlib import Path

HOOK = Path(sysconfig.get_path("purelib"), "anytime_lm_eval.pth")


TASKS = {
    "anytime_trip",
    "anytime_trip_builtin",
    "anytime_aime24",
    "anytime_aime25",
    "anytime_aime26",
    "anytime_aime_builtin",
    "anytime_gpqa",
    "anytime_gpqa_builtin",
}


GROUPS = {"anytime", "anytime_aime", "anytime_builtin"}
