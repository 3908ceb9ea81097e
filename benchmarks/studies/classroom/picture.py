"""The picture of INSTRUCTORS.md: the four presets as the laboratory draws them."""

import io

from PIL import Image, ImageDraw, ImageFont

from benchmarks.commands import ROOT
from benchmarks.studies.classroom.presets import right_arrows
from trm_nav.course.laboratory.experiment import SHOWN, Experiment
from trm_nav.course.laboratory.presets import PRESETS
from trm_nav.course.plots.overfitting import draw_laboratory
from trm_nav.course.plots.style import INK, use_style
from trm_nav.course.widgets import png

PICTURE, HIGH = ROOT / "notebooks" / "thumbnails" / "presets.png", 334  # and pixels of one preset in it


def picture() -> None:
    """Draw the four presets as the laboratory does, each under its name and diagnosis, into one small picture."""
    use_style()
    whole = Image.new("RGB", (1180, 4 * HIGH + 40), "white")
    pen = ImageDraw.Draw(whole)
    for index, (name, settings) in enumerate(PRESETS.items()):
        run = Experiment(**settings).train()
        drawn, top, last = Image.open(io.BytesIO(png(draw_laboratory(run)))), index * HIGH, index == len(PRESETS) - 1
        whole.paste(drawn.crop((0, 22, drawn.width, drawn.height if last else HIGH - 10)), (0, top + 32))
        pen.text((14, top + 8), name, INK, ImageFont.load_default(22), stroke_width=0.4)
        pen.text((170, top + 13), str(run.findings[0]).split("; first remedy")[0], INK, ImageFont.load_default(15))
        counts = [
            right_arrows(part, plans)[0]
            for part, plans in zip((run.train_set, run.val_set), run.plans[-1], strict=True)
        ]
        print(
            f"{name}: the ringed arrow is right in {counts[0]} training and {counts[1]} held-out mazes of {SHOWN} each"
        )
    few = whole.quantize(48, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)  # the green star stays
    few.save(PICTURE, optimize=True)
    print(f"{PICTURE.relative_to(ROOT)}: {whole.width} x {whole.height}, {PICTURE.stat().st_size / 1000:.0f} KB")
