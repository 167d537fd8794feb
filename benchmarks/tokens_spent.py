"""Calls and tokens of interrupt against contract mode on one grid, by feeding a built-in model."""

from __future__ import annotations

from typing import Any

from anytime import Message, Program, contract, get_domain, interrupt, parse_budgets
from anytime.models import load_model


def main() -> None:
    domain = get_domain("trip")
    problems = domain.load("builtin", "all", 0).problems
    grid = parse_budgets(domain.budgets)
    respond = load_model("planner", {})
    spent = {}
    for mode in ("interrupt", "contract"):
        calls = tokens = expected = 0
        for problem in problems:
            messages = [Message("user", domain.ask(problem))]
            program: Program[Any] = (
                contract(messages, grid)
                if mode == "contract"
                else interrupt(
                    messages,
                    grid,
                    cue=domain.cue(problem),
                    continuation="reprompt",
                    answer_tokens=domain.answer_tokens,
                )
            )
            batch = list(next(program))
            try:
                while True:
                    replies = [respond(r.messages, r.max_tokens, 1) for r in batch]
                    calls += len(replies)
                    tokens += sum(reply.output_tokens or 0 for reply in replies)
                    batch = list(program.send(replies))
            except StopIteration as stop:
                forced = sum(checkpoint.forced for checkpoint in stop.value.checkpoints)
                expected += 1 + forced if mode == "interrupt" else len(grid)
        assert calls == expected
        spent[mode] = tokens
        print(f"{mode}: {calls} calls, {tokens} generated tokens on {len(problems)} trips")
    ratio = spent["interrupt"] / spent["contract"]
    print(f"interrupt generates {ratio:.2f} of contract mode's tokens, answers included")
