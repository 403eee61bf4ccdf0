"""
Secrets in a command line, an address or parameters: what looks like one is replaced by ``***``.

A guess, on the side of caution: a value that is no secret is hidden rather than one that is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

HIDDEN: Final = "***"
MAX_ARGUMENT: Final = 1000
"""Characters of one argument that are kept."""
MAX_COMMAND: Final = 16_000
"""Characters of all arguments together."""

_ALWAYS: Final = re.compile(
    r"passw|passphrase|secret|credential|apikey|accesskey|privatekey|authtoken|accesstoken", re.I
)
_WORDS: Final = frozenset(
    ("token", "tokens", "key", "keys", "auth", "authorization", "bearer", "pwd", "pw", "cred",
     "creds", "cookie", "pat")
)  # fmt: skip
_LAST_WORDS: Final = frozenset(
    ("token", "auth", "authorization", "bearer", "pwd", "pw", "cred", "creds", "cookie")
)
"""A parameter whose name ends so: with words behind it (`token_dropout`) it is about training."""
_KEY: Final = re.compile(r"(?=.*\d)\S{16,}\Z")
"""What a parameter that ends with "key" must look like: `sort_key` and `image_key` are names."""
_SPECIAL_TOKEN: Final = re.compile(r"<.*>\Z|\[.*\]\Z|\S{0,3}\Z", re.S)
"""What a tokenizer calls a token: `pad_token` is "<pad>", "[PAD]" or "#"."""
_NUMBER: Final = re.compile(r"[-+]?\d{1,6}(\.\d*)?(e[-+]?\d+)?\Z", re.I)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_USER_IN_URL: Final = re.compile(r"\b([a-z][a-z0-9+.-]*)://([^\s/?#]*)@", re.I)
_PAIR: Final = re.compile(
    r"""(?P<name>[\w.-]+)(?P<sign>["']?\s*[:=]\s*)"""
    r"""(?P<value>"[^"]*"?|'[^']*'?|(?:Bearer|Basic|Token)\s+\S+|[^\s"'&;,}]+)""",
    re.I,
)
_BEARER: Final = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.I)
_SHAPES: Final = re.compile(
    r"\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|hf_\w{16,}|sk-[\w-]{16,}"
    r"|AKIA[0-9A-Z]{12,}|xox[abprs]-[\w-]{8,}|agnez_\w{16,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)


def redact_command(arguments: Sequence[str]) -> list[str]:
    """*arguments* of a command line without secrets, cut to what is worth keeping."""
    found: list[str] = []
    hide_next, room = "", MAX_COMMAND
    for argument in arguments:
        text = argument[: 4 * MAX_ARGUMENT]
        if hide_next and not text.startswith("-"):
            text = _hidden(hide_next, text)
            hide_next = ""
        else:
            text, hide_next = _redact_argument(text)
        found.append(text if len(text) <= MAX_ARGUMENT else text[:MAX_ARGUMENT] + "…")
        room -= len(found[-1]) + 1
        if room < 0:
            return [*found[:-1], "…"]
    return found


def redact_text(text: str) -> str:
    """*text* without credentials in addresses, pairs such as ``key=…``, and known kinds of keys."""
    text = _USER_IN_URL.sub(_without_user, text)
    text = _PAIR.sub(_without_value, text)
    return _SHAPES.sub(HIDDEN, _BEARER.sub(rf"\1 {HIDDEN}", text))


def redact_params(params: Mapping[str, Any], above: str = "") -> tuple[dict[str, Any], list[str]]:
    """
    *params*, as JSON has them, with ``***`` for texts whose names look like those of secrets, and
    the names of these, with dots. Numbers, booleans and empty texts are none.

    Args:
        above: The name of the parameter that holds them.
    """
    found, hidden = {}, list[str]()
    for name, value in params.items():
        path = f"{above}.{name}" if above else name
        found[name], names = _redact_param(path, name, value)
        hidden += names
    return found, hidden


def _redact_param(path: str, name: str, value: Any) -> tuple[Any, list[str]]:
    if isinstance(value, Mapping):
        return redact_params(value, path)
    if isinstance(value, list):
        pairs = [_redact_param(path, name, one) for one in value]
        return [one for one, _ in pairs], list(
            dict.fromkeys(n for _, names in pairs for n in names)
        )
    is_secret = isinstance(value, str) and _is_secret_param(path, name, value)
    return (HIDDEN, [path]) if is_secret else (value, [])


def _is_secret_param(path: str, name: str, value: str) -> bool:
    """Below a name that is always secret (`credentials.user`) all texts are."""
    if not value:
        return False
    if _ALWAYS.search(re.sub(r"[^A-Za-z.]", "", path)):
        return True
    last = next(reversed(_WORD.findall(name)), "").lower()
    if last == "key":
        return bool(_KEY.match(value))
    return last in _LAST_WORDS and not (last == "token" and _SPECIAL_TOKEN.match(value))


def looks_secret(name: str) -> bool:
    """Whether the value of an option, a variable or a field of this name is probably a secret."""
    if _ALWAYS.search(re.sub(r"[^A-Za-z]", "", name)):
        return True
    return any(word.lower() in _WORDS for word in _WORD.findall(name))


def _redact_argument(text: str) -> tuple[str, str]:
    """*text* redacted, and its name if the next argument is its value."""
    name, equals, value = text.partition("=")
    if text.startswith("-") and not equals:
        return redact_text(text), name if looks_secret(name) else ""
    if equals and re.fullmatch(r"[-+\w.]+", name) and looks_secret(name):
        return f"{name}={_hidden(name, value)}", ""
    return redact_text(text), ""


def _hidden(name: str, value: str) -> str:
    """``***``, or *value* where a short number stands for a count: ``--max-tokens 100``."""
    always = _ALWAYS.search(re.sub(r"[^A-Za-z]", "", name))
    return value if _NUMBER.match(value) and not always else HIDDEN


def _without_user(found: re.Match[str]) -> str:
    scheme, user = found.groups()
    if scheme.lower() == "ssh" and ":" not in user:
        return found.group()
    return f"{scheme}://{HIDDEN}@"


def _without_value(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    if not looks_secret(name) or value.startswith("//"):
        return found.group()
    return f"{name}{found['sign']}{_hidden(name, value)}"
