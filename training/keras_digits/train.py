"""
A small convolutional network of Keras learns scikit-learn's 8 x 8 handwritten digits.

    agnez up                                           # in one terminal
    python training/keras_digits/train.py              # in another

Everything about Agnez is in `make_callbacks`; the rest is a plain program of Keras. Curves, weights
and parameters are on the page of the run, the cells on the first page; the next training takes the
cells over. With `run=ctx.job` they would stay with their run.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the batches are too small to be shared out

import keras
import matplotlib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from agnez_client import Context
from agnez_client.callbacks.keras import AgnezCallback
from agnez_client.callbacks.keras_cells import (
    LossPlot,
    SendFigHTML,
    SendImage,
    VisualizeConvWeights,
)
from agnez_client.callbacks.keras_live import Grid2D
from agnez_client.plots import img_grid

Data = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def load_splits() -> tuple[Data, Data]:
    """
    1,437 samples to learn from and 360 to test with: images float32 ``(N, 8, 8, 1)`` in [0, 1],
    digits int64 ``(N,)``.
    """
    found = load_digits()
    images = (found.images / 16).astype(np.float32)[..., None]
    x, x_test, y, y_test = train_test_split(
        images, found.target, test_size=360, stratify=found.target, random_state=0
    )
    return (x, y), (x_test, y_test)


def build_model(lr: float, steps: int) -> keras.Model:
    """
    ``(B, 8, 8, 1)`` -> logits ``(B, 10)``, compiled; the rate of learning falls over *steps*.

    Beside the convolutions a single layer looks at the pixels: its weights are a picture of each
    digit.
    """
    images = keras.layers.Input((8, 8, 1))
    found = keras.layers.Conv2D(16, 5, padding="same", activation="relu", name="filters")(images)
    found = keras.layers.MaxPooling2D()(found)
    found = keras.layers.Conv2D(32, 3, padding="same", activation="relu")(found)
    found = keras.layers.Dropout(0.3)(keras.layers.Flatten()(found))
    pixels = keras.layers.Flatten()(images)
    logits = keras.layers.Dense(10)(found) + keras.layers.Dense(10, name="templates")(pixels)
    model = keras.Model(images, logits, name="cnn")
    model.compile(
        optimizer=keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(lr, steps), momentum=0.9
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def make_callbacks(ctx: Context, model: keras.Model, test: Data) -> list[keras.callbacks.Callback]:
    """Everything that is told of the training."""
    images, digits = test

    def guesses() -> Any:
        return model.predict_on_batch(images).argmax(axis=1)

    def draw_accuracy() -> Any:
        """How many of each digit are seen as what they are."""
        figure = matplotlib.figure.Figure(figsize=(6, 4))
        axes = figure.add_subplot(xlabel="digit", ylabel="share seen", ylim=(0, 1))
        found = guesses()
        axes.bar(range(10), [(found[digits == d] == d).mean() for d in range(10)])
        return figure

    def draw_mistakes() -> Any:
        """Up to 25 digits that are taken for others."""
        wrong = np.flatnonzero(guesses() != digits)[:25]
        tiles = images[wrong if len(wrong) else [0]].transpose(0, 3, 1, 2)
        return img_grid(tiles.repeat(6, axis=2).repeat(6, axis=3))

    return [
        AgnezCallback(ctx, histograms=2),
        Grid2D(model.get_layer("templates"), fig_title="templates", job=ctx, display_cols=5),
        LossPlot(),
        VisualizeConvWeights(model.get_layer("filters"), name="Filters", position=1),
        SendFigHTML(draw_accuracy, "Digits", "share of each that is seen", 2),
        SendImage(draw_mistakes, "Mistakes", "taken for other digits", 3),
    ]


def main() -> None:
    """Train one run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()

    keras.utils.set_random_seed(given.seed)
    (x, y), test = load_splits()
    model = build_model(given.lr, given.epochs * -(-len(x) // given.batch_size))
    with Context(
        project="digits", experiment="keras", name=f"keras lr={given.lr:g}", params=vars(given)
    ) as ctx:
        callbacks = make_callbacks(ctx, model, test)
        model.fit(
            x, y, given.batch_size, given.epochs,
            verbose=0, validation_data=test, callbacks=callbacks,
        )  # fmt: skip
        result = model.evaluate(*test, verbose=0, return_dict=True, callbacks=callbacks[:1])
    print(f"test accuracy {result['accuracy']:.3f}")


if __name__ == "__main__":
    main()
