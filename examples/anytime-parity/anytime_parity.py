"""A plugin of anytime: the domain `parity` and the method `hint`."""

from anytime import (
    Cue,
    Dataset,
    Domain,
    Grade,
    Method,
    Preface,
    Problem,
    hookimpl,
    split_problems,
)

PROBLEMS = [
    Problem(id=str(n), prompt=f"Is {n} even?", gold="no" if n % 2 else "yes")
    for n in range(100, 130)
]


def load(dataset, split, seed):
    """The problems of one split; a fifth of them is dev, which methods learn from."""
    split = split or "test"
    return Dataset("official", "1", split, split_problems(PROBLEMS, split))


def ask(problem):
    """The user's message: the question and the form of its answer."""
    return f"{problem.prompt} End with yes or no."


def cue(problem):
    """How an answer is forced out of a trace that was cut."""
    return Cue(ask="Your time is up: yes or no?", begin="Answer: ")


def grade(problem, text):
    """What an answer is worth: its last word counts."""
    words = text.lower().split()
    answer = words[-1].strip(".") if words else ""
    return Grade(
        quality=float(answer == problem.gold), parsed=answer in ("yes", "no"), answer=answer
    )


PARITY = Domain(
    name="parity", budgets="16,32,64", answer_tokens=8, load=load, ask=ask, cue=cue, grade=grade
)


def write(recipe, material, target):
    """The words before every question, and what the log tells of them."""
    return Preface("The last digit decides.\n\n", {"hint": "last digit"})


HINT = Method(name="hint", write=write)


@hookimpl
def anytime_domains():
    """The domains of this package."""
    return [PARITY]


@hookimpl
def anytime_methods():
    """The methods of this package."""
    return [HINT]
