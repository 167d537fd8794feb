r"""Reading the final answer out of a model's text, or removing it: an integer, or a letter A to D.

Pure functions on any text, in time linear in its length: every repetition in a pattern is bounded
or anchored, and no digit string is turned into an `int`.

A wrong reading is worse than none: what a careful reader would not take for the answer (a number
in an unfinished sentence, a letter among others, a label at the head of a list) is not read.

Known issues: an answer given only in running prose before more prose ("so there are 204 ways, as
claimed") is not read; prompts ask for `\boxed{}` or "Answer:".
"""

from anytime.domains.answers.forced import end_of_integer, end_of_letter
from anytime.domains.answers.integers import integer
from anytime.domains.answers.letters import last_letter, strip_letters
from anytime.domains.answers.options import LETTERS, option_stated, options_in
from anytime.domains.answers.stated_integers import last_integer, strip_integers

__all__ = [
    "LETTERS",
    "end_of_integer",
    "end_of_letter",
    "integer",
    "last_integer",
    "last_letter",
    "option_stated",
    "options_in",
    "strip_integers",
    "strip_letters",
]
