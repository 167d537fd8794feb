"""Where a run's problems are published, and who was asked, as databases of results name them."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from anytime.domains.gpqa import DIAMOND_URL, MAIN_REPO
from anytime.domains.trip.loading import OFFICIAL_URL
from anytime.runs import RunInfo

__all__ = ["HUB", "Asked", "Deployment", "HubDataset", "asked", "hub_datasets", "official_url"]

HUB = "https://huggingface.co/datasets"

Deployment = Literal["self_deployed", "externally_managed", "unknown"]
"""Who runs the model."""

_HUB_REVISION = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[0-9a-f]{40})")

_PUBLISHED = {"gpqa": DIAMOND_URL, "trip": OFFICIAL_URL}
"""Official sets that are files: the problems of the test split."""

_ENGINES = {
    "hf": "transformers",
    "hf-auto": "transformers",
    "huggingface": "transformers",
    "llama-cpp-python": "llama.cpp",
    "gguf": "llama.cpp",
    "sglang": "sglang",
    "vllm": "vllm",
}
"""Kinds of model, in either harness, whose weights the run itself loads."""

_PLATFORMS = {
    "anthropic-chat": "anthropic",
    "anthropic-chat-completions": "anthropic",
    "anthropic-completions": "anthropic",
    "openai-chat-completions": "openai",
    "openai-completions": "openai",
}
"""lm-eval's kinds of model that stand for a provider."""

_OURS = "anytime"


class HubDataset(NamedTuple):
    """A dataset on the Hugging Face Hub; without a revision where none was pinned."""

    repo: str
    revision: str | None


def hub_datasets(info: RunInfo) -> list[HubDataset]:
    """The datasets on the Hub that a run's problems are from, as far as it tells.

    A set that is pinned there says so in its revision, `REPO@COMMIT`.
    """
    found = [HubDataset(*pin.groups()) for pin in _HUB_REVISION.finditer(info.revision or "")]
    if not found and (info.domain, info.dataset, info.split) == ("gpqa", "official", "dev"):
        found.append(HubDataset(MAIN_REPO, None))
    return found


def official_url(info: RunInfo) -> str | None:
    """Where the file of an official set is published."""
    if info.dataset != "official" or info.split == "dev":
        return None
    return _PUBLISHED.get(info.domain or "")


class Asked(NamedTuple):
    """Who was asked.

    Attributes:
        id: `ORGANISATION/MODEL`, as the Hub and providers write it, where the log tells.
        developer: The first part of it; None where the log does not tell.
        platform: Whose service was called; None where weights were loaded or it is unknown.
        engine: What loaded the weights; None where nothing did.
        deployment: Who runs it.
    """

    id: str
    developer: str | None
    platform: str | None
    engine: str | None
    deployment: Deployment


def asked(model: str) -> Asked:
    """Read a model as its harness names it: `vllm/Qwen/Qwen3-8B`, `openai/gpt-4.1`, `hf/gpt2`.

    Of weights on the machine's own disk the last part of the path is kept: the rest is nobody's
    business.
    """
    kind, _, name = model.partition("/")
    nested = kind in _ENGINES and name.count("/") > 1  # no id on the Hub has two
    on_disk = kind in ("", ".", "..", "~") or name.startswith(("/", ".", "~")) or "\\" in model
    if on_disk or nested:
        name = re.split(r"[/\\]", model.rstrip("/\\"))[-1]
        return Asked(name, None, None, _ENGINES.get(kind), "self_deployed")
    if kind in _ENGINES and name:
        return Asked(name, _developer(name), None, _ENGINES[kind], "self_deployed")
    if kind in _PLATFORMS and name:
        platform = _PLATFORMS[kind]
        return Asked(f"{platform}/{name}", platform, platform, None, "unknown")
    if kind == _OURS or kind.startswith(f"{_OURS}-"):  # the built-in models, in either harness
        id_ = model if name else model.replace("-", "/", 1)
        return Asked(id_, _OURS, None, _OURS, "self_deployed")
    return Asked(model, _developer(model), kind if name else None, None, "unknown")


def _developer(id_: str) -> str | None:
    first, _, rest = id_.partition("/")
    return first if rest else None
