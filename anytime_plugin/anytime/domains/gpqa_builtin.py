"""A built-in stand-in for GPQA: generated four-option questions in physics, chemistry and biology.

Not GPQA: they exist so that everything runs without a network, and are easier than the original.
Every wrong option is the result of a worked mistake, named beside it: a forgotten square, a ratio
upside down, a slipped unit.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import NamedTuple

from anytime.domains.base import Problem

__all__ = ["NOTE", "generate"]

NOTE = "built-in stand-in: generated questions, not GPQA"

PER_TEMPLATE = 4


class _Draft(NamedTuple):
    question: str
    unit: str
    right: float
    mistakes: tuple[tuple[float, str], ...]  # a wrong value and how it comes about, three times


def generate(seed: int) -> tuple[Problem, ...]:
    """Generate the questions of a seed: the same in every process and Python version.

    Returns:
        Problems as a source gives them, options not yet ordered: `gold` is the right option's text,
        `facts["wrong"]` the three others, `facts["distractors"]` the mistake behind each of them.
    """
    problems = []
    for template in TEMPLATES:
        name = template.__name__.strip("_")
        # Only randrange and random: their streams are promised to stay the same for a seed.
        rng = random.Random(f"anytime gpqa builtin {name} {seed}")
        seen: list[str] = []
        while len(seen) < PER_TEMPLATE:
            draft = template(rng)
            right = _shown(draft.right, draft.unit)
            reasons = {_shown(value, draft.unit): reason for value, reason in draft.mistakes}
            # Rounding, or a lucky number, can make a mistake harmless.
            if draft.question in seen or len({right, *reasons}) < 4:
                continue
            seen.append(draft.question)
            problems.append(
                Problem(
                    id=f"builtin-{seed}-{name}-{len(seen)}",
                    prompt=draft.question,
                    gold=right,
                    facts={"template": name, "wrong": list(reasons), "distractors": reasons},
                )
            )
    return tuple(problems)


def _shown(value: float, unit: str) -> str:
    """At least three significant digits and no "e+12": options are read by models and people."""
    exponent = math.floor(math.log10(abs(value))) if value else 0
    if -3 <= exponent <= 5:
        text = f"{value:.{max(0, 2 - exponent)}f}"
    else:
        text = f"{value / 10.0**exponent:.2f} x 10^{exponent}"
    return f"{text} {unit}".strip()


def _projectile(rng: random.Random) -> _Draft:
    speed, angle = rng.randrange(12, 60), (20, 25, 35, 40, 55, 65)[rng.randrange(6)]
    theta = math.radians(angle)
    return _Draft(
        f"A ball is launched from level ground at {speed} m/s, {angle} degrees above the "
        "horizontal. Ignoring air resistance and with g = 9.81 m/s^2, how far from the launch "
        "point does it land?",
        "m",
        speed**2 * math.sin(2 * theta) / 9.81,
        (
            (speed**2 * math.sin(theta) / 9.81, "took the sine of the angle, not of twice it"),
            (speed * math.sin(2 * theta) / 9.81, "forgot to square the speed"),
            (speed**2 * math.sin(2 * theta) / (2 * 9.81), "used the time to the top only"),
        ),
    )


def _photon(rng: random.Random) -> _Draft:
    wavelength, work = rng.randrange(150, 300), rng.randrange(21, 39) / 10
    energy = 1239.84 / wavelength
    return _Draft(
        f"Light of wavelength {wavelength} nm falls on a metal with a work function of {work} eV. "
        "With hc = 1239.84 eV nm, what is the largest kinetic energy of the emitted electrons?",
        "eV",
        energy - work,
        (
            (energy, "gave the photon's energy, the work function not taken off"),
            (energy + work, "added the work function instead of taking it off"),
            ((energy - work) / 2, "gave the middle of the range from zero, not its upper end"),
        ),
    )


def _resistors(rng: random.Random) -> _Draft:
    volts = rng.randrange(5, 25)
    first, second = rng.randrange(2, 40), rng.randrange(2, 40)
    parallel = first * second / (first + second)
    return _Draft(
        f"Resistors of {first} ohm and {second} ohm are connected in parallel to an ideal "
        f"{volts} V battery. What power does the battery deliver?",
        "W",
        volts**2 / parallel,
        (
            (volts**2 / (first + second), "added the resistances as if they were in series"),
            (volts / parallel, "forgot the square: that is the current"),
            (volts**2 * parallel, "multiplied by the resistance instead of dividing"),
        ),
    )


def _decay(rng: random.Random) -> _Draft:
    half_life, start = rng.randrange(3, 30), rng.randrange(20, 400)
    time = half_life * rng.randrange(11, 39) // 10 + 1
    ratio = time / half_life
    left = start * 0.5**ratio
    return _Draft(
        f"A sample has an activity of {start} kBq and a half-life of {half_life} days. What is its "
        f"activity after {time} days?",
        "kBq",
        left,
        (
            (start - left, "gave what has decayed, not what is left"),
            (start * math.exp(-ratio), "took the half-life for the mean lifetime"),
            (start / (2 * ratio), "divided by twice the number of half-lives"),
        ),
    )


def _dilation(rng: random.Random) -> _Draft:
    beta, lifetime = rng.randrange(60, 96) / 100, rng.randrange(15, 95) / 10
    gamma = 1 / math.sqrt(1 - beta**2)
    return _Draft(
        f"An unstable particle lives {lifetime} ns in its own rest frame and moves at {beta:.2f} c "
        "in the laboratory. How long does it live in the laboratory frame?",
        "ns",
        lifetime * gamma,
        (
            (lifetime / gamma, "divided by the Lorentz factor instead of multiplying"),
            (lifetime * gamma**2, "forgot the square root in the Lorentz factor"),
            (lifetime / math.sqrt(1 - beta), "forgot to square the speed"),
        ),
    )


def _base_ph(rng: random.Random) -> _Draft:
    milli = rng.randrange(2, 60)
    hydroxide = 2 * milli / 1000
    return _Draft(
        f"What is the pH of a {milli / 1000:.3f} mol/L solution of barium hydroxide, a strong "
        "base, at 25 degrees Celsius (pKw = 14.00)?",
        "",
        14 + math.log10(hydroxide),
        (
            (14 + math.log10(hydroxide / 2), "counted one hydroxide ion per formula unit, not two"),
            (-math.log10(hydroxide), "gave the pOH"),
            (14 + math.log10(hydroxide / 4), "halved the concentration instead of doubling it"),
        ),
    )


def _titration(rng: random.Random) -> _Draft:
    volume, acid, base = rng.randrange(10, 50), rng.randrange(5, 40), rng.randrange(5, 40)
    equal = volume * acid / base
    return _Draft(
        f"How much {base / 100:.2f} mol/L sodium hydroxide neutralises {volume} mL of "
        f"{acid / 100:.2f} mol/L sulfuric acid completely?",
        "mL",
        2 * equal,
        (
            (equal, "took one hydroxide per sulfuric acid, not two"),
            (equal / 2, "put the ratio of 2 to 1 upside down"),
            (2 * volume * base / acid, "put the ratio of the concentrations upside down"),
        ),
    )


def _gas(rng: random.Random) -> _Draft:
    celsius, litres, kilopascals = (
        rng.randrange(15, 95),
        rng.randrange(2, 40),
        rng.randrange(80, 400),
    )
    kelvin = celsius + 273.15
    return _Draft(
        f"An ideal gas fills {litres} L at {kilopascals} kPa and {celsius} degrees Celsius. With "
        "R = 8.314 J/(mol K), how many moles is that?",
        "mol",
        kilopascals * litres / (8.314 * kelvin),
        (
            (kilopascals * litres / (8.314 * celsius), "used degrees Celsius for the temperature"),
            (
                kilopascals * litres / (8.314 * kelvin) * 1000,
                "took kilopascals times litres for thousands of joules",
            ),
            (kilopascals * litres / (0.08206 * kelvin), "used R in L atm with a pressure in kPa"),
        ),
    )


def _nernst(rng: random.Random) -> _Draft:
    standard, electrons = rng.randrange(60, 130) / 100, rng.randrange(2, 4)
    quotient = 10 ** rng.randrange(2, 7)
    shift = 0.0592 * math.log10(quotient)
    return _Draft(
        f"A galvanic cell with a standard potential of {standard:.2f} V transfers {electrons} "
        f"electrons per reaction. What is its potential at 25 degrees Celsius when the reaction "
        f"quotient is {quotient}?",
        "V",
        standard - shift / electrons,
        (
            (standard + shift / electrons, "took the wrong sign in the Nernst equation"),
            (standard - shift, "forgot to divide by the number of electrons"),
            (
                standard - shift * math.log(10) / electrons,
                "used the natural logarithm with the constant for base ten",
            ),
        ),
    )


def _hardy_weinberg(rng: random.Random) -> _Draft:
    one_in = rng.randrange(20, 3000)
    q = math.sqrt(1 / one_in)
    return _Draft(
        f"A recessive disorder affects one in {one_in} people of a population in Hardy-Weinberg "
        "equilibrium. What share of the population are carriers of one such allele?",
        "%",
        200 * q * (1 - q),
        (
            (100 * q * (1 - q), "forgot the factor 2 in 2pq"),
            (100 * q, "gave the frequency of the allele"),
            (200 / one_in * (1 - 1 / one_in), "took the share affected for q instead of q^2"),
        ),
    )


def _growth(rng: random.Random) -> _Draft:
    start, minutes = rng.randrange(50, 900), rng.randrange(15, 45)
    hours = rng.randrange(2, 7)
    doublings = hours * 60 / minutes
    return _Draft(
        f"A culture of {start} bacteria doubles every {minutes} minutes without limit. How many "
        f"bacteria are there after {hours} hours?",
        "cells",
        start * 2**doublings,
        (
            (start * 2 * doublings, "multiplied by two per doubling time instead of doubling"),
            (start * math.exp(doublings), "took the doubling time for the time of growth by e"),
            (start * doublings**2, "squared the number of doublings instead of raising 2 to it"),
        ),
    )


def _michaelis(rng: random.Random) -> _Draft:
    most, km = rng.randrange(20, 300), rng.randrange(5, 60)
    substrate, inhibitor, ki = rng.randrange(5, 120), rng.randrange(5, 60), rng.randrange(2, 40)
    factor = 1 + inhibitor / ki
    return _Draft(
        f"An enzyme obeys Michaelis-Menten kinetics with Vmax = {most} umol/min and Km = {km} uM. "
        f"What is its rate at {substrate} uM substrate in the presence of {inhibitor} uM of a "
        f"competitive inhibitor with Ki = {ki} uM?",
        "umol/min",
        most * substrate / (km * factor + substrate),
        (
            (most * substrate / (km + substrate), "ignored the inhibitor"),
            (
                most / factor * substrate / (km + substrate),
                "lowered Vmax, as a non-competitive inhibitor does",
            ),
            (most * km * factor / (km * factor + substrate), "put Km in the numerator"),
        ),
    )


TEMPLATES: tuple[Callable[[random.Random], _Draft], ...] = (
    _projectile,
    _photon,
    _resistors,
    _decay,
    _dilation,
    _base_ph,
    _titration,
    _gas,
    _nernst,
    _hardy_weinberg,
    _growth,
    _michaelis,
)
