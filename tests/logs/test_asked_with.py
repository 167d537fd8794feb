"""What a run was asked with, as both harnesses log it."""

from __future__ import annotations

from anytime.logs.asked_with import asked_with


def test_later_ones_win_and_nested_ones_are_flat() -> None:
    told = {"temperature": 0.0, "extra": {"a": {"b": True}}, "none": None}
    assert asked_with(told, None, "no mapping", {"temperature": 0.70}) == {
        "extra.a.b": "yes",
        "temperature": "0.7",
    }


def test_secrets_and_what_no_answer_depends_on_are_left_out() -> None:
    told = {
        "api_key": "sk-1",
        "OPENAI_API_KEY": "sk-2",
        "auth_token": "t",
        "extra_headers": {"x": "secret"},
        "credentials_file": "c",
        "password": "p",
        "max_connections": 10,
        "timeout": 3,
        "max_tokens": 100,
        "tokenizer": "t.json",
        "base_url": "https://me:pw@host:1/v1",
    }
    assert asked_with(told, without=frozenset(["tokenizer"])) == {
        "base_url": "https://host:1/v1",
        "max_tokens": "100",
    }


def test_long_values_are_short_and_still_differ() -> None:
    one, other = (asked_with({"system": "x" * 200 + end})["system"] for end in "ab")
    assert one != other
    assert max(len(one), len(other)) < 40
    path = asked_with({"frame": "/home/somebody/a/very/long/way/down/to/frame.json"})["frame"]
    assert path == "frame.json"
