import itertools

import pytest

from anytime.domains.trip.grammar import parse_prompt
from anytime.domains.trip.plan import Stay, format_plan, parse_plan
from anytime.domains.trip.scoring import count_constraints, count_satisfied, csr
from anytime.models import load_model
from anytime.models.planner import NO_PLAN, NO_TRIP
from anytime.protocol import Message

BUDGETS = (0, 64, 128, 256, 512, 1024, 2048)
CAP = 2048

planner = load_model("planner", {})


def ask(prompt, max_tokens=CAP, seed=0):
    return planner([Message("user", prompt)], max_tokens, seed)


def cut(reply, tokens):
    return b"".join(reply.token_bytes[:tokens]).decode()


def quality(prompt, text):
    return csr(parse_prompt(prompt), parse_plan(text))


def test_quality_rises_with_the_budget(trip_prompt, reprompt):
    prompts = [trip_prompt(cities, seed) for cities in range(3, 9) for seed in range(8)]
    curve = []
    for budget in BUDGETS:
        values = []
        for prompt in prompts:
            trace = ask(prompt)
            answer = trace.text
            if trace.finish == "length" or budget < trace.output_tokens:
                answer = planner(reprompt(prompt, cut(trace, budget)), 600, 0).text
            values.append(quality(prompt, answer))
        curve.append(sum(values) / len(values))
    rises = [later - sooner for sooner, later in itertools.pairwise(curve)]
    assert curve[0] == 0
    assert all(rise >= 0 for rise in rises)
    assert sum(rise > 0.02 for rise in rises) >= 4
    assert curve[-1] > 0.95


@pytest.mark.parametrize("cities", range(3, 9))
def test_a_finished_plan_keeps_every_wish(trip_prompt, cities):
    prompt = trip_prompt(cities, 1)
    reply = ask(prompt, 100_000)
    assert reply.finish == "stop"
    assert quality(prompt, reply.text) == 1


def test_the_answer_from_any_cut_is_the_last_complete_best_line(trip_prompt, reprompt):
    prompt = trip_prompt(6, 2)
    task = parse_prompt(prompt)
    trace = ask(prompt)
    expected = ()
    for tokens in range(trace.output_tokens):
        text = cut(trace, tokens)
        if text.endswith(".") and (line := text.splitlines()[-1]).startswith("Best so far"):
            satisfied, total = line.partition("(")[2].partition(")")[0].split(" of ")
            stays = (stay.rsplit(" ", 1) for stay in line.partition(": ")[2][:-1].split(", "))
            expected = tuple(Stay(city, *map(int, days.split("-"))) for city, days in stays)
            assert int(satisfied) == count_satisfied(task, expected)
            assert int(total) == count_constraints(task)
        answer = planner(reprompt(prompt, text), 600, 0).text
        assert answer == (format_plan(expected) if expected else NO_PLAN)
    assert parse_plan(trace.text) == expected


def test_it_answers_from_the_text_alone(trip_prompt, reprompt):
    told = "Best so far (1 of 9): San Remo 1-4.\nTry Oslo.\nBest so far (5 of 9): San Remo 1-4, Os"
    answer = planner(reprompt(trip_prompt(5, 3), told), 600, 0).text
    assert parse_plan(answer) == (Stay("San Remo", 1, 4),)
    assert not parse_plan(NO_PLAN)


@pytest.mark.parametrize("tokens", [0, 5, 150, 400])
def test_prefill_is_continued_to_a_proper_plan(trip_prompt, reprompt, tokens):
    prompt = trip_prompt(7, 4)
    text = cut(ask(prompt), tokens)
    header = format_plan([Stay("Nowhere", 1, 99)]).partition("\n")[0]
    begin = f"{header}\n\n**Day 1-"
    messages = [Message("user", prompt), Message("assistant", f"{text}\n\n{begin}")]
    continued = begin + planner(messages, 600, 0).text
    assert parse_plan(continued) == parse_plan(planner(reprompt(prompt, text), 600, 0).text)
    assert bool(parse_plan(continued)) == (tokens >= 150)


@pytest.mark.parametrize("budget", [1, 150, 300, 600, 1200])
def test_told_a_budget_it_finishes_within_it(trip_prompt, budget):
    prompt = trip_prompt(7, 5)
    told = f"{prompt}\n\nYou have a budget of {budget} tokens for reasoning and answer."
    reply = ask(told, budget)
    whole_plan = 250
    assert reply.output_tokens <= budget
    if budget > whole_plan:
        assert reply.finish == "stop"
        assert len(parse_plan(reply.text)) == 7


def test_the_last_statement_counts(trip_prompt):
    example, prompt = trip_prompt(3, 6), trip_prompt(4, 6)
    few_shot = f"An example:\n\n{example}\nSOLUTION: ...\n\nTASK: {prompt}\n\nThink step by step."
    assert ask(few_shot).text == ask(prompt).text != ask(example).text


def test_a_system_message_changes_nothing(trip_prompt):
    prompt = trip_prompt(3, 6)
    messages = [Message("system", "You plan trips."), Message("user", prompt)]
    assert planner(messages, CAP, 0).text == ask(prompt).text


def test_seeds_search_differently_and_repeat(trip_prompt):
    prompt = trip_prompt(8, 7)
    assert ask(prompt, seed=1) == ask(prompt, seed=1)
    assert ask(prompt, seed=1).text != ask(prompt, seed=2).text


def test_a_trip_that_cannot_be_is_planned_as_well_as_possible():
    prompt = (
        "You plan to visit 3 European cities for 7 days in total. You only take direct flights to "
        "commute between cities. You would like to visit Oslo for 3 days. You would like to visit "
        "Bern for 3 days. You would like to visit Riga for 3 days.\n\nHere are the cities that "
        "have direct flights:\nOslo and Bern.\n\nFind a trip plan."
    )
    reply = ask(prompt)
    assert reply.finish == "stop"
    assert quality(prompt, reply.text) == 8 / 9


def test_an_endless_search_is_given_up():
    cities = [f"City{letter}" for letter in "ABCDEFGHIJKLMNOP"]
    legs = [f"{a} and {b}" for a, b in itertools.combinations(cities[:-1], 2)]
    stays = " ".join(f"You would like to visit {city} for 2 days." for city in cities)
    prompt = (
        f"You plan to visit 16 European cities for 17 days in total. {stays}\n\n"
        f"Here are the cities that have direct flights:\n{', '.join(legs)}."
    )
    reply = ask(prompt, 1_000_000)
    assert reply.finish == "stop"
    assert len(parse_plan(reply.text)) == 16


def test_reasoning_is_shown_apart(trip_prompt):
    prompt = trip_prompt(4, 8)
    reply = load_model("planner", {"reasoning": "true"})([Message("user", prompt)], CAP, 0)
    assert reply.reasoning + reply.text == ask(prompt).text
    assert "Best so far" in reply.reasoning
    assert quality(prompt, reply.text) == 1


@pytest.mark.parametrize("max_tokens", [1, 37, 200])
def test_max_tokens_cut_one_and_the_same_trace(trip_prompt, max_tokens):
    prompt = trip_prompt(8, 9)
    reply = ask(prompt, max_tokens)
    assert (reply.output_tokens, reply.finish) == (max_tokens, "length")
    assert reply.text == cut(ask(prompt), max_tokens)


def test_other_prompts_are_declined():
    assert (ask("What is 2 + 2?").text, ask("What is 2 + 2?").finish) == (NO_TRIP, "stop")
    broken = "You plan to visit 3 European cities for 9 days in total. Surprise me."
    assert ask(broken).text.startswith("I cannot read this trip: ")
