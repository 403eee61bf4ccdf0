"""Lines of logs as trainers print them, and what they say."""

from __future__ import annotations

import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnez_client.loglines import LogReader, Reading, read_line

Rows = list[tuple[str, int | float | None, float]]

LINES: list[tuple[str, Rows]] = [
    # MLSteam's rule, and the line of its template
    ("Train step=10 loss=0.818 acc=0.95", [("Train_loss", 10, 0.818), ("Train_acc", 10, 0.95)]),
    ("Validation epoch=1.66 acc_top1=0.7", [("Validation_acc_top1", 1.66, 0.7)]),
    ("Test Iter=7 err=0.25", [("Test_err", 7, 0.25)]),
    ("Training (epoch 4.98): loss = 0.953, accuracy = 0.7,",
     [("Train_loss", 4.98, 0.953), ("Train_accuracy", 4.98, 0.7)]),
    # groups in their spellings, and without a step
    ("VAL STEP=3 loss=1", [("Validation_loss", 3, 1)]),
    ("valid step=3 loss=1", [("Validation_loss", 3, 1)]),
    ("testing: loss=1", [("Test_loss", None, 1)]),
    ("[Train] epoch 2 loss 0.5", [("Train_loss", 2, 0.5)]),
    # what loggers write before
    ("2026-11-21 10:00:00,123 INFO trainer.loop: Train step=1 loss=2", [("Train_loss", 1, 2)]),
    ("[2026-11-21 10:00:00][INFO] loop.py:45 - train step=1 loss=2", [("Train_loss", 1, 2)]),
    ("I1121 10:00:00.123 4242 loop.py:45] Train step=1 loss=2", [("Train_loss", 1, 2)]),
    ("[rank0]: step=1 loss=2", [("loss", 1, 2)]),
    ("\x1b[32mINFO\x1b[0m Train \x1b[1mstep=1\x1b[0m loss=2", [("Train_loss", 1, 2)]),
    # common trainers and tutorials
    ("Train Epoch: 14 [30000/60000 (50%)]\tLoss: 0.001", [("Train_Loss", 14.5, 0.001)]),
    ("Test set: Average loss: 0.0287, Accuracy: 9905/10000 (99%)",
     [("Test_Average_loss", None, 0.0287), ("Test_Accuracy", None, 0.9905)]),
    ("Epoch: [2][ 10/40]\tTime  0.5 ( 0.9)\tLoss 6.9 (7.0)\tAcc@1 0.10 (0.2)",
     [("Loss", 2.25, 6.9), ("Acc@1", 2.25, 0.1)]),
    ("Epoch [1/5], Step [300/600], Loss: 0.2345", [("Loss", 1.5, 0.2345)]),
    ("step 250: train loss 1.9, val loss 2.0",
     [("Train_loss", 250, 1.9), ("Validation_loss", 250, 2)]),
    ("iter 100: loss 2.3, time 50ms, mfu 3.1%", [("loss", 100, 2.3)]),
    ("Epoch 12 | Train Loss: 0.1 | Val Acc: 78.9%",
     [("Train_Loss", 12, 0.1), ("Validation_Acc", 12, 78.9)]),
    ("11/21 10:00 - mmengine - INFO - Epoch(train)  [1][100/1000]  lr: 1.0000e-02  eta: 0:10:00  "
     "time: 0.1  loss: 0.5",
     [("Train_lr", 1.1, 0.01), ("Train_time", 1.1, 0.1), ("Train_loss", 1.1, 0.5)]),
    ("{'loss': 0.3, 'grad_norm': inf, 'epoch': 1.5}",
     [("loss", 1.5, 0.3), ("grad_norm", 1.5, math.inf)]),
    ("{'loss': '0.3', 'learning_rate': '5e-05', 'epoch': '2'}",
     [("loss", 2, 0.3), ("learning_rate", 2, 5e-5)]),
    ('{"step": 1, "loss": 0.3, "eval": {"acc": 0.5}, "level": 30, "msg": "ok", "best": true}',
     [("loss", 1, 0.3), ("eval/acc", 1, 0.5)]),
    ("[Epoch 3] train_loss=0.5 val_loss=0.6", [("train_loss", 3, 0.5), ("val_loss", 3, 0.6)]),
    ("step=5 loss=tensor(0.5, device='cuda:0', grad_fn=<NllLossBackward0>) lr=1e-3",
     [("loss", 5, 0.5), ("lr", 5, 0.001)]),
    ("loss: 0.31 - accuracy: 0.9", [("loss", None, 0.31), ("accuracy", None, 0.9)]),
    ("Époque: étape - Train step=1 précision=0.5", [("Train_précision", 1, 0.5)]),
    ("INFO:tensorflow:loss = 0.5, step = 100 (0.3 sec)", [("loss", 100, 0.5)]),
    ("[11/21 10:00:00 d2]: eta: 0:10:00  iter: 19  loss_cls: 0.5  lr: 0.1  max_mem: 2000M",
     [("loss_cls", 19, 0.5), ("lr", 19, 0.1)]),
    ("[10]\ttrain-logloss:0.3\teval-logloss:0.4",
     [("train-logloss", 10, 0.3), ("eval-logloss", 10, 0.4)]),
    ("[10]\ttraining's auc: 0.9\tvalid_0's auc: 0.8",
     [("training's_auc", 10, 0.9), ("valid_0's_auc", 10, 0.8)]),
    ("epoch 001 | loss 3.2 | wps 123 | lr 0.5", [("loss", 1, 3.2), ("lr", 1, 0.5)]),
    ("epoch:1 loss:0.5 acc:0.6", [("loss", 1, 0.5), ("acc", 1, 0.6)]),
    ("Epoch 1 Train Loss: 0.5 Val Loss: 0.4",
     [("Train_Loss", 1, 0.5), ("Validation_Loss", 1, 0.4)]),
    ("loss: 2.302307  [   64/60000]", [("loss", None, 2.302307)]),
    (" Accuracy: 45.2%, Avg loss: 2.1", [("Accuracy", None, 45.2), ("Avg_loss", None, 2.1)]),
    # several steps in one line: the finest counts
    ("epoch=1 step=500 loss=1", [("loss", 500, 1)]),
    ("epoch=1 iter=500 step=7 loss=1", [("loss", 7, 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), LINES, ids=[line[:40] for line, _ in LINES])
def test_a_line_of_a_trainer_is_read(line: str, expected: Rows) -> None:
    """Names, step and values are those that the line shows."""
    assert read_line(line) == [Reading(*row) for row in expected]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 0.001), ("-1.5E+2", -150), (".5", 0.5), ("5.", 5), ("+2", 2), ("inf", math.inf),
     ("-Infinity", -math.inf), ("12%", 12), ("1,234", 1234), ("1,234,567.5", 1234567.5),
     ("1e999", math.inf), ("3/4", 0.75)],
)  # fmt: skip
def test_a_number_in_its_spellings(text: str, value: float) -> None:
    """Per cent stay per cent, commas part thousands, a ratio is divided."""
    assert read_line(f"Train step=1 acc={text} done") == [Reading("Train_acc", 1, value)]


