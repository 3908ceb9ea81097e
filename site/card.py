"""Draw the picture that a link to the book shows elsewhere: site/static/card.png, 1,200 x 630, committed.

    .venv/bin/python site/card.py

A perfect maze, solved by the playground's network; a cell's colour says when the network decided what to do there.
"""

import io
import json
from pathlib import Path

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image

from trm_nav import create_model, generate_mazes
from trm_nav.navigation.plan import make_plans
from trm_nav.settings import ModelSettings, recipe

SITE = Path(__file__).parent
CARD, WEIGHTS = SITE / "static" / "card.png", SITE / "playground" / "weights.json"
WIDTH, HEIGHT = 1200, 630  # what services that show links ask for
SIDE, SEED = 63, 4
COLOURS = 96  # in the file: the maze has few, the edges of letters need some
DARK, LIGHT = "#1c1c21", "#f2f2f5"
WORDS = """Why networks overfit,
and one that is always right.

A course in notebooks,
and a laboratory in the browser."""


def network() -> torch.nn.Module:
    """The network of the playground."""
    model = create_model(**recipe("wave", ModelSettings))
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))["parameters"]
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.tensor(stored[name]))
    return model.eval()


def picture() -> np.ndarray:
    """The maze: float (SIDE, SIDE, 3), walls dark, free cells by the recursion in which they decided."""
    mazes = generate_mazes(1, grid_size=SIDE, seed=SEED, kind="depth-first")
    decided_in = make_plans(network(), mazes.walls, mazes.goals).decided_in
    assert decided_in is not None
    colours = colormaps["twilight_shifted"](decided_in[0] / decided_in.max())[..., :3]
    colours[mazes.walls[0]] = np.array([28, 28, 33]) / 255
    return colours


def main() -> None:
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=DARK)
    axes = figure.add_axes((0, 0, HEIGHT / WIDTH, 1))
    axes.imshow(picture(), interpolation="nearest")
    axes.set_axis_off()
    left = (HEIGHT + 50) / WIDTH
    figure.text(left, 0.72, "trm_nav", color=LIGHT, size=46, weight="bold")
    figure.text(left, 0.64, WORDS, color=LIGHT, size=22, linespacing=1.45, va="top")
    drawn = io.BytesIO()
    figure.savefig(drawn, facecolor=DARK)
    Image.open(drawn).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(CARD, optimize=True)


if __name__ == "__main__":
    main()
