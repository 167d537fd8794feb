"""What Inspect AI finds through the entry point `inspect_ai`; importing it registers all parts."""

from anytime.hosts.inspect_ai.models import anytime as anytime_provider
from anytime.hosts.inspect_ai.scoring import anytime, curve
from anytime.hosts.inspect_ai.tasks import aime, gpqa, trip
from anytime.hosts.inspect_ai.wrapping import wrap
from anytime.logs.inspect_ai.annotating_live import annotate
from anytime.solvers import budget, cot, leap, pdp, pdp_plus

__all__ = [
    "aime",
    "annotate",
    "anytime",
    "anytime_provider",
    "budget",
    "cot",
    "curve",
    "gpqa",
    "leap",
    "pdp",
    "pdp_plus",
    "trip",
    "wrap",
]