def test_nan_is_a_number() -> None:
    """In any case."""
    (reading,) = read_line("Train step=1 loss=NaN")

    assert math.isnan(reading.value)


@pytest.mark.parametrize(
    "text", ["0.3s", "5MB", "0x10", "1.2.3", "10:30", "0,953", "abc", "-", "1_0"]
)
def test_what_carries_a_unit_is_no_number(text: str) -> None:
    """Nor is what only begins like one; the other pairs of the line count."""
    assert read_line(f"Train step=1 a={text} loss=2") == [Reading("Train_loss", 1, 2)]


PROSE = [
    "",
    "Training for 10 epochs with lr=0.1 batch_size=32",
    "Train on 60000 samples, validate on 10000 samples",
    "train: 50000 images, val: 10000 images",
    "Test session starts (platform: linux, Python 3.11.7, pytest 8.0)",
    "tests/test_train.py::test_val PASSED [ 50%]",
    "Epoch 00005: reducing learning rate of group 0 to 1.0000e-03.",
    "Epoch 1: val_loss improved from inf to 0.35, saving model to best.keras",
    "Epoch 5, global step 100: 'val_loss' reached 0.31, saving to 'a/epoch=5-val_loss=0.31.ckpt'",
    "Loading checkpoint step=1000 size=500MB",
    "Saved checkpoint step=1000 bytes=500",
    "Step 1: Install Python 3.11",
    "Step 3 of 10: downloading 45 files",
    "Epoch 3 took 45.2 seconds",
    "Iteration 5 took: 30 s",
    "lr: 0.001",
    "batch_size: 32",
    "{'lr': 0.1, 'batch_size': 32}",
    '{"level": 30, "time": 1763736000, "pid": 4242, "msg": "loss=3"}',
    '{"step": 1',
    '{"step": "one", "loss": 2}',
    "{not json} step=1 loss=2",
    "Retrying in 5 s: attempt=3 timeout=30",
    "ERROR: test step=1 failed with code=7",
    "GPU 0: 45% | 1024MiB / 8192MiB",
    "Downloading: 50%|#####     | 5/10 [00:10<00:10, 4.9MB/s]",
    "The loss is 0.5 and the accuracy 0.9.",
    "usage: train.py [--lr=0.1] [--loss=2]",
    "$ python train.py --epoch=3 --lr=0.1",
    "Total params: 1,234,567",
    "Trainable params: 61,706 (241.04 KB)",
    "https://example.org/?step=1&loss=2",
    "val_step(batch=3)",
    "File \"train.py\", line 12, in <module>",
    "RuntimeError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 7.79 GiB total)",
    "0.3 0.4 0.5",
    "2026-11-21 10:00:00",
    "steps=3 losses",
    "test accuracy 0.95 required",
    "Epoch 3: 45 files, 12 errors",
    "Accuracy of the network on the 10000 test images: 55 %",
    "Train Loss",
    "Epoch 2 | saving | size 500 | took 3 s",
]  # fmt: skip


