"""Runs that were disturbed: finished as a user would finish them, and compared with one that was left alone."""

import json
from pathlib import Path
from typing import Any

from .attack import Scene
from .commands import TRAIN
from .material import RUNS, content, same

CURVES = "train_loss", "train_acc", "val_loss", "val_acc", "lr"
STATE = (
    "epoch",
    "model_state_dict",
    "optimizer_state_dict",
    "scheduler_state_dict",
    "val_acc",
    "val_loss",
    "early_stopping",
    "random_states",
    "fingerprints",
)


def finish(scene: Scene, name: str = "again", settings: str = "run") -> None:
    """Finish a run that was disturbed: resume it, or start it again where there is nothing to resume from."""
    if (scene.folder / name / "last.pt").exists():
        scene.run(TRAIN, "--resume", f"{name}/last.pt", "--checkpoint-dir", name)
        return
    words = (*RUNS[settings], "--checkpoint-dir", name)
    outcome = scene.run(TRAIN, *words)
    if outcome.status == 2 and "--overwrite" in outcome.err:
        outcome = scene.run(TRAIN, *words, "--overwrite")
    scene.expect(outcome.status == 0, f"lost: a run without checkpoints cannot be started again: {outcome.last_line}")


def compare(scene: Scene, name: str = "again", reference: str = "run") -> None:
    """Complain about everything in which a finished run differs from the one that was left alone."""
    ours, theirs = scene.folder / name, scene.material / reference
    for path in sorted(theirs.glob("*.pt")):
        if not (ours / path.name).exists():
            scene.complaints.append(f"lost: no {path.name}")
            continue
        one, other = content(ours / path.name), content(path)
        wrong = [part for part in STATE if not same(one[part], other[part])]
        wrong += [part for part in CURVES if not same(one["history"][part], other["history"][part])]
        scene.expect(not wrong, f"differs: {path.name} in {', '.join(wrong)}")
    known, right = (_history(folder) for folder in (ours, theirs))
    wrong = [part for part in (*CURVES, "best_epoch", "diverged") if known.get(part) != right.get(part)]
    scene.expect(not wrong, f"differs: history.json in {', '.join(wrong)}")
    allowed = {path.name for path in theirs.iterdir()}
    left = sorted(path.name for path in ours.iterdir() if path.name not in allowed and "lock" not in path.name)
    scene.expect(not left, f"left behind: {', '.join(left)}")


def _history(folder: Path) -> dict[str, Any]:
    try:
        history: dict[str, Any] = json.loads((folder / "history.json").read_text())
    except (OSError, ValueError):
        return {}
    return history


def agree(scene: Scene, name: str) -> None:
    """Complain unless the files of a finished run tell of the same run and the same epochs."""
    folder, history = scene.folder / name, _history(scene.folder / name)
    last, best = (content(folder / file) if (folder / file).exists() else {} for file in ("last.pt", "best.pt"))
    if not history or not last:
        return
    scene.expect(last["epoch"] == len(history["val_loss"]), "mixed: last.pt and history.json have other epochs")
    scene.expect(same(last["history"]["val_loss"], history["val_loss"]), "mixed: last.pt and history.json differ")
    if best:
        scene.expect(best["epoch"] == history["best_epoch"], "mixed: best.pt is not the best epoch of history.json")
        losses = history["val_loss"]
        holds = best["epoch"] <= len(losses) and best["val_loss"] == losses[best["epoch"] - 1]
        scene.expect(holds, "mixed: best.pt is of another run than history.json")


def intact(scene: Scene, name: str) -> None:
    """Complain unless every file of a folder that is not a temporary one can be read."""
    for path in (scene.folder / name).glob("[!.]*"):
        try:
            content(path) if path.suffix == ".pt" else json.loads(path.read_text() or "{}" * ("lock" in path.name))
        except Exception:
            if "lock" not in path.name:
                scene.complaints.append(f"damaged: {path.name} cannot be read")
