"""
Pictures of what a model learns: filters, embeddings, films, saliency.

Pure functions: arrays in; images ``uint8``, figures of Bokeh or files out. Arrays are whatever
numpy can read, tensors and variables of a framework too. Each name is loaded when it is first used,
so that this import costs nothing, and only what needs torch loads it.

>>> from agnez_client.plots import grid2d
>>> grid2d([[0, 1, 2, 3]]).shape
(4, 4)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agnez_client.plots.attribution import grad_cam, integrated_gradients, saliency, smooth_grad
    from agnez_client.plots.embedding import PlanePCA, embedding2d, timeseries2d
    from agnez_client.plots.filmfile import video_at_notebook
    from agnez_client.plots.films import make_gif, video_grid2d, video_img_grid
    from agnez_client.plots.filmscatter import timeseries2dvideo, video_embedding
    from agnez_client.plots.fooling import Fooled, fool
    from agnez_client.plots.grids import grid2d, img_grid, scale_norm
    from agnez_client.plots.heat import heat_colours, overlay
    from agnez_client.plots.maximisation import Maximised, activation_maximisation
    from agnez_client.plots.pictures import image_figure, image_sequence, imshow, to_01c, to_c01
    from agnez_client.plots.preferences import DeepPref, pref_grid
    from agnez_client.plots.scatter import embedding2dplot, timeseries2dplot

__all__ = [
    "DeepPref",
    "Fooled",
    "Maximised",
    "PlanePCA",
    "activation_maximisation",
    "embedding2d",
    "embedding2dplot",
    "fool",
    "grad_cam",
    "grid2d",
    "heat_colours",
    "image_figure",
    "image_sequence",
    "img_grid",
    "imshow",
    "integrated_gradients",
    "make_gif",
    "overlay",
    "pref_grid",
    "saliency",
    "scale_norm",
    "smooth_grad",
    "timeseries2d",
    "timeseries2dplot",
    "timeseries2dvideo",
    "to_01c",
    "to_c01",
    "video_at_notebook",
    "video_embedding",
    "video_grid2d",
    "video_img_grid",
]

_ROOMS = {
    "attribution": (
        "grad_cam",
        "integrated_gradients",
        "saliency",
        "smooth_grad",
    ),
    "embedding": (
        "PlanePCA",
        "embedding2d",
        "timeseries2d",
    ),
    "filmfile": ("video_at_notebook",),
    "films": (
        "make_gif",
        "video_grid2d",
        "video_img_grid",
    ),
    "filmscatter": (
        "timeseries2dvideo",
        "video_embedding",
    ),
    "fooling": (
        "Fooled",
        "fool",
    ),
    "grids": (
        "grid2d",
        "img_grid",
        "scale_norm",
    ),
    "heat": (
        "heat_colours",
        "overlay",
    ),
    "maximisation": (
        "Maximised",
        "activation_maximisation",
    ),
    "pictures": (
        "image_figure",
        "image_sequence",
        "imshow",
        "to_01c",
        "to_c01",
    ),
    "preferences": (
        "DeepPref",
        "pref_grid",
    ),
    "scatter": (
        "embedding2dplot",
        "timeseries2dplot",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
