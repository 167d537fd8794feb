"""A built-in stand-in for AIME: generated problems in its manner, with answers from 0 to 999.

Not AIME: they exist so that everything runs without a network, and are easier than the original.
Every answer is computed in closed form; the tests count each one again by brute force.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from anytime.domains.base import Problem

__all__ = ["NOTE", "generate"]

NOTE = "built-in stand-in: generated problems, not AIME"

PER_TEMPLATE = 4


class _Draft(NamedTuple):
    numbers: tuple[int, ...]  # what the statement was made of, for the tests
    statement: str
    answer: int


def generate(seed: int) -> tuple[Problem, ...]:
    """Generate the problems of a seed: the same in every process and Python version."""
    problems = []
    for template in TEMPLATES:
        name = template.__name__.strip("_")
        # Only randrange and random: their streams are promised to stay the same for a seed.
        rng = random.Random(f"anytime aime builtin {name} {seed}")
        seen: list[str] = []
        while len(seen) < PER_TEMPLATE:
            draft = template(rng)
            if draft.statement in seen or not 0 <= draft.answer <= 999:
                continue
            seen.append(draft.statement)
            problems.append(
                Problem(
                    id=f"builtin-{seed}-{name}-{len(seen)}",
                    prompt=draft.statement,
                    gold=str(draft.answer),
                    facts={"template": name, "numbers": list(draft.numbers)},
                )
            )
    return tuple(problems)


def _power_remainder(rng: random.Random) -> _Draft:
    base, exponent, modulus = rng.randrange(3, 40), rng.randrange(50, 2000), rng.randrange(101, 999)
    return _Draft(
        (base, exponent, modulus),
        f"Find the remainder when ${base}^{{{exponent}}}$ is divided by ${modulus}$.",
        pow(base, exponent, modulus),
    )


def _lattice_paths(rng: random.Random) -> _Draft:
    width, height = rng.randrange(4, 7), rng.randrange(4, 7)
    x, y = rng.randrange(1, width), rng.randrange(1, height)
    through = math.comb(x + y, x) * math.comb(width + height - x - y, width - x)
    return _Draft(
        (width, height, x, y),
        f"A path goes from $(0,0)$ to $({width},{height})$ in unit steps to the right or up. How "
        f"many such paths do not pass through the point $({x},{y})$?",
        math.comb(width + height, width) - through,
    )


def _digit_sum(rng: random.Random) -> _Draft:
    digits, total = rng.randrange(3, 5), rng.randrange(5, 27)
    # Stars and bars over the digits, less those with some digits of ten or more.
    count = sum(
        (-1) ** over
        * math.comb(digits, over)
        * math.comb(total - 10 * over + digits - 1, digits - 1)
        for over in range(total // 10 + 1)
    )
    return _Draft(
        (digits, total),
        f"How many positive integers less than ${10**digits}$ have digits that add up to "
        f"${total}$?",
        count,
    )


def _lcm_pairs(rng: random.Random) -> _Draft:
    twos, threes, fives = rng.randrange(1, 5), rng.randrange(1, 4), rng.randrange(0, 3)
    n = 2**twos * 3**threes * 5**fives
    return _Draft(
        (n,),
        "Find the number of ordered pairs $(a,b)$ of positive integers whose least common multiple "
        f"is ${n}$.",
        (2 * twos + 1) * (2 * threes + 1) * (2 * fives + 1),
    )


def _altitude(rng: random.Random) -> _Draft:
    m = rng.randrange(2, 6)
    n, scale = rng.randrange(1, m), rng.randrange(1, 5)
    legs = scale * (m * m - n * n), scale * 2 * m * n
    height = Fraction(legs[0] * legs[1], scale * (m * m + n * n))
    return _Draft(
        legs,
        f"A right triangle has legs of length ${legs[0]}$ and ${legs[1]}$. The length of the "
        "altitude to its hypotenuse is $\\frac{m}{n}$, where $m$ and $n$ are relatively prime "
        "positive integers. Find $m+n$.",
        height.numerator + height.denominator,
    )


def _dice(rng: random.Random) -> _Draft:
    first, second = rng.randrange(5, 21), rng.randrange(5, 21)
    least = rng.randrange(4, first + second)
    # For each first roll, the second has to be at least `least - roll`.
    hits = sum(min(second, max(0, second - (least - roll) + 1)) for roll in range(1, first + 1))
    chance = Fraction(hits, first * second)
    return _Draft(
        (first, second, least),
        f"Two fair dice, one with faces $1$ to ${first}$ and one with faces $1$ to ${second}$, are "
        f"rolled. The probability that the sum is at least ${least}$ is $\\frac{{m}}{{n}}$, where "
        "$m$ and $n$ are relatively prime positive integers. Find $m+n$.",
        chance.numerator + chance.denominator,
    )


def _recurrence(rng: random.Random) -> _Draft:
    p, q, index = rng.randrange(2, 6), rng.randrange(2, 6), rng.randrange(12, 40)
    first, second = rng.randrange(1, 6), rng.randrange(1, 6)
    a, b = first, second
    for _ in range(index - 1):
        a, b = b, (p * b + q * a) % 1000
    return _Draft(
        (p, q, first, second, index),
        f"A sequence has $a_1={first}$, $a_2={second}$ and $a_n={p}a_{{n-1}}+{q}a_{{n-2}}$ for "
        f"$n\\ge 3$. Find the remainder when $a_{{{index}}}$ is divided by $1000$.",
        a % 1000,
    )


def _inclusion_exclusion(rng: random.Random) -> _Draft:
    bound = rng.randrange(400, 2000)
    a, b, c = rng.randrange(4, 10), rng.randrange(10, 16), rng.randrange(2, 4)

    def multiples(*of: int) -> int:
        return bound // math.lcm(*of)

    either = multiples(a) + multiples(b) - multiples(a, b)
    excluded = multiples(a, c) + multiples(b, c) - multiples(a, b, c)
    return _Draft(
        (bound, a, b, c),
        f"How many positive integers not greater than ${bound}$ are divisible by ${a}$ or by "
        f"${b}$ (or both), but not by ${c}$?",
        either - excluded,
    )


def _base_conversion(rng: random.Random) -> _Draft:
    source, target = rng.randrange(5, 10), rng.randrange(11, 20)
    high, middle, low = rng.randrange(1, source), rng.randrange(source), rng.randrange(source)
    value = (high * source + middle) * source + low
    first, rest = divmod(value, target * target)
    return _Draft(
        (source, target, high, middle, low),
        f"The three-digit numeral $\\underline{{{high}}}\\,\\underline{{{middle}}}\\,"
        f"\\underline{{{low}}}$ is written in base ${source}$. Find the sum of the squares of its "
        f"digits (in base ten) when the same number is written in base ${target}$.",
        first**2 + (rest // target) ** 2 + (rest % target) ** 2,
    )


def _square_divisors(rng: random.Random) -> _Draft:
    twos, threes, fives = rng.randrange(4, 16), rng.randrange(3, 12), rng.randrange(2, 9)
    squares = (twos // 2 + 1) * (threes // 2 + 1) * (fives // 2 + 1)
    return _Draft(
        (twos, threes, fives),
        f"How many positive divisors of $2^{{{twos}}}\\cdot 3^{{{threes}}}\\cdot 5^{{{fives}}}$ "
        "are not perfect squares?",
        (twos + 1) * (threes + 1) * (fives + 1) - squares,
    )


def _remainders(rng: random.Random) -> _Draft:
    first, second, third = ((7, 9, 11), (5, 11, 13), (8, 9, 13), (4, 13, 17))[rng.randrange(4)]
    a, b, c = rng.randrange(first), rng.randrange(second), rng.randrange(third)
    modulus = first * second * third

    def part(residue: int, of: int) -> int:
        others = modulus // of
        return residue * others * pow(others, -1, of)

    return _Draft(
        (first, a, second, b, third, c),
        f"Find the least nonnegative integer that leaves remainder ${a}$ when divided by "
        f"${first}$, remainder ${b}$ when divided by ${second}$ and remainder ${c}$ when divided "
        f"by ${third}$.",
        (part(a, first) + part(b, second) + part(c, third)) % modulus,
    )


def _trailing_zeros(rng: random.Random) -> _Draft:
    low = rng.randrange(20, 900)
    high = low + rng.randrange(300, 2500)

    def fives(n: int) -> int:
        return sum(n // 5**power for power in range(1, 6))

    return _Draft(
        (low, high),
        f"The number $\\frac{{{high}!}}{{{low}!}}$ is written in base ten. With how many zeros "
        "does it end?",
        # Twos are more plentiful than fives in every run of ten or more consecutive integers.
        fives(high) - fives(low),
    )


def _roots(rng: random.Random) -> _Draft:
    total, product = rng.randrange(3, 12), rng.randrange(1, 30)
    return _Draft(
        (total, product),
        f"Let $r$ and $s$ be the complex roots of $x^2-{total}x+{product}=0$. Find "
        "$\\left|r^3+s^3\\right|$.",
        abs(total**3 - 3 * total * product),
    )


def _bounded_sums(rng: random.Random) -> _Draft:
    total, most = rng.randrange(12, 40), rng.randrange(8, 25)
    count = sum(
        (-1) ** over * math.comb(3, over) * math.comb(total - over * most - 1, 2)
        for over in range(4)
        if total - over * most >= 3
    )
    return _Draft(
        (total, most),
        f"Find the number of ordered triples $(x,y,z)$ of positive integers, none greater than "
        f"${most}$, with $x+y+z={total}$.",
        count,
    )


def _interior_points(rng: random.Random) -> _Draft:
    base, x, y = rng.randrange(10, 45), rng.randrange(1, 45), rng.randrange(10, 45)
    # Pick: twice the area = 2 * interior + boundary - 2, for the triangle (0,0), (base,0), (x,y).
    boundary = base + math.gcd(x, y) + math.gcd(abs(base - x), y)
    return _Draft(
        (base, x, y),
        f"How many points with integer coordinates lie strictly inside the triangle with vertices "
        f"$(0,0)$, $({base},0)$ and $({x},{y})$?",
        (base * y - boundary + 2) // 2,
    )


TEMPLATES: tuple[Callable[[random.Random], _Draft], ...] = (
    _power_remainder,
    _lattice_paths,
    _digit_sum,
    _lcm_pairs,
    _altitude,
    _dice,
    _recurrence,
    _inclusion_exclusion,
    _base_conversion,
    _square_divisors,
    _remainders,
    _trailing_zeros,
    _roots,
    _bounded_sums,
    _interior_points,
)
