"""What a class will see in the laboratory, and what thirty students need.

python -m benchmarks.studies.classroom students 1 3    # memory and CPU of 1 and of 3 kernels at once (Linux)
python -m benchmarks.studies.classroom picture         # the four presets, into notebooks/thumbnails/presets.png

`promises/measuring.py` calls `preset_runs`, `measure_preset` and `measure_students` for the tables of INSTRUCTORS.md.
"""

import argparse
import asyncio
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbclient import NotebookClient
from PIL import Image, ImageDraw, ImageFont

from trm_nav.course.laboratory.experiment import SHOWN, Experiment
from trm_nav.course.laboratory.presets import DEFAULTS, PRESETS
from trm_nav.course.plots.overfitting import draw_laboratory
from trm_nav.course.plots.style import INK, use_style
from trm_nav.course.widgets import png
from trm_nav.diagnosis.remedies import remedies
from trm_nav.mazes.encoding import contains

ROOT = Path(__file__).resolve().parents[2]
FIRST_FINDING = {"Overfitting": "overfitting", "Underfitting": "underfitting", "Divergence": "diverging"}
ALSO: dict[str, dict[str, dict[str, Any]]] = {
    "Overfitting": {"every cell and augmentation": dict(supervision="policy", augment=True)},
    "Underfitting": {"dim 32": dict(dim=32)},
}  # what the session plans click besides the remedies
Look = tuple[float, float, float]
LESSONS = [ROOT / "notebooks" / name for name in ("05_diagnostics.ipynb", "04_train.ipynb")]
PICTURE, HIGH = ROOT / "notebooks" / "thumbnails" / "presets.png", 334  # and pixels of one preset in it
PRESS = """
import json, time
pressed = {}
for button in laboratory.presets:
    began = time.process_time()
    button.click()
    laboratory.thread.join()
    pressed[button.description] = time.process_time() - began
print("PRESSED", json.dumps(pressed))
"""


def preset_runs() -> dict[str, dict[str, Any]]:
    """Settings of each preset, and of each preset with one of the remedies of its finding, by label.

    A star after a label: the laboratory has no button for this change.
    """
    runs = {}
    for name, settings in PRESETS.items():
        runs[name] = settings
        changes = {
            remedy.what + "*" * (not remedy.changes.keys() <= settings.keys()): remedy.changes
            for remedy in (remedies(FIRST_FINDING[name], {**DEFAULTS, **settings}) if name in FIRST_FINDING else ())
            if remedy.changes
        }
        for what, change in {**changes, **ALSO.get(name, {})}.items():
            runs[f"{name} + {what}"] = {**settings, **change}
    return runs


def measure_preset(settings: dict[str, Any], seed: int) -> dict[str, Any]:
    """Train one experiment with mazes and weights of this seed. Returns every figure that the documents quote of it."""
    began = time.process_time()
    run = Experiment(**settings | dict(train_seed=10 * seed, test_seed=10 * seed + 1, seed=seed)).train()
    cpu = time.process_time() - began
    ringed, others = zip(*map(right_arrows, (run.train_set, run.val_set), run.plans[-1]), strict=True)
    return {
        "seed": seed,
        "train_acc": run.history["train_acc"][-1],
        "val_acc": run.history["val_acc"][-1],
        "lowest_val_loss": min(run.history["val_loss"]),
        "last_val_loss": run.history["val_loss"][-1],
        "highest_loss": max(run.history["train_loss"] + run.history["val_loss"]),
        "guessing_loss": run.run.chance["train"]["loss"],
        "finding": " and ".join(finding.name for finding in run.findings),
        "epoch": run.findings[0].epoch,
        "parameters_per_label": run.parameters_per_label,
        "ringed_right_train": ringed[0],
        "ringed_right_held_out": ringed[1],
        "others_right_train": others[0],
        "others_right_held_out": others[1],
        "cpu_seconds": cpu,
    }


def right_arrows(part: Any, plans: np.ndarray) -> tuple[int, float]:
    """Of the mazes that the panel shows: how many have a right arrow at the agent, and the share of the others right.

    plans: uint8 (mazes, n, n), the action at every cell of the first mazes of the data set `part`.
    """
    optimal = part.optimal[: len(plans)]
    right = contains(optimal, plans)  # (mazes, n, n)
    agent = np.zeros(optimal.shape, bool)
    agent[np.arange(len(plans)), *part.starts[: len(plans)].T] = True
    return int(right[agent].sum()), float(right[(optimal != 0) & ~agent].mean())


def look(pid: int) -> tuple[float, float, float]:
    """Of a process: the peak of its resident memory and its proportional memory now, in MB, and its CPU seconds."""
    folder = Path("/proc", str(pid))
    peak, rollup = first_number(folder / "status", "VmHWM"), folder / "smaps_rollup"
    share = first_number(rollup, "Pss") if rollup.exists() else peak
    ticks = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
    return peak, share, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def first_number(path: Path, name: str) -> float:
    """MB of a line such as `VmHWM:   517000 kB`."""
    found = re.search(rf"{name}:\s+(\d+)", path.read_text())
    if found is None:
        raise ValueError(f"{path} has no line {name}")
    return int(found[1]) / 1000


