import pytest

from anytime.errors import AnytimeError
from anytime.models import MODELS, Solution, load_model
from anytime.protocol import Message


def solutions(text):
    return Solution("1", ("2",))


@pytest.mark.parametrize("name", MODELS)
def test_every_model_answers(name):
    reply = load_model(name, {}, solutions)([Message("user", "What is 2 + 2?")], 20, 0)
    assert 0 < reply.output_tokens <= 20
    assert reply.text


def test_options_may_be_text():
    as_text = {"accuracy": "0.5", "leak": "3", "reasoning": "True", "solve_tokens": "1e2"}
    as_values = {"accuracy": 0.5, "leak": 3, "reasoning": True, "solve_tokens": 100}
    replies = [
        load_model("simulated", options, solutions)([Message("user", "?")], 300, 5)
        for options in (as_text, as_values)
    ]
    assert replies[0] == replies[1]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("oracle", {}, "unknown model 'oracle': choose one of planner, simulated, guesser"),
        (
            "planner",
            {"speed": 1},
            "unknown option 'speed' of model planner: its options are reasoning",
        ),
        ("guesser", {"speed": 1}, "unknown option 'speed' of model guesser: it has none"),
        (
            "simulated",
            {"accuracy": 1.5},
            "accuracy of model simulated must be a number from 0 to 1",
        ),
        ("simulated", {"accuracy": "nan"}, "must be a number from 0 to 1, not 'nan'"),
        ("simulated", {"guess": True}, "must be a number from 0 to 1, not True"),
        ("simulated", {"drift": None}, "must be a number from 0 to 1, not None"),
        ("simulated", {"solve_tokens": 0}, "must be a number of tokens above 0, not 0"),
        ("simulated", {"linger_tokens": "inf"}, "must be a number of tokens above 0"),
        ("simulated", {"leak": 1.5}, "must be a whole number from 0 on, not 1.5"),
        ("simulated", {"leak": "inf"}, "must be a whole number from 0 on"),
        ("simulated", {"contrast_speedup": 0}, "must be a number above 0, not 0"),
        ("simulated", {"principles_speedup": "inf"}, "must be a number above 0, not 'inf'"),
        ("simulated", {"judge_accuracy": 2}, "must be a number from 0 to 1, not 2"),
        ("planner", {"reasoning": "perhaps"}, "must be true or false, not 'perhaps'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(name, options, message):
    with pytest.raises(AnytimeError) as refused:
        load_model(name, options, solutions)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
