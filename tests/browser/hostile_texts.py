"""What somebody hostile would call things, and a run that calls everything so."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any, Final

from tests.browser.cells import call
from tests.browser.conftest import Site
from tests.browser.entries import Entries
from tests.browser.recorded import Recorded

TEXTS: Final = (
    "<img src=x onerror=window.pwned=1>",
    "</script><script>window.pwned=2</script>",
    "javascript:window.pwned=3//",
    "${window.pwned=4}{{constructor.constructor('window.pwned=4')()}}`",
    "\u202egnp.exe\u2066",
    "a\u200b\u200db\ufeff",
    "</style><style>*{display:none!important}</style>",
    "';}*{display:none}/*",
    "__proto__",
    "constructor",
    "&lt;img src=x onerror=window.pwned=5&gt;&#60;script&#62;",
    '"><svg onload=window.pwned=6>',
    '=HYPERLINK("http://evil.example/","x")',
    "[x](javascript:window.pwned=7) ![x](http://evil.example/x.png)",
    "W" * 256,
)
"""Each fits into a name."""
LONG: Final = TEXTS[0] + "w" * 10_000

COVERED: Final = frozenset({
    "post /session password", "post /session path",  # not kept
    "post /runs experiment", "post /runs id", "post /runs name", "post /runs notes",
    "post /runs params.*", "post /runs project", "post /runs tags[]",
    "patch /runs/{run} name", "patch /runs/{run} notes", "patch /runs/{run} params.*",
    "patch /runs/{run} stage", "patch /runs/{run} tags[]",
    "put /projects/{project}/retention keep_tags[]",
    "post /projects/{project}/retention/apply keep_tags[]",
    "post /runs/{run}/charts channels[]", "post /runs/{run}/charts id",
    "post /runs/{run}/charts title", "post /runs/{run}/charts x", "post /runs/{run}/charts y",
    "post /points channel", "post /points experiment", "post /points project", "post /points run",
    "post /imports run.id", "put /cells/arrangement order[]", "put /cells/arrangement place",
    "put /cells/arrangement sizes.*",
    "post /in/{run} ", "post /publish/epoch/end data", "post /publish/epoch/end/{run} data",
})  # fmt: skip
"""Every text of the request bodies: method, path and field. One more has to be put to use here."""


def text_fields(document: dict[str, Any]) -> set[str]:
    """Those of an OpenAPI document: where a body takes text that is no choice and no bytes."""
    found = set[str]()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                where = f"{method} {path.removeprefix('/api/v1')} "
                found |= {where + leaf for leaf in _leaves(media["schema"])}
    return found


def _leaves(schema: Any, at: str = "") -> Iterator[str]:
    if not isinstance(schema, dict) or schema.get("enum") or schema.get("format") == "binary":
        return
    if "string" in (schema.get("type"), *(schema.get("type") or ())):
        yield at
    for choice in itertools.chain(*(schema.get(k, ()) for k in ("anyOf", "oneOf", "allOf"))):
        yield from _leaves(choice, at)
    for name, below in schema.get("properties", {}).items():
        yield from _leaves(below, f"{at}.{name}".lstrip("."))
    if schema.get("type") == "array":
        yield from _leaves(schema.get("items"), f"{at}[]" if at else "")
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict) and at:
        yield f"{at}.*"


class HostileRun:
    """A run in which every text is one of `TEXTS`, told in all the ways there are."""

    def __init__(self, site: Site) -> None:
        self.site, self._turn = site, itertools.cycle(TEXTS)
        self.run, self.project = "", TEXTS[0]
        self.kinds, self.types = set[str](), set[str]()

    def text(self) -> str:
        """The next one."""
        return next(self._turn)

    async def fill(self) -> None:
        """Tell all of it."""
        told = Recorded(
            self.site,
            TEXTS[1],
            project=self.project,
            experiment=TEXTS[2],
            host=TEXTS[0],
            python=TEXTS[11],
            tags=list(TEXTS),
            notes="\n\n".join((*TEXTS, LONG)),
            params={t: {t: t} for t in TEXTS},
        )
        self.run = told.run
        await self._events(told)
        await self._entries(told)
        await self._requests()
        await self._cells()

    async def _events(self, told: Recorded) -> None:
        diff = await told.put(("\n+".join(("diff --git", *TEXTS, LONG))).encode())
        packages = await told.put("\n".join(f"{t}==1" for t in TEXTS).encode())
        facts = {"git": {"commit": TEXTS[0], "branch": TEXTS[1], "dirty": True, "diff": diff},
                 "command": list(TEXTS), "packages": {"count": 9, "blob": packages},
                 "model": {"name": TEXTS[0], "parameters": 7}, "host": {t: t for t in TEXTS},
                 **{t: {t: t} for t in TEXTS}}  # fmt: skip
        events = [
            *({"kind": "channel", "n": 500 + n, "name": t, "type": "NUMERIC",
               "options": {"unit": t}} for n, t in enumerate(TEXTS)),
            *({"kind": "chart", "id": f"c{n}", "title": t, "x": t, "y": t, "channels": [t]}
              for n, t in enumerate(TEXTS)),
            {"kind": "params", "params": {"late": TEXTS[0]}},
            {"kind": "tags", "tags": [TEXTS[0]]},
            {"kind": "dropped", "n": 500, "count": 3, "reason": TEXTS[0]},
            {"kind": "durable", "value": False},
            {"kind": "about", "facts": facts, "blobs": [diff, packages]},
            {"kind": "fields", "stage": TEXTS[0], "total_steps": 9},
            *({"kind": "dataset", "name": t, "hash": t, "source": t, "about": {t: t}}
              for t in TEXTS),
            {"kind": "state", "state": "failed", "reason": TEXTS[0] + TEXTS[6]},
        ]  # fmt: skip
        self.kinds = {"run", "entry", "console", *(str(e["kind"]) for e in events)}
        await told.tell(*events)
        await told.print(
            [*TEXTS, "\x1b[31m<b>red</b>\x1b[0m \x1b]8;;javascript:pwned=8\x07x", LONG]
        )

    async def _entries(self, told: Recorded) -> None:
        entries = Entries(self.site, TEXTS[1])
        box = {"box": [1, 1, 9, 9], "class": 1, "label": TEXTS[0]}
        image = await entries.image(9, caption=TEXTS[0], classes={"1": TEXTS[1]}, boxes=[box])
        html = await told.put(b"<p>only this</p>", "text/html")
        svg = await told.put(b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
                             b"<script>parent.pwned=9</script></svg>", "image/svg+xml")  # fmt: skip
        sound = await told.put(b"RIFF", "audio/wav")
        video = await told.put(b"\x1a\x45", "video/webm")
        pr = {"label": TEXTS[0], "positives": 1, "total": 2, "ap": 0.5, "recall": [1, 0],
              "precision": [0, 1]}  # fmt: skip
        roc = {"label": TEXTS[1], "positives": 1, "total": 2, "fpr": [0, 1], "tpr": [0, 1],
               "auc": 0.5}  # fmt: skip
        bodies: list[tuple[str, dict[str, Any]]] = [
            ("HISTOGRAM", {"counts": [1], "edges": [0, 1], "total": 1, "nan": 0, "inf": 0}),
            ("IMAGE", {"items": [image]}),
            ("TEXT", {"text": "\n".join((*TEXTS, LONG)), "format": "plain"}),
            ("TEXT", {"text": "\n\n".join((*TEXTS, LONG)), "format": "markdown"}),
            ("TABLE", {"columns": list(TEXTS), "rows": [list(TEXTS)] * 3}),
            ("AUDIO", {"items": [{**sound, "caption": TEXTS[0]}]}),
            ("VIDEO", {"items": [{**video, "caption": TEXTS[1]}]}),
            ("HTML", html),
            ("FIGURE", {"format": "svg", **svg}),
            ("PR_CURVE", {"curves": [pr]}),
            ("ROC_CURVE", {"curves": [roc]}),
            ("CONFUSION_MATRIX", {"labels": list(TEXTS[:2]), "counts": [[1, 2], [3, 4]]}),
            *(("MARKER", {"text": t, "level": "warning"}) for t in TEXTS),
            *(("ARTEFACT", {**html, "path": t, "kind": "file", "metadata": {t: t}}) for t in TEXTS),
        ]
        self.types = {"NUMERIC", *(type for type, _ in bodies)}
        for n, (type, body) in enumerate(bodies):
            name = "markers" if type == "MARKER" else f"{TEXTS[n % len(TEXTS)][:200]} {n}"
            event = {k: body[k] for k in ("sha256", "size", "mime")} if "sha256" in body else None
            if event is None and "items" in body:
                event = {k: body["items"][0][k] for k in ("sha256", "size", "mime")}
            await told.enter(name, type, n, body, [] if event is None else [event])

    async def _requests(self) -> None:
        site = self.site
        await site.post("/points", [
            {"run": TEXTS[1], "project": self.project, "channel": t, "x": x, "y": x}
            for t in TEXTS for x in range(3)
        ])  # fmt: skip
        for t in TEXTS:
            chart = {"id": "c", "title": t, "channels": [TEXTS[0]], "x": t, "y": t}
            await site.post(f"/runs/{self.run}/charts", chart)
        url = f"{site.url}/api/v1/runs/{self.run}"
        change = {"name": TEXTS[1], "stage": TEXTS[0], "tags": [*TEXTS, "last"]}
        async with site.http.patch(url, json=change) as answer:
            assert answer.status == 200, await answer.text()
        for t in TEXTS:  # a run of each name in the list
            await site.post("/runs", {"name": t, "project": t, "experiment": t, "notes": t})

    async def _cells(self) -> None:
        for n, t in enumerate(TEXTS):
            await call(self.site, "POST", "", {"name": t, "description": t, "type": "text",
                                               "value": json.dumps({t: t}), "pos": n})  # fmt: skip
        img = {"name": TEXTS[0], "description": TEXTS[1], "type": "img", "value": TEXTS[2]}
        await call(self.site, "POST", "", img)
