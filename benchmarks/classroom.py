"""What a class will see and what it needs: the numbers of INSTRUCTORS.md. `students` reads /proc, so Linux only.

python benchmarks/classroom.py presets         # each preset, and each with its remedies, over ten seeds
python benchmarks/classroom.py students 1 3    # memory and CPU of so many kernels at once, and what 30 would need
python benchmarks/classroom.py picture         # the four presets' pictures, into notebooks/thumbnails/presets.png
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
from collections import Counter
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image, ImageDraw, ImageFont
from recipes import ROOT, machine

from trm_nav.course.laboratory.experiment import Experiment
from trm_nav.course.laboratory.presets import PRESETS
from trm_nav.course.plots.overfitting import draw_laboratory
from trm_nav.course.plots.style import INK, use_style
from trm_nav.course.widgets import png

ALSO = {
    "Overfitting": {"a label for every cell and augmentation": dict(supervision="policy", augment=True)},
    "Underfitting": {"dim 32": dict(dim=32)},
}  # what the session plans click besides the remedies
LESSONS = [ROOT / "notebooks" / name for name in ("05_diagnostics.ipynb", "04_train.ipynb")]
CLASS = 30
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


def presets(seeds: range) -> None:
    """One row for each preset, and for each with one of its remedies."""
    print(
        f"{machine()}\nIn each cell: seed 0 (lowest to highest of {len(seeds)} seeds). A star: the panel has no "
        "button for it.\n\n| run | training accuracy | held-out accuracy | lowest validation loss | last one | "
        "findings | first begins in epoch | parameters per label | CPU s |\n|---|---|---|---|---|---|---|---|---|"
    )
    for name, settings in PRESETS.items():
        remedies = row(name, settings, seeds).findings[0].remedies
        changes = {
            remedy.what + "*" * (not remedy.changes.keys() <= settings.keys()): remedy.changes
            for remedy in remedies
            if remedy.changes
        }
        for what, change in {**changes, **ALSO.get(name, {})}.items():
            row(f"{name} + {what}", {**settings, **change}, seeds)


def row(label: str, settings: dict, seeds: range) -> Experiment:
    """Train with every seed and print a row. Returns the first seed's experiment."""
    runs, cpu = [], []
    for seed in seeds:
        began = time.process_time()
        runs.append(Experiment(**settings | dict(train_seed=10 * seed, test_seed=10 * seed + 1, seed=seed)).train())
        cpu.append(time.process_time() - began)
    findings = [" and ".join(finding.name for finding in run.findings) for run in runs]
    epochs = [run.findings[0].epoch for run in runs if run.findings[0].epoch]
    cells = [spread([run.history[name][-1] for run in runs], "{:.0%}") for name in ("train_acc", "val_acc")]
    cells += [
        spread([min(run.history["val_loss"]) for run in runs], "{:.2f}"),
        spread([run.history["val_loss"][-1] for run in runs], "{:.2f}"),
    ]
    cells += [
        f"{findings[0]} ({', '.join(f'{name} {count}' for name, count in Counter(findings).most_common())})",
        spread(epochs, "{:.0f}"),
        f"{runs[0].parameters_per_label:.2g}",
        spread(cpu, "{:.1f}"),
    ]
    print(f"| {label} | {' | '.join(cells)} |", flush=True)
    return runs[0]


def spread(values: list, form: str) -> str:
    return f"{form.format(values[0])} ({form.format(min(values))} to {form.format(max(values))})" if values else "-"


def look(pid: int) -> tuple[float, float, float]:
    """Of a process: peak of its resident memory, its proportional memory now (both in MB), its CPU seconds."""
    place = Path("/proc", str(pid))
    peak, rollup = int(re.search(r"VmHWM:\s+(\d+)", (place / "status").read_text())[1]) / 1000, place / "smaps_rollup"
    share = int(re.search(r"Pss:\s+(\d+)", rollup.read_text())[1]) / 1000 if rollup.exists() else peak
    ticks = (place / "stat").read_text().rpartition(")")[2].split()[11:13]
    return peak, share, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


async def at_once(path: Path, count: int, folder: str) -> tuple[list[list[tuple]], float, list[dict[str, float]]]:
    """So many kernels that execute a notebook at once: looks at all, twice a second; wall seconds; CPU of presses."""
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
            seen.append([look(client.km.provisioner.pid) for client in clients])
        await work  # raises what a cell has raised
    finally:
        for client in clients:
            await client._async_cleanup_kernel()
    texts = [output.get("text", "") for client in clients for output in client.nb.cells[-1].get("outputs", [])]
    pressed = [json.loads(text.split("PRESSED", 1)[1]) for text in texts if "PRESSED" in text]
    return seen, time.perf_counter() - began, pressed


