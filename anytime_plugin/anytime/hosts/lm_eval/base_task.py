"""What lm-eval tasks at every budget share: those on our domains and third-party ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.api import Instance
from anytime.hosts.lm_eval.backends import LENGTHS, Prompt
from anytime.hosts.lm_eval.driver import Spec
from anytime.hosts.lm_eval.errors import one_sentence
from anytime.protocol import Message

__all__ = ["AtEveryBudget"]


class AtEveryBudget:
    """Stands before lm-eval's class among a task's bases; the task says what it asks in `_spec`."""

    config: Any
    instances: list[Instance]
    task_name: str

    _turns: tuple[Message, ...] | None = None
    """Of the prompt built last, where a chat template was applied to them."""

    def _spec(self, prompt: Prompt, doc: Mapping[str, Any]) -> Spec:
        raise NotImplementedError

    def build_all_requests(self, *, limit: int | None = None, **options: Any) -> None:
        """Refuse what lm-eval would misread, then build as ever."""
        with one_sentence():
            if limit is not None and limit < 1:
                raise AnytimeError(
                    f"--limit {limit} leaves no problem: leave it out, or name 1 or more"
                )
            self._check_generation()
            super().build_all_requests(limit=limit, **options)  # type: ignore[misc]
            for instance in self.instances:
                if not self._is_current(instance):
                    raise AnytimeError(
                        f"the cached requests of {self.task_name} were made with other settings: "
                        f"add --cache_requests refresh"
                    )

    def _is_current(self, instance: Instance) -> bool:
        """Whether a request is what it would be now; lm-eval may have had it in its cache."""
        spec = instance.args[2]
        try:
            return bool(spec == self._spec(spec.prompt, instance.doc))
        except (KeyError, AttributeError):  # another dataset; pickled by another version
            return False

    def _check_generation(self) -> None:
        for name in LENGTHS:
            if name in (self.config.generation_kwargs or {}):
                raise AnytimeError(
                    f"{name} in --gen_kwargs would cap what the budgets cap: drop it, and name "
                    f"budgets or answer_tokens in --metadata"
                )

    def fewshot_context(self, *given: Any, **options: Any) -> Any:
        """As lm-eval builds it; keeps the turns a chat template is applied to."""
        self._turns = None
        template: Callable[..., Any] | None = options.get("chat_template")
        if template is not None and options.get("apply_chat_template"):

            def keeping(turns: Sequence[Mapping[str, str]], **how: Any) -> Any:
                self._turns = tuple(Message(t["role"], t["content"]) for t in turns)  # type: ignore[arg-type]
                return template(turns, **how)

            options["chat_template"] = keeping
        return super().fewshot_context(*given, **options)  # type: ignore[misc]

    def _request(
        self, doc: Mapping[str, Any], prompt: Prompt, generation: Mapping[str, Any], metadata: Any
    ) -> Instance:
        """One request per problem; lm-eval repeats it for each trace."""
        return Instance(
            request_type="generate_anytime",
            doc=doc,
            arguments=(prompt.context, dict(generation), self._spec(prompt, doc)),
            idx=0,
            metadata=metadata,
        )
