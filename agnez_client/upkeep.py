"""Asking a server to clear up: the trash, and the rules by which runs go there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from agnez_client.errors import AgnezError
from agnez_client.protocol import is_ulid
from agnez_client.reader import AnswerError, NotFoundError, Reader, RunInfo
from agnez_client.transport import Transport

Rule = Mapping[str, Any]


class Upkeep(Reader):
    """Reads, and clears up; needs a token with the scope admin where the server asks for one."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self._way = transport

    def delete(self, run: str, *, for_good: bool = False) -> None:
        """Put the run with this id into the trash, or delete it *for_good*."""
        self._ask("DELETE", f"/runs/{run}", query={"purge": "true"} if for_good else None)

    def restore(self, run: str) -> None:
        """Bring the run with this id back from the trash."""
        self._ask("POST", f"/runs/{run}/restore")

    def thrown(self) -> list[RunInfo]:
        """What lies in the trash, the newest run first."""
        return list(self.runs(deleted="true"))

    def thrown_run(self, text: str) -> RunInfo:
        """
        The run in the trash whose id is *text*, or begins so, or whose name it is (the newest).

        Raises:
            NotFoundError: If there is none, or if several ids begin so.
        """
        thrown = self.thrown()
        named = [run for run in thrown if run["name"] == text]
        if named and not is_ulid(text.upper()):
            return named[0]
        begun = [run for run in thrown if text and run["id"].startswith(text.upper())]
        if len(begun) != 1:
            found = "there is no run" if not begun else f"{len(begun)} runs begin so: no single one"
            raise NotFoundError(f"{found} {text!r} in the trash: `agnez trash` lists them")
        return begun[0]

    def rule(self, project: str) -> Rule | None:
        """The rule of *project*; None where it has none."""
        found: Rule | None = self._ask("GET", _path(project))["rule"]
        return found

    def set_rule(self, project: str, rule: Rule | None) -> None:
        """Give *project* the *rule*; None takes it away."""
        self._ask("DELETE" if rule is None else "PUT", _path(project), rule)

    def apply_rule(self, project: str, rule: Rule, *, dry: bool) -> dict[str, Any]:
        """Apply *rule* once, or say what would go; the answer as in `docs/http-api.md`."""
        query = {"dry_run": "true" if dry else "false"}
        answer: dict[str, Any] = self._ask("POST", f"{_path(project)}/apply", rule, query)
        return answer

    def _ask(
        self, method: str, path: str, body: Rule | None = None, query: Rule | None = None
    ) -> Any:
        data = None if body is None else json.dumps(dict(body)).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        response = self._way.request(method, path, query=query, body=data, headers=headers)
        if not 200 <= response.status < 300:
            raise AnswerError(self._way.url, response)
        return response.json() if response.body else None


def _path(project: str) -> str:
    if not project.strip():
        raise AgnezError("the project's name is empty")
    return f"/projects/{quote(project, safe='')}/retention"
