"""Secrets of command lines and addresses stay at home; what is none is shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnez_client.record.redact import (
    MAX_COMMAND,
    looks_secret,
    redact_command,
    redact_params,
    redact_text,
)

SECRET = "s3cr3tValue"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--api-key", SECRET],
        ["--api_key", SECRET],
        [f"--api-key={SECRET}"],
        [f"--password=two words {SECRET}"],
        ["-passwd", SECRET],
        ["--wandb.apiKey", SECRET],
        [f"DB_PASSWORD={SECRET}"],
        [f"logger.token={SECRET}"],
        [f"+model.hf_token={SECRET}"],
        ["--auth", SECRET],
        ["--credential", SECRET],
        ["--secretAccessKey", SECRET],
        ["--AWS_SECRET_ACCESS_KEY", SECRET],
        ["--password", "123456"],
        [f"https://me:{SECRET}@example.org/data"],
        [f"https://{SECRET}@github.com/a/b.git"],
        [f"postgresql://me:{SECRET}p@ss@host/db"],
        [f"s3://bucket/a?X-Amz-Credential=x&token={SECRET}&x=1"],
        ["-H", f"Authorization: Bearer {SECRET}"],
        ["-H", f"X-Api-Key: {SECRET}"],
        ["--config", f'{{"api_key": "{SECRET} and more", "lr": 1}}'],
        ["-c", f"login(token='{SECRET}')"],
        ["hf_" + SECRET * 3],
        ["prefix ghp_" + SECRET * 3],
    ],
    ids=" ".join,
)
def test_what_looks_like_a_secret_is_hidden(arguments: list[str]) -> None:
    """In options, variables, addresses, headers and JSON, and by its shape."""
    found = " ".join(redact_command(arguments))

    assert SECRET not in found
    assert "123456" not in found
    assert "***" in found


@pytest.mark.parametrize(
    "arguments",
    [
        ["python", "train.py", "--lr", "0.1", "--epochs=5"],
        ["--max-tokens", "100", "--pad_token=0"],
        ["--tokenizer", "gpt2", "--keypoints", "17", "--monkey=banana", "--author", "me"],
        ["https://example.org/data?split=train#a", "ssh://git@github.com/a/b"],
        ["git@github.com:a/b.git", "http://[::1]:3000/x"],
        ["--date", "2026-11-21T10:00:00", "C:\\data\\x"],
        ["--key", "--next"],
        ["a=b", "=", "", "-", "--"],
    ],
    ids=" ".join,
)
def test_what_is_no_secret_is_shown(arguments: list[str]) -> None:
    """Also names in which the word for one only begins."""
    assert redact_command(arguments) == arguments


def test_users_of_addresses_are_hidden_whole() -> None:
    """A name alone may be the token."""
    assert redact_text("https://user:pw@host/x") == "https://***@host/x"
    assert redact_text("https://ghs_abc@host/x") == "https://***@host/x"


def test_long_commands_are_cut() -> None:
    """A glob of 100,000 files is not kept whole."""
    found = redact_command(["x" * 5000, *["image.png"] * 100_000])

    assert sum(map(len, found)) <= MAX_COMMAND
    assert found[0] == "x" * 1000 + "…"
    assert found[-1] == "…"


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_command_is_taken(arguments: list[str]) -> None:
    """Nothing raises, nothing hangs; an option's name is kept."""
    found = redact_command(arguments)

    assert len(found) == len(arguments)
    assert all(looks_secret(n) in (True, False) for n in arguments)


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"token": SECRET}, "token"),
        ({"hfToken": SECRET}, "hfToken"),
        ({"HF_TOKEN": SECRET}, "HF_TOKEN"),
        ({"logger.token": SECRET}, "logger.token"),
        ({"db": {"password": SECRET}}, "db.password"),
        ({"api_key": SECRET}, "api_key"),
        ({"openai": [{"api-keys": ["a", SECRET]}]}, "openai.api-keys"),
        ({"client_secret": SECRET}, "client_secret"),
        ({"credentials": {"user": "me", "value": SECRET}}, "credentials.value"),
        ({"wandb_key": SECRET * 2}, "wandb_key"),
        ({"auth": SECRET}, "auth"),
    ],
    ids=str,
)
def test_a_parameter_named_as_a_secret_is_hidden(params: dict[str, Any], name: str) -> None:
    """At any depth; its name is told."""
    found, hidden = redact_params(params)

    assert SECRET not in str(found)
    assert "***" in str(found)
    assert name in hidden


@pytest.mark.parametrize(
    "name",
    [
        "tokens", "max_tokens", "token_dropout", "num_tokens", "tokenizer", "author", "keypoints",
        "image_key", "sort_key", "monkey", "keys", "token_type", "authority",
    ],
)  # fmt: skip
def test_parameters_of_training_are_no_secrets(name: str) -> None:
    """Innocent names keep their texts."""
    assert redact_params({name: "gpt2", "a": {name: ["b"]}}) == (
        {name: "gpt2", "a": {name: ["b"]}},
        [],
    )


def test_only_texts_are_secrets() -> None:
    """Numbers, booleans, nothing and a tokenizer's own tokens stay."""
    params = {
        "token": 3, "password": True, "api_key": None, "secret": "", "pad_token": "<pad>",
        "eos_token": "<|endoftext|>", "mask_token": "[MASK]", "unk_token": "#",
    }  # fmt: skip

    assert redact_params(params) == (params, [])
