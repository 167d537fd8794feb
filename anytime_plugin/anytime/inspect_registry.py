"""What Inspect AI finds through the entry point `inspect_ai`; importing it registers all parts."""

import logging

from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.models import anytime as anytime_provider
from anytime.hosts.inspect_ai.scoring import anytime, curve
from anytime.hosts.inspect_ai.tasks import aime, domain_task, gpqa, trip
from anytime.hosts.inspect_ai.wrapping import wrap
from anytime.logs.inspect_ai.annotating_live import annotate
from anytime.plugins import third_party_domains
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


def _register_domains() -> None:
    """Register a task for each domain of other packages: `anytime/parity`."""
    try:
        domains = third_party_domains()
    except AnytimeError as error:  # Inspect has to work whatever becomes of plugins
        logging.getLogger(__name__).warning("no tasks on domains of plugins: %s", error)
        return
    for domain in domains.values():
        domain_task(domain)


_register_domains()
