"""
A small convolutional network learns scikit-learn's 8 x 8 handwritten digits, once a learning rate.

    agnez up                                        # in one terminal
    python training/digits/train.py --epochs 60     # in another

Everything about Agnez is in `open_channels`, in the lines with `send` and in those with `ctx.job`;
the rest is a plain PyTorch loop. Copy it, put in your model and your data, keep those lines.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

from agnez_client import Channel, Context, Image


@dataclass(frozen=True)
class Split:
    """Images float32 ``(N, 1, 8, 8)`` in [0, 1] and their digits int64 ``(N,)``."""

    images: Tensor
    digits: Tensor

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All samples once, shuffled, each image moved by up to one pixel."""
        for picked in torch.randperm(len(self.images)).split(size):
            dy, dx = torch.randint(-1, 2, (2,)).tolist()
            yield self.images[picked].roll((dy, dx), dims=(2, 3)), self.digits[picked]


def load_splits() -> tuple[Split, Split]:
    """1,437 samples to learn from and 360 to validate with, the digits equally frequent in both."""
    found = load_digits()
    images = torch.tensor(found.images, dtype=torch.float32).unsqueeze(1) / 16
    digits = torch.tensor(found.target)
    train, val = train_test_split(
        torch.arange(len(digits)), test_size=360, stratify=digits, random_state=0
    )
    return Split(images[train], digits[train]), Split(images[val], digits[val])


def build_model() -> nn.Sequential:
    """(B, 1, 8, 8) -> logits (B, 10)."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (B, 64, 4, 4)
        nn.Conv2d(64, 128, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),  # (B, 128 * 4 * 4)
        nn.Dropout(0.3),
        nn.Linear(128 * 4 * 4, 10),
    )


def open_channels(ctx: Context) -> dict[str, Channel]:
    """The channels of one run, by name, and the charts that show them."""
    names = ["loss", "val loss", "accuracy", "val accuracy", "learning rate", "gradient norm"]
    channels = {name: ctx.job.create_channel(name, "NUMERIC") for name in names}
    ctx.job.create_chart([channels["loss"], channels["val loss"]], "Loss", "step", "cross-entropy")
    ctx.job.create_chart(
        [channels["accuracy"], channels["val accuracy"]], "Accuracy", "step", "share correct"
    )
    ctx.job.create_chart([channels["learning rate"]], "Learning rate", "step", "learning rate")
    ctx.job.create_chart([channels["gradient norm"]], "Gradient norm", "step", "L2 norm")
    channels["weights"] = ctx.job.create_channel("first layer/weights", "HISTOGRAM", bins=40)
    channels["confusion"] = ctx.job.create_channel(
        "val confusion", "CONFUSION_MATRIX", labels=list(range(10))
    )
    channels["mistakes"] = ctx.job.create_channel("val mistakes", "IMAGE")
    return channels


@torch.no_grad()
def validate(model: nn.Module, split: Split) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy over *split*, and the digits that the model sees in it."""
    model.eval()
    logits = model(split.images)
    return nn.functional.cross_entropy(logits, split.digits), logits.argmax(1)


def show(channels: dict[str, Channel], step: int, split: Split, guesses: Tensor) -> None:
    """What figures alone don't tell: which digits are taken for which, and how they look."""
    channels["confusion"].send(step, (split.digits, guesses))
    wrong = (guesses != split.digits).nonzero().flatten().tolist()[:16]
    if wrong:
        told = (f"{split.digits[i]} taken for {guesses[i]}" for i in wrong)
        images = [Image(split.images[i, 0], caption=t) for i, t in zip(wrong, told, strict=True)]
        channels["mistakes"].send(step, images)


def keep(ctx: Context, model: nn.Module, accuracy: float) -> None:
    """The trained weights, as a file of the run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.pt"
        torch.save(model.state_dict(), path)
        ctx.job.save_artefact(path, kind="model", metadata={"val accuracy": accuracy})


def train(ctx: Context, train_split: Split, val_split: Split) -> float:
    """Train one model as `ctx.params` say; returns its last validation accuracy."""
    channels = open_channels(ctx)
    params = ctx.params
    torch.manual_seed(params.seed)
    model = build_model()
    optimizer = torch.optim.SGD(model.parameters(), params.lr, momentum=0.9, weight_decay=1e-4)
    steps = params.epochs * -(-len(train_split.images) // params.batch_size)
    ctx.job.set_total_steps(steps)
    ctx.job.set_model(model)
    ctx.job.use_dataset("digits", train_split.images)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, params.lr, total_steps=steps)
    step, accuracy = 0, 0.0
    for epoch in range(1, params.epochs + 1):
        model.train()
        for images, digits in train_split.batches(params.batch_size):
            logits = model(images)
            loss = nn.functional.cross_entropy(logits, digits)
            optimizer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=10.0)
            optimizer.step()
            channels["loss"].send(x=step, y=loss)
            channels["accuracy"].send(x=step, y=(logits.argmax(1) == digits).float().mean())
            channels["learning rate"].send(x=step, y=schedule.get_last_lr()[0])
            channels["gradient norm"].send(x=step, y=norm)
            schedule.step()
            step += 1
        loss, guesses = validate(model, val_split)
        accuracy = float((guesses == val_split.digits).float().mean())
        channels["val loss"].send(x=step, y=loss)
        channels["val accuracy"].send(x=step, y=accuracy)
        channels["weights"].send(x=step, y=model[0].weight)
        if epoch % 5 == 0 or epoch == params.epochs:
            show(channels, step, val_split, guesses)
    keep(ctx, model, accuracy)
    return accuracy


def main() -> None:
    """Train one run a learning rate, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--lr", type=float, nargs="+", default=[0.003, 0.02, 0.1])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()

    torch.set_num_threads(1)  # the batches are too small to be shared out
    train_split, val_split = load_splits()
    for lr in given.lr:
        params = {**vars(given), "lr": lr}
        with Context(
            project="digits", experiment="cnn", name=f"cnn lr={lr:g}", params=params
        ) as ctx:
            accuracy = train(ctx, train_split, val_split)
        print(f"lr {lr:g}: validation accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
