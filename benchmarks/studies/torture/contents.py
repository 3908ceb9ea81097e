"""Group contents: damaged and hostile files, through every command and function that reads one."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import trm_nav

from .attack import Scene
from .commands import CERTIFY, COMPARE, DATA, DIAGNOSE, EVALUATE, MODEL, TRAIN
from .damage import BYTES, WHOLE, entry_replaced, json_replaced, sealed
from .material import content, same

MOST_TO_REFUSE = 1_200_000_000  # bytes resident, of which an interpreter with PyTorch has a quarter
RAW, STRUCTURED = 45, 320  # of each kind of damage to bytes; of each file's entries
RESUME = (*DATA, "--checkpoint-dir", "again", "--epochs", "6")


def _resume(scene: Scene) -> None:
    scene.run(TRAIN, *RESUME, "--resume", "run/checkpoint_epoch_2.pt")


def _evaluate(scene: Scene) -> None:
    scene.run(EVALUATE, "--checkpoint", "run/checkpoint_epoch_2.pt", "--mazes", "5")


def _load(scene: Scene) -> None:
    def act() -> None:
        mazes = trm_nav.generate_mazes(3, 4)
        trm_nav.plan(trm_nav.load_model("run/checkpoint_epoch_2.pt"), mazes.walls, mazes.goals)

    scene.python(act, "plan(load_model)")


def _certify(scene: Scene) -> None:
    scene.run(CERTIFY, "wave/best.pt", allowed=CERTIFY.statuses)


def _train(scene: Scene) -> None:
    scene.run(TRAIN, *DATA, "--checkpoint-dir", "again", "--epochs", "1", *MODEL)


def _chance(scene: Scene) -> None:
    scene.run(DIAGNOSE, "run", "--data", "data/train.pt")


def _compare(scene: Scene) -> None:
    scene.run(COMPARE, "run", "wave")


def _diagnose(scene: Scene) -> None:
    scene.run(DIAGNOSE, "run")


def _diagnose_in_python(scene: Scene) -> None:
    scene.python(lambda: trm_nav.diagnose("run/history.json"), "diagnose")


CHECKPOINT, WAVE, TRAINING, VALIDATION, HISTORY = (
    "run/checkpoint_epoch_2.pt",
    "wave/best.pt",
    "data/train.pt",
    "data/test.pt",
    "run/history.json",
)
READERS: dict[str, list[Callable[[Scene], None]]] = {
    CHECKPOINT: [_resume, _resume, _evaluate, _load],
    WAVE: [_certify],
    TRAINING: [_train, _chance],
    VALIDATION: [_train],
    HISTORY: [_compare, _diagnose, _diagnose_in_python],
}


def draw(seed: int, stage: Path) -> Iterator[tuple[str, Callable[[Scene], object]]]:
    rng = random.Random(seed)
    for path, readers in READERS.items():
        for way in BYTES:
            for number in range(RAW // len(READERS) + 1):
                reader = readers[number % len(readers)]
                yield f"{path}: {way}; {_name(reader)}", partial(_bytes, path, way, rng.random(), reader)
        for what in WHOLE:
            for reader in dict.fromkeys(readers):
                yield f"{path}: {what}; {_name(reader)}", partial(_whole, path, what, reader)
        for number in range(STRUCTURED if path == CHECKPOINT else STRUCTURED // 3):
            reader = readers[number % len(readers)]
            yield f"{path}: one entry; {_name(reader)}", partial(_entry, path, rng.random(), reader)


def _name(reader: Callable[[Scene], None]) -> str:
    return reader.__name__.strip("_").replace("_", " ")


def _prepared(scene: Scene, path: str) -> Path:
    scene.bring("data", "run", "wave")
    return scene.folder / path


def _bytes(path: str, way: str, seed: float, reader: Callable[[Scene], None], scene: Scene) -> None:
    """Damaged bytes are noticed, or make no difference to what is read."""
    file = _prepared(scene, path)
    whole = file.read_bytes()
    damaged = BYTES[way](whole, random.Random(seed))
    if damaged == whole:
        return
    file.write_bytes(damaged)
    reader(scene)
    if not _noticed(scene) and not scene.complaints:
        scene.expect(
            _holds_the_same(scene, path), f"silent: damage to {path} changed what was read, and nobody noticed"
        )


def _noticed(scene: Scene) -> bool:
    """Whether the file was refused; `compare` says so, and goes on with the other runs."""
    outcome = scene.outcomes[-1]
    return outcome.status == 2 or (outcome.status == 0 and outcome.what.startswith("compare") and outcome.err != "")


def _holds_the_same(scene: Scene, path: str) -> bool:
    """Whether a damaged file holds what it held before; tried in a child, because it may be the end of it."""
    from .process import forked

    def act() -> None:
        if not same(content(scene.folder / path), content(scene.material / path)):
            raise SystemExit(3)

    return forked(act, scene.folder, "compare").status == 0


def _whole(path: str, what: str, reader: Callable[[Scene], None], scene: Scene) -> None:
    _prepared(scene, path).write_bytes(WHOLE[what]())
    reader(scene)
    scene.expect(_noticed(scene), f"silent: {what} in place of {path} was accepted")
    scene.expect(scene.outcomes[-1].memory < MOST_TO_REFUSE, f"memory: {what} was unpacked before it was refused")


def _entry(path: str, seed: float, reader: Callable[[Scene], None], scene: Scene) -> None:
    """A file with a digest that is right, and one entry that is not."""
    file, rng = _prepared(scene, path), random.Random(seed)
    if path == HISTORY:
        scene.done = json_replaced(file, rng)
        reader(scene)
        return
    changed, scene.done = entry_replaced(content(file), rng)
    file.write_bytes(sealed(changed))
    reader(scene)
    if "model_state_dict" in scene.done and scene.done.endswith(("= NaN", "= inf")):
        scene.expect(scene.outcomes[-1].status == 2, "silent: weights that are no numbers were accepted")
