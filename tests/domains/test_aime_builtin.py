"""Every answer of the built-in problems is counted again, by a method that uses no formula."""

import subprocess
import sys
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import product

import pytest

from anytime.domains import aime_builtin
from anytime.domains.aime import AIME
from anytime.domains.aime_builtin import PER_TEMPLATE, TEMPLATES, generate

SEEDS = range(6)


def power_remainder(base, exponent, modulus):
    value = 1
    for _ in range(exponent):
        value = value * base % modulus
    return value


def lattice_paths(width, height, x, y):
    @cache
    def paths(a, b):
        if (a, b) == (x, y) or a > width or b > height:
            return 0
        return 1 if (a, b) == (width, height) else paths(a + 1, b) + paths(a, b + 1)

    return paths(0, 0)


def digit_sum(digits, total):
    return sum(sum(map(int, str(n))) == total for n in range(1, 10**digits))


def lcm_pairs(n):
    divisors = [d for d in range(1, n + 1) if n % d == 0]

    def least_common_multiple(a, b):
        return next(m for m in divisors if m % a == 0 and m % b == 0)

    return sum(least_common_multiple(a, b) == n for a in divisors for b in divisors)


def altitude(a, b):
    hypotenuse = next(c for c in range(max(a, b), a + b) if c * c == a * a + b * b)
    height = Fraction(a * b, hypotenuse)
    return height.numerator + height.denominator


def dice(first, second, least):
    rolls = list(product(range(1, first + 1), range(1, second + 1)))
    chance = Fraction(sum(a + b >= least for a, b in rolls), len(rolls))
    return chance.numerator + chance.denominator


def recurrence(p, q, first, second, index):
    terms = [first, second]
    while len(terms) < index:
        terms.append(p * terms[-1] + q * terms[-2])
    return terms[index - 1] % 1000


def inclusion_exclusion(bound, a, b, c):
    return sum((n % a == 0 or n % b == 0) and n % c != 0 for n in range(1, bound + 1))


def base_conversion(source, target, high, middle, low):
    value, squares = int(f"{high}{middle}{low}", source), 0
    while value:
        value, digit = divmod(value, target)
        squares += digit**2
    return squares


def square_divisors(twos, threes, fives):
    powers = product(range(twos + 1), range(threes + 1), range(fives + 1))
    return sum(any(e % 2 for e in exponents) for exponents in powers)


def remainders(*numbers):
    moduli, residues = numbers[::2], numbers[1::2]
    return next(
        n for n in range(10**4) if all(n % m == r for m, r in zip(moduli, residues, strict=True))
    )


def trailing_zeros(low, high):
    twos = fives = 0
    for n in range(low + 1, high + 1):
        while n % 2 == 0:
            n, twos = n // 2, twos + 1
        while n % 5 == 0:
            n, fives = n // 5, fives + 1
    return min(twos, fives)


def roots(total, coefficient):
    half = complex(total**2 - 4 * coefficient) ** 0.5 / 2
    return round(abs((total / 2 + half) ** 3 + (total / 2 - half) ** 3))


def bounded_sums(total, most):
    return sum(sum(xyz) == total for xyz in product(range(1, most + 1), repeat=3))


def interior_points(base, x, y):
    def inside(a, b):
        sides = (base * b, (x - base) * b - y * (a - base), -x * (b - y) + y * (a - x))
        return all(side > 0 for side in sides)

    return sum(inside(a, b) for a in range(max(base, x)) for b in range(y))


@pytest.mark.parametrize("template", [t.__name__.strip("_") for t in TEMPLATES])
def test_answers_agree_with_brute_force(template):
    count = globals()[template]
    drawn = [p for s in SEEDS for p in generate(s) if p.facts["template"] == template]
    assert len(drawn) == len(SEEDS) * PER_TEMPLATE
    for problem in drawn:
        assert str(count(*problem.facts["numbers"])) == problem.gold, problem.prompt


@pytest.mark.parametrize("seed", SEEDS)
def test_problems_are_distinct_and_gold_grades_full(seed):
    problems = generate(seed)
    assert len({p.id for p in problems}) == len({p.prompt for p in problems}) == 60
    assert all(0 <= int(p.gold) <= 999 for p in problems)
    assert all(AIME.grade(p, f"\\boxed{{{p.gold}}}").quality == 1.0 for p in problems)
    # A guesser of one number must not look able.
    assert max(Counter(p.gold for p in problems).values()) <= 5


def test_same_in_another_process_whatever_the_hash_seed():
    code = "from anytime.domains.aime_builtin import generate; print(repr(generate(5)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(generate(5))
    assert generate(5) != generate(6)


def test_pinned_problem():
    first = generate(0)[0]
    assert first.id == "builtin-0-power_remainder-1"
    assert first.prompt == "Find the remainder when $17^{1953}$ is divided by $226$."
    assert first.gold == "155"


@pytest.mark.parametrize("seed", SEEDS)
def test_splits_are_disjoint_and_their_union_is_all(seed):
    whole, test, dev = (AIME.load("builtin", s, seed) for s in ("all", "test", "dev"))
    assert AIME.load("builtin", None, seed) == test
    assert test.note == aime_builtin.NOTE
    assert test.revision == f"seed {seed}"
    statements = [{" ".join(p.prompt.split()).casefold() for p in d.problems} for d in (test, dev)]
    assert not statements[0] & statements[1]
    assert dev.problems
    assert sorted(p.id for p in test.problems + dev.problems) == sorted(
        p.id for p in whole.problems
    )