def kernel_pid(client: NotebookClient) -> int:
    """The process of a kernel that runs on this machine."""
    return int(client.km.provisioner.pid)  # type: ignore[union-attr]


async def run_together(path: Path, count: int, folder: str) -> tuple[list[list[Look]], float, list[dict[str, float]]]:
    """Execute a notebook in `count` kernels at the same time.

    Returns the looks at all kernels, two a second; the seconds it took; and, where the notebook has a laboratory, the
    CPU seconds of each preset's button, by kernel.
    """
    clients = []
    for _ in range(count):
        notebook = nbformat.read(path, as_version=4)
        if any("laboratory = Laboratory(" in cell.source for cell in notebook.cells):
            notebook.cells.append(nbformat.v4.new_code_cell(PRESS))
        home = tempfile.mkdtemp(dir=folder)
        client = NotebookClient(notebook, timeout=1800, kernel_name="python3", resources={"metadata": {"path": home}})
        client.create_kernel_manager()
        await client.async_start_new_kernel()
        await client.async_start_new_kernel_client()
        clients.append(client)
    began, seen = time.perf_counter(), []
    work = asyncio.gather(*(client.async_execute(reset_kc=False, cleanup_kc=False) for client in clients))
    try:
        while not work.done():
            await asyncio.wait([work], timeout=0.5)
            seen.append([look(kernel_pid(client)) for client in clients])
        await work  # raises what a cell has raised
    finally:
        for client in clients:
            await client._async_cleanup_kernel()
    texts = [output.get("text", "") for client in clients for output in client.nb.cells[-1].get("outputs", [])]
    pressed = [json.loads(text.split("PRESSED", 1)[1]) for text in texts if "PRESSED" in text]
    return seen, time.perf_counter() - began, pressed


def measure_server(folder: str) -> Look:
    """JupyterLab's own server after it has served its page and the requests that come with it, without a kernel."""
    token = os.urandom(16).hex()
    command = ["-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root"]
    process = subprocess.Popen(
        [sys.executable, *command, f"--ServerApp.root_dir={ROOT / 'notebooks'}"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JUPYTER_TOKEN": token, "HOME": folder, "JUPYTER_RUNTIME_DIR": folder},
    )
    assert process.stderr is not None
    try:
        address = next(found[1] for line in process.stderr if (found := re.search(r"(http://127\S+?)/lab", line)))
        threading.Thread(target=process.stderr.read, daemon=True).start()  # an unread pipe would stop the server
        time.sleep(5)  # the address is printed before the server answers
        for what in ("/lab", "/lab/api/settings", "/api/contents/05_diagnostics.ipynb", "/api/kernelspecs", "/lab"):
            request = urllib.request.Request(address + what, headers={"Authorization": f"token {token}"})
            urllib.request.urlopen(request, timeout=60).read()
        return look(process.pid)
    finally:
        process.terminate()
        process.wait()


def measure_students(counts: list[int], notebooks: list[Path] = LESSONS) -> dict[str, Any]:
    """What students' kernels and their server take, with so many kernels at once: lists of values, one per kernel.

    `resident_mb` is the peak of one kernel, `together_mb` the peak of all, with shared memory counted once.
    """
    os.environ["OMP_NUM_THREADS"] = "1"
    result: dict[str, Any] = {"presses": {}}
    with tempfile.TemporaryDirectory() as folder:
        for path in notebooks:
            figures: dict[str, Any] = {"resident_mb": [], "cpu_seconds": [], "together_mb": {}}
            for count in counts:
                seen, _, pressed = asyncio.run(run_together(path, count, folder))
                figures["resident_mb"] += [round(peak) for peak, _, _ in seen[-1]]
                figures["cpu_seconds"] += [round(seconds) for _, _, seconds in seen[-1]]
                figures["together_mb"][str(count)] = round(max(sum(share for _, share, _ in looks) for looks in seen))
                for name, seconds in (item for kernel in pressed for item in kernel.items()):
                    result["presses"].setdefault(name, []).append(round(seconds, 1))
            result[path.stem] = figures
        peak, _, seconds = measure_server(folder)
    return {**result, "server_mb": [round(peak)], "server_cpu_seconds": [round(seconds, 1)]}


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


def main() -> None:
    parser = argparse.ArgumentParser(description="What a class will see and what it needs.")
    parser.add_argument("what", choices=("students", "picture"))
    parser.add_argument("kernels", type=int, nargs="*", default=[1, 3], help="students: how many at once (1, then 3)")
    parser.add_argument("--lessons", type=Path, nargs="+", default=LESSONS, help="students: notebooks (05 and 04)")
    given = parser.parse_args()
    if given.what == "picture":
        picture()
    else:
        print(json.dumps(measure_students(given.kernels, given.lessons), indent=1))


if __name__ == "__main__":
    main()