def server(folder: str) -> tuple[float, float, float]:
    """A look at JupyterLab's own server, asked for its page and a few things more, without a kernel."""
    token = os.urandom(16).hex()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--ip=127.0.0.1",
            "--port=0",
            "--allow-root",
            f"--ServerApp.root_dir={ROOT / 'notebooks'}",
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JUPYTER_TOKEN": token, "HOME": folder, "JUPYTER_RUNTIME_DIR": folder},
    )
    try:
        address = next(found[1] for line in process.stderr if (found := re.search(r"(http://127\S+?)/lab", line)))
        threading.Thread(target=process.stderr.read, daemon=True).start()  # or it stops when nobody reads
        time.sleep(5)  # the line comes before the door is open
        for what in ("/lab", "/lab/api/settings", "/api/contents/05_diagnostics.ipynb", "/api/kernelspecs", "/lab"):
            request = urllib.request.Request(address + what, headers={"Authorization": f"token {token}"})
            urllib.request.urlopen(request, timeout=60).read()
        return look(process.pid)
    finally:
        process.terminate()
        process.wait()


def students(counts: list[int], lessons: list[Path], cores: int) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(
        f"{machine()}\n\n| lesson | kernels at once | peak of one, MB: resident | proportional | all together, MB | "
        "CPU s of one | wall s |\n|---|---|---|---|---|---|---|"
    )
    largest, pressed = 0.0, []
    with tempfile.TemporaryDirectory() as folder:
        for path in lessons:
            for count in counts:
                seen, wall, presses = asyncio.run(at_once(path, count, folder))
                resident, cpu = [peak for peak, _, _ in seen[-1]], [seconds for _, _, seconds in seen[-1]]
                shares = [[share for _, share, _ in one] for one in seen]
                print(
                    f"| {path.stem} | {count} | {max(resident):.0f} | {max(map(max, shares)):.0f} | "
                    f"{max(map(sum, shares)):.0f} | {min(cpu):.0f} to {max(cpu):.0f} | {wall:.0f} |",
                    flush=True,
                )
                largest, pressed = max(largest, *resident), [*pressed, *presses]
        own, _, seconds = server(folder)
    print(
        f"\nJupyterLab's own server: {own:.0f} MB, {seconds:.1f} s of CPU to start and to serve its page.\n"
        f"Calculated, for {CLASS} students with a server and a kernel each and nothing shared: "
        f"{CLASS} x ({own:.0f} + {largest:.0f}) MB = {CLASS * (own + largest) / 1000:.0f} GB."
    )
    for name in pressed[0] if pressed else ():
        low, high = (pick(one[name] for one in pressed) for pick in (min, max))
        print(
            f"One press of {name}, pictures and all: {low:.1f} to {high:.1f} s of CPU. Calculated, {CLASS} at once "
            f"on {cores} cores: {CLASS} x {high:.1f} / {cores} = {CLASS * high / cores:.0f} s."
        )


def picture() -> None:
    """The four presets as the laboratory draws them, each under its name and diagnosis, in few colours."""
    use_style()
    whole = Image.new("RGB", (1180, 4 * HIGH + 40), "white")
    pen = ImageDraw.Draw(whole)
    for place, (name, settings) in enumerate(PRESETS.items()):
        run = Experiment(**settings).train()
        drawn, top, last = Image.open(io.BytesIO(png(draw_laboratory(run)))), place * HIGH, place == len(PRESETS) - 1
        whole.paste(drawn.crop((0, 22, drawn.width, drawn.height if last else HIGH - 10)), (0, top + 32))
        pen.text((14, top + 8), name, INK, ImageFont.load_default(22), stroke_width=0.4)
        pen.text((170, top + 13), str(run.findings[0]).split("; first remedy")[0], INK, ImageFont.load_default(15))
        wrong = [
            [
                maze
                for maze, (start, plan) in enumerate(zip(part.starts, plans, strict=False))
                if not part.optimal[maze, *start] >> plan[*start] & 1
            ]
            for part, plans in zip((run.train_set, run.val_set), run.plans[-1], strict=True)
        ]
        print(f"{name}: the ringed arrow is wrong in the training mazes {wrong[0]} and the held-out mazes {wrong[1]}")
    few = whole.quantize(48, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)  # the green star stays
    few.save(PICTURE, optimize=True)
    print(f"{PICTURE.relative_to(ROOT)}: {whole.width} x {whole.height}, {PICTURE.stat().st_size / 1000:.0f} KB")


def main() -> None:
    parser = argparse.ArgumentParser(description="What a class will see and what it needs.")
    parser.add_argument("what", choices=("presets", "students", "picture"))
    parser.add_argument("kernels", type=int, nargs="*", default=[1, 4], help="students: how many at once (1, then 4)")
    parser.add_argument("--lessons", type=Path, nargs="+", default=LESSONS, help="students: notebooks (05 and 04)")
    parser.add_argument("--cores", type=int, default=8, help="students: cores to calculate for (8)")
    parser.add_argument("--seeds", type=int, default=10, help="presets: how many, from 0 on (10)")
    given = parser.parse_args()
    {
        "presets": lambda: presets(range(given.seeds)),
        "picture": picture,
        "students": lambda: students(given.kernels, given.lessons, given.cores),
    }[given.what]()


if __name__ == "__main__":
    main()
