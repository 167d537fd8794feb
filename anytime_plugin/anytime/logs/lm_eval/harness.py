"""lm-eval as a harness: whose finished runs are read, annotated and made pools of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from anytime.errors import AnytimeError
from anytime.harnesses import Annotation, Answering, GradedBy, Harness, NamedModel, Refused
from anytime.hookspecs import hookimpl

if TYPE_CHECKING:
    from anytime.logs.lm_eval.annotating import LmEvalAnnotation
    from anytime.logs.lm_eval.annotating_live import HandingBack
    from anytime.preferences.pool import Pool
    from anytime.runs import FinishedRun

__all__ = ["LmEval", "anytime_harnesses"]


class LmEval:
    """Runs of lm-eval: `samples_*.jsonl`, with their `results_*.json` beside them."""

    name = "lm_eval"
    title = "lm-eval"
    files = "lm-eval's samples_*.jsonl (or .jsonl.gz) or results_*.json"

    def claims(self, path: Path, head: bytes) -> bool:
        """By its name, or by how every line of samples begins."""
        is_results = path.name.startswith("results_") and path.suffix == ".json"
        return is_results or path.name.startswith("samples_") or head.startswith(b'{"doc_id"')

    def logs_of(self, path: Path) -> Sequence[Path]:
        """All samples of a results file, or in a folder."""
        from anytime.logs.lm_eval.log_header import samples_files, samples_in

        if path.is_dir():
            return samples_in(path.rglob)
        return samples_files(path)

    def open_run(self, path: Path) -> FinishedRun:
        """As `Harness.open_run`."""
        from anytime.logs.lm_eval.reading_wrapped import finished_run

        return finished_run(path)

    def open_pool(self, path: Path) -> Pool:
        """As `Harness.open_pool`."""
        from anytime.logs.lm_eval.pools import LmEvalPool

        return LmEvalPool(path)

    def annotations(
        self, logs: Sequence[Path], graded_by: GradedBy, answering: Answering | None
    ) -> Mapping[Path, Annotation | Refused]:
        """As `Harness.annotations`; the logs of one results file are one annotation."""
        from anytime.logs.lm_eval.annotated_samples import Part
        from anytime.logs.lm_eval.annotating import InTrace, LmEvalAnnotation
        from anytime.logs.lm_eval.log_file import PlainRun
        from anytime.logs.lm_eval.log_scorers import grader

        answers = InTrace() if answering is None else _of_a_model(answering)
        opened: dict[Path, Annotation | Refused] = {}
        runs: dict[Path, LmEvalAnnotation] = {}
        for log in logs:
            try:
                run = PlainRun(log)
                part = Part(run, grader(run, graded_by))
                if (results := run.results.resolve()) in runs:
                    runs[results].add(part)
                    continue
                opened[log] = runs[results] = LmEvalAnnotation(part, answers)
            except AnytimeError as error:
                opened[log] = Refused(log, str(error))
        return opened

    def answering(self, model: NamedModel) -> Answering:
        """As `Harness.answering`."""
        from anytime.cutting.tokens import load_tokenizer
        from anytime.logs.lm_eval.annotating_live import HandingBack

        tokenizer = None if model.tokenizer is None else load_tokenizer(model.tokenizer)
        return HandingBack(
            model.name, model.arguments or "", model.continuation, model.cue, tokenizer
        )


def _of_a_model(answering: Answering) -> HandingBack:
    from anytime.logs.lm_eval.annotating_live import HandingBack

    if not isinstance(answering, HandingBack):
        raise AnytimeError("logs of lm-eval are answered by a model of lm-eval")
    return answering


@hookimpl
def anytime_harnesses() -> list[Harness]:
    """lm-eval."""
    return [LmEval()]
