"""
Send a run that has every kind of channel: a small network learns scikit-learn's digits.

    python scripts/gallery.py http://localhost:3000 [--epochs 40]

It goes through the HTTP API alone, as any language could. Prints the id of the run.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import requests
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

sys.path.insert(0, str(Path(__file__).parent))

from gallery_media import animation, bokeh_figure, html_page, scene, svg_figure

NAME = "every kind"
RATE = 16_000


class Sender:
    """Blobs and entries of one run, by HTTP."""

    def __init__(self, url: str) -> None:
        self.api = f"{url.rstrip('/')}/api/v1"
        self.http = requests.Session()
        self.run = self._post("/runs", {"name": NAME, "project": "gallery"})["id"]

    def entry(self, channel: str, type: str, x: int, body: dict[str, Any]) -> None:
        """One entry."""
        self._post(
            "/points", {"run": self.run, "channel": channel, "type": type, "x": x, "y": body}
        )

    def numbers(self, channel: str, x: int, y: float) -> None:
        """One point."""
        self._post("/points", {"run": self.run, "channel": channel, "x": x, "y": y})

    def blob(self, data: bytes, mime: str) -> dict[str, Any]:
        """*data* as a blob of the server, and how a body names it."""
        sha256 = hashlib.sha256(data).hexdigest()
        answer = self.http.put(
            f"{self.api}/blobs/{sha256}", data=data, headers={"Content-Type": mime}, timeout=30
        )
        answer.raise_for_status()
        return {"sha256": sha256, "mime": mime, "size": len(data)}

    def image(self, pixels: np.ndarray, **more: Any) -> dict[str, Any]:
        """*pixels* ``(H, W)`` or ``(H, W, 3)`` uint8 as an image of a body."""
        blob = self.blob(png(pixels), "image/png")
        size = {"width": pixels.shape[1], "height": pixels.shape[0]}
        return {**blob, **size, "thumb": {**blob, **size}, **more}

    def finish(self) -> None:
        """The run has ended."""
        self.http.patch(f"{self.api}/runs/{self.run}", json={"state": "finished"}, timeout=30)

    def _post(self, path: str, body: Any) -> Any:
        answer = self.http.post(self.api + path, json=body, timeout=30)
        if not answer.ok:
            raise SystemExit(f"{path}: {answer.text}")
        return answer.json()


def png(pixels: np.ndarray) -> bytes:
    """*pixels* as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()


def tone(frequency: float) -> bytes:
    """A second of a fading tone, WAV."""
    t = np.arange(RATE) / RATE
    samples = np.sin(2 * np.pi * frequency * t) * np.exp(-3 * t) * (1 + 0.5 * np.sin(50 * t)) / 1.6
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((samples * 32_000).astype("<i2").tobytes())
    return file.getvalue()


def send_often(to: Sender, model: MLPClassifier, step: int) -> None:
    """What is cheap: the loss, weights and their distribution."""
    to.numbers("loss", step, float(model.loss_))
    for layer, weights in enumerate(model.coefs_):
        counts, edges = np.histogram(weights, bins=48)
        body = {
            "counts": counts.tolist(), "edges": edges.tolist(), "total": int(weights.size),
            "nan": 0, "inf": 0,
        }  # fmt: skip
        to.entry(f"weights/layer {layer}", "HISTOGRAM", step, body)


def send_scores(
    to: Sender, truth: np.ndarray, guess: np.ndarray, shares: np.ndarray, step: int
) -> None:
    """Curves and the confusion matrix."""
    pr, roc = [], []
    for digit in (3, 8, 9):
        is_digit, share = truth == digit, shares[:, digit]
        many = {"label": f"digit {digit}", "positives": int(is_digit.sum()), "total": len(truth)}
        p, r, t = precision_recall_curve(is_digit, share)
        pr.append(
            {**many, "precision": p.tolist(), "recall": r.tolist(), "thresholds": t.tolist(),
             "ap": float(average_precision_score(is_digit, share))}
        )  # fmt: skip
        fpr, tpr, t = roc_curve(is_digit, share)
        thresholds = [v if np.isfinite(v) else "Infinity" for v in t.tolist()]
        roc.append(
            {**many, "fpr": fpr.tolist(), "tpr": tpr.tolist(), "thresholds": thresholds,
             "auc": float(roc_auc_score(is_digit, share))}
        )  # fmt: skip
    to.entry("precision and recall", "PR_CURVE", step, {"curves": pr})
    to.entry("roc", "ROC_CURVE", step, {"curves": roc})
    counts = confusion_matrix(truth, guess, labels=range(10)).tolist()
    to.entry(
        "confusion", "CONFUSION_MATRIX", step, {"labels": list("0123456789"), "counts": counts}
    )


