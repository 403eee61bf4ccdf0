"""
The forms that numbers, names and steps have in the lines that trainers print.

Every expression is matched in time linear in the line: repetitions are possessive or bounded, and
what may begin anywhere begins only where a word does.
"""

from __future__ import annotations

import re
from typing import Final

_PLAIN: Final = r"(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+"
_APART: Final = r"[1-9]\d{0,2}(?:,\d{3})++(?:\.\d++)?+(?![\d,])"
NUMBER: Final = rf"[+-]?(?:{_APART}|{_PLAIN}|(?i:nan|inf(?:inity)?+)(?!\w))"
"""A number in any usual spelling; commas may part its thousands, if it does not begin with 0."""

_ARRAY: Final = r"(?:(?:torch\.)?(?:tensor|array|(?:np|numpy)\.float\d\d)\()?+"
_VALUE: Final = (
    rf"{_ARRAY}(?P<y>{NUMBER})(?:/(?P<whole>\d{{1,15}}+))?+%?+(?!,\d)(?=[\s,;|)\]}}(]|\.(?:\s|$)|$)"
)

_WORD: Final = r"[^\W\d_](?:[\w@/.%+-]|'s\b)*+"
_MORE: Final = rf"(?:[ ](?!(?i:nan|inf)\b){_WORD}){{0,2}}+"
_GAP: Final = r"\s{0,8}+"

PAIR: Final = re.compile(
    rf"(?<![\w@/.%+'\"=-])(?P<name>{_WORD}{_MORE})"
    rf"(?P<sign>{_GAP}={_GAP}|{_GAP}:\s{{1,8}}+|:(?=[\d.+-])|\s{{1,8}}+){_VALUE}"
)
"""
``name=1``, ``name = 1``, ``name: 1``, ``name 1``, the name of up to three words. Nothing clings to
the number: no unit, no letters; a "%" is left out, "9/10" is a ratio.
"""

AFTER_VALUE: Final = re.compile(
    r"(?:,[ ](?:device|grad_fn|dtype|requires_grad)=[^()]{0,80}+)?+\)?%?(?:\s?\([^()=]{0,40}+\))?+"
)
"""The rest of a tensor; a mean, or a remark, in brackets."""

NOTHING_MORE: Final = re.compile(
    r"\s{0,8}(?:$|[,;|()\[\]%–—.-])|\s\s|\t|\s[^\W\d_][\w@/.%+-]{0,80}+"
    r"(?:\s?[:=\d]|\s[^\W\d_][\w@/.%+-]{0,80}+\s?[:=])"
)
"""What may follow ``name 1`` and ``name: 1``: an end, or the next pair."""

X: Final = re.compile(
    r"(?<![\w/.@=-])[\[(]?+(?i:(?P<x>global[_ ]step|step|iteration|iter|epoch))"
    r"(?:\((?i:(?P<of>train|val|test))\))?+"
    rf"{_GAP}[=:]?+{_GAP}[\[#(]?+{_GAP}(?P<at>{NUMBER})(?![\w.])"
    rf"(?:{_GAP}/{_GAP}(?P<all>\d{{1,15}}+))?+{_GAP}[\])]?+"
    rf"(?:{_GAP}\[{_GAP}(?P<done>\d{{1,15}}+){_GAP}/{_GAP}(?P<total>\d{{1,15}}+)[^\]]{{0,40}}+\])?+"
)
"""``epoch=3``, ``Epoch 3/10``, ``(epoch 4.98)``, ``Epoch: [3][ 10/500]``, ``Epoch(val) [1]``."""

ROUND: Final = re.compile(r"\[(?P<at>\d{1,9}+)\]\t")
"""An iteration as XGBoost and LightGBM print it, ``[10]`` and a tab."""

GROUP: Final = re.compile(
    r"(?<![\w/.@=-])\[?(?i:(?P<group>train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?))"
    r"(?=[\s:()\[\]|]|$)\]?(?:[ ](?i:set|phase)(?![\w=]))?"
)

BAR: Final = re.compile(
    r"(?:(?:\d{1,3}%)?\|[^|]{0,400}+\|\s{0,8}+)?(?P<done>\d{1,15}+)/(?P<total>\d{1,15}+)"
    r"(?=\s{1,8}(?:\[|-|[=━─█]|\d{1,9}m?s))"
)
"""A progress bar of Keras (``9/9 [===]``, ``9/9 ━━━``) or of tqdm (``50%|██ | 5/10 [``)."""

PREFIX: Final = re.compile(
    r"(?:\[[^\]]{0,80}+\]:?+|\([^)]{0,40}+\):?+|\d[\d:.,/_TZ+-]*+|[IWEF]\d{4}(?=\s)"
    r"|(?i:debug|info|notice|warn(?:ing)?|error|trace)\b:?+"
    r"|[A-Za-z_][\w.]{0,60}+:(?=[A-Za-z_])|[^\s=\[\](){}]{1,80}+(?:(?<=[:>])|\]|(?=\s{1,8}[-|]\s))|[-|:>]{1,3}+)\s*+"
)
"""One piece of what loggers write before a message: a time, a level, ``name:``, ``[host]``."""

PUNCTUATION: Final = re.compile(r"[\s,;:|()\[\]–—-]*+")
JUNK: Final = re.compile(r"[^\s,;|()\[\]]++|.")
NEUTRAL: Final = re.compile(
    r"(?i:eta|elapsed|remaining)\s?[:=]\s{0,4}[^\s,;|]++|\d{1,15}+/\s{0,8}\d{1,15}+(?=\])"
)
"""What trainers write among their figures: the time that is left, ``[ 64/60000]``."""

_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-9;:?<=>]*+[ -/]*+[@-~]?+|\][^\x07\x1b]*+(?:\x07|\x1b\\)?+|[@-Z\\^_a-z]?+)"
)


def clean(line: str) -> str:
    """What is left of *line* on a terminal: no colours, the last state of a progress bar."""
    shown = re.split(r"[\r\b\n]++", _ESCAPES.sub("", line))
    return next((part.strip() for part in reversed(shown) if part.strip()), "")


_MEASURED: Final = {
    *("loss", "losses", "acc", "accuracy", "perplexity", "ppl", "f1", "auc", "auroc", "map"),
    *("iou", "miou", "dice", "bleu", "rouge", "mse", "mae", "rmse", "nll", "psnr", "ssim", "wer"),
    *("cer", "bpc", "bpb", "elbo", "kl", "reward", "entropy", "precision", "recall", "top1"),
    *("top5", "logloss", "mlogloss", "ndcg"),
}
_TUNED: Final = {"lr", "rate", "norm", "gnorm", "momentum", "wd"}


def is_measured(name: str) -> bool:
    """Whether the last word of *name* says that a model was measured: val_loss, acc@1, mAP."""
    return not _MEASURED.isdisjoint(_pieces(name))


def is_usual(name: str) -> bool:
    """Whether the last word of *name* is a usual one for a curve: those, lr, grad_norm."""
    return not (_MEASURED | _TUNED).isdisjoint(_pieces(name))


def _pieces(name: str) -> list[str]:
    last = name.rpartition(" ")[2].lower()
    return [last, *re.split(r"[_/@.\d-]+", last), *re.split(r"[_/@.-]+", last)]