@pytest.mark.parametrize("line", PROSE)
def test_ordinary_text_gives_nothing(line: str) -> None:
    """What no trainer means as a point is none."""
    assert read_line(line) == []


def test_a_keras_bar_counts_once_an_epoch() -> None:
    """At the epoch named above it, when it is whole; what is added later is added."""
    log = LogReader()
    lines = [
        "Epoch 2/10",
        "  1/469 [....] - ETA: 9s - loss: 2.31 - accuracy: 0.10",
        "469/469 [====] - 3s 5ms/step - loss: 0.31 - accuracy: 0.90",
        "469/469 [====] - 3s 5ms/step - loss: 0.31 - accuracy: 0.90 - val_loss: 0.20",
        "Epoch 3/10",
        "469/469 ━━━━━━━━━ 5s 3ms/step - accuracy: 0.95 - loss: 0.15",
    ]

    assert [r for line in lines for r in log.read(line)] == [
        ("loss", 2, 0.31), ("accuracy", 2, 0.9), ("val_loss", 2, 0.2),
        ("accuracy", 3, 0.95), ("loss", 3, 0.15),
    ]  # fmt: skip


def test_a_bar_over_steps_counts_at_each() -> None:
    """Without an epoch the count of the bar is x; of redrawn states the last is taken."""
    log = LogReader()

    first = log.read("train: 10%|█         | 10/100 [00:01<00:09, 9.9it/s, loss=0.9]")
    second = log.read("  0%| | 0/100 [00:00<?]\r 20%|██        | 20/100 [00:02<00:08, loss=0.8]")

    assert first == [("Train_loss", 10, 0.9)]
    assert second == [("loss", 20, 0.8)]


def test_a_bar_may_name_its_epoch() -> None:
    """As Lightning's does; its version number is no curve."""
    line = "Epoch 3: 100%|██████| 469/469 [00:03<00:00, 150.2it/s, v_num=1, train_loss=0.3]"

    assert read_line(line) == [("train_loss", 3, 0.3)]


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_printed_number_comes_back(step: int, a: float, b: float) -> None:
    """What Python prints with its shortest spelling is read as the same number."""
    assert read_line(f"Train step={step} a={a!r} b = {b!r}") == [
        ("Train_a", step, a), ("Train_b", step, b)
    ]  # fmt: skip


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}[_/][a-z0-9]{1,9}", fullmatch=True),
                       st.floats(allow_nan=False), max_size=6), st.integers(0, 2**60))  # fmt: skip
def test_a_dictionary_comes_back(numbers: dict[str, float], step: int) -> None:
    """As JSON and as Python prints it."""
    numbers.pop("_step", None)
    given = {"step": step, **numbers}
    expected = [(name, step, value) for name, value in numbers.items()]

    assert read_line(json.dumps(given)) == expected
    assert read_line(str(given)) == expected


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Whatever comes, there are readings with names that a channel can have."""
    for line in (text, f"Train step=1 {text}=2", f"{{{text}", f"Epoch 1 {text} 3"):
        for reading in read_line(line):
            assert 0 < len(reading.channel) <= 256
            assert reading.x is None or math.isfinite(reading.x)


PIECES = ["a", " ", "=", ":", "1", ",", "1,", ".", "a ", "a.", "1/", "[", "(", "|", "a=", "=1 ",
          "step ", "epoch [", "train ", "\x1b", "\x1b[", "\x1b]", "\r", "'", '"', "{", '{"a":',
          "a b ", "- ", "0%|", "tensor(", "inf", "é", "1e", "[1/", "loss ", "a@",
          "\x1b[1"]  # fmt: skip


@pytest.mark.parametrize("head", ["", "Train step=1 ", "{'epoch': 1, ", "1/2 [=] - ", "x: "])
def test_a_hostile_line_takes_linear_time(head: str) -> None:
    """A hundred thousand characters of one piece are read in well under a second each."""
    started = time.process_time()
    for piece in PIECES:
        read_line((head + piece * (100_000 // len(piece)))[:100_000])

    assert time.process_time() - started < 1.0 * len(PIECES)


def test_a_line_that_is_too_long_gives_nothing() -> None:
    """It is not even looked at."""
    assert read_line("Train step=1 loss=2" + " " * (1 << 20)) == []