def send_words(
    to: Sender, truth: np.ndarray, guess: np.ndarray, shares: np.ndarray, step: int
) -> None:
    """A report, the worst mistakes as a table, a page."""
    right = float((truth == guess).mean())
    worst = np.argsort(shares[np.arange(len(truth)), truth])
    text = f"## Step {step}\n\n**{right:.1%}** of {len(truth)} held-out digits are right.\n\n"
    hardest = [d for d in range(10) if (guess[truth == d] == d).mean() < right]
    text += "Harder than the average:\n\n" + "\n".join(f"- `{d}`" for d in hardest)
    to.entry("report", "TEXT", step, {"text": text, "format": "markdown"})
    rows = [[int(i), int(truth[i]), int(guess[i]), round(float(shares[i, truth[i]]), 4),
             bool(truth[i] == guess[i])] for i in worst[:200]]  # fmt: skip
    columns = ["sample", "digit", "taken for", "share of the digit", "right"]
    to.entry("hardest digits", "TABLE", step, {"columns": columns, "rows": rows})
    page = html_page(step, [float((guess[truth == d] == d).mean()) for d in range(10)])
    to.entry("page", "HTML", step, to.blob(page.encode(), "text/html"))


def send_media(
    to: Sender,
    model: MLPClassifier,
    images: np.ndarray,
    guess: np.ndarray,
    truth: np.ndarray,
    step: int,
) -> None:
    """Images, sound, an animation, figures."""
    captions = [f"{truth[i]} taken for {guess[i]}" for i in range(12)]
    items = [to.image((images[i] * 15.9).astype(np.uint8), caption=captions[i]) for i in range(12)]
    to.entry("digits", "IMAGE", step, {"items": items})
    pixels, marks, mask = scene(images, truth, guess, step)
    masks = [{**to.blob(png(mask), "image/png"), "name": "digits"}]
    to.entry("scene", "IMAGE", step, {"items": [to.image(pixels, masks=masks, **marks)]})
    sound = tone(220 + 440 * float((truth == guess).mean()))
    wav = {**to.blob(sound, "audio/wav"), "seconds": 1.0, "rate": RATE, "channels": 1}
    to.entry("tone", "AUDIO", step, {"items": [{**wav, "caption": "accuracy as a tone"}]})
    film, size = animation(model.coefs_[0])
    body = {**to.blob(film, "image/webp"), "width": size, "height": size, "caption": "first layer"}
    to.entry("filters", "VIDEO", step, {"items": [body]})
    svg = to.blob(svg_figure(model.loss_curve_), "image/svg+xml")
    to.entry("drawn", "FIGURE", step, {"format": "svg", **svg})
    item = to.blob(json.dumps(bokeh_figure(model.loss_curve_)).encode(), "application/json")
    to.entry("interactive", "FIGURE", step, {"format": "bokeh", "height": 260, **item})


def main() -> None:
    """Train and send."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("url")
    parser.add_argument("--epochs", type=int, default=40)
    given = parser.parse_args()
    digits = load_digits()
    x, test_x, y, test_y = train_test_split(digits.data / 16, digits.target, random_state=0)
    model = MLPClassifier((48,), learning_rate_init=0.004, random_state=0, alpha=1e-3)
    to = Sender(given.url)
    for step in range(given.epochs):
        model.partial_fit(x, y, classes=range(10))
        send_often(to, model, step)
        if step % 5 == 4:
            shares = model.predict_proba(test_x)
            guess = shares.argmax(1)
            send_scores(to, test_y, guess, shares, step)
            send_words(to, test_y, guess, shares, step)
            send_media(to, model, test_x.reshape(-1, 8, 8) * 16, guess, test_y, step)
    to.finish()
    sys.stdout.write(f"{to.run}\n")


if __name__ == "__main__":
    main()
