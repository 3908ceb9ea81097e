"""What a class will see and what it needs: the numbers of INSTRUCTORS.md. `students` reads /proc, so Linux only.

    python benchmarks/classroom.py presets     # each preset, and each with its remedies, over ten seeds
    python benchmarks/classroom.py students 1 3    # memory and CPU of so many kernels at once, and what 30 would need
    python benchmarks/classroom.py picture     # the four presets' pictures, into notebooks/thumbnails/presets.png
"""

import argparse
import asyncio
import io
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image, ImageDraw, ImageFont
from recipes import ROOT, machine

from trm_nav.diagnosis_plots import draw_laboratory
from trm_nav.laboratory import PRESETS, Experiment
from trm_nav.laboratory_panel import CHOICES
from trm_nav.plots import INK, use_style
from trm_nav.widgets import png

BUTTONS = {*CHOICES, "augment", "supervision"}
ALSO = {  # what the session plans click besides the remedies
    "Overfitting": {"both labels and augmentation": dict(supervision="policy", augment=True)},
    "Underfitting": {"dim 32": dict(dim=32)},
}
LESSONS = [ROOT / "notebooks" / name for name in ("05_diagnostics.ipynb", "04_train.ipynb")]
CLASS = 30
PICTURE = ROOT / "notebooks" / "thumbnails" / "presets.png"
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


def presets(seeds: Iterable[int]) -> None:
    """One row for each preset and each preset with one change: the first seed's value, the lowest and the highest."""
    print(f"{machine()}\nIn each cell: seed {seeds[0]} (lowest to highest of seeds {seeds[0]} to {seeds[-1]}).\n")
    print("| run | training accuracy | held-out accuracy | lowest validation loss | last validation loss | finding | "
          "begins in epoch | parameters per label | CPU s |\n|---|---|---|---|---|---|---|---|---|")
    for name in PRESETS:
        first = row(name, {}, seeds)
        changes = {remedy.what + ("" if remedy.changes.keys() <= BUTTONS else " (no button)"): remedy.changes
                   for remedy in first.findings[0].remedies if remedy.changes}
        for what, change in {**changes, **ALSO.get(name, {})}.items():
            row(f"{name} + {what}", change, seeds, name)


def row(label: str, changes: Mapping[str, Any], seeds: Iterable[int], preset: str | None = None) -> Experiment:
    """Train with every seed and print a row. Returns the first seed's experiment."""
    runs, cpu = [], []
    for seed in seeds:
        began = time.process_time()
        settings = {**PRESETS[preset or label], **changes}
        runs.append(Experiment(**settings, train_seed=10 * seed, test_seed=10 * seed + 1, seed=seed).train())
        cpu.append(time.process_time() - began)
    history = [run.history for run in runs]
    findings = Counter(run.findings[0].name for run in runs)
    epochs = [run.findings[0].epoch for run in runs]
    cells = [
        spread([100 * one["train_acc"][-1] for one in history], "{:.0f}%"),
        spread([100 * one["val_acc"][-1] for one in history], "{:.0f}%"),
        spread([min(one["val_loss"]) for one in history], "{:.2f}"),
        spread([one["val_loss"][-1] for one in history], "{:.2f}"),
        ", ".join(f"{name} {count}" for name, count in findings.most_common()),
        spread([epoch for epoch in epochs if epoch], "{:.0f}") if any(epochs) else "-",
        f"{runs[0].parameters_per_label:.2g}",
        spread(cpu, "{:.1f}"),
    ]
    print(f"| {label} | {' | '.join(cells)} |", flush=True)
    return runs[0]


def spread(values: list[float], form: str) -> str:
    return f"{form.format(values[0])} ({form.format(min(values))} to {form.format(max(values))})"


class Watch(threading.Thread):
    """Looks at processes every half second: the peaks of their memory, in MB, and their CPU seconds."""

    def __init__(self, pids: list[int]):
        super().__init__(daemon=True)
        self.pids, self.over = pids, threading.Event()
        self.pss, self.rss, self.cpu = ({pid: 0.0 for pid in pids} for _ in range(3))
        self.together = 0.0  # peak of the sum of the proportional sizes
        self.start()

    def run(self) -> None:
        while not self.over.wait(0.5):
            self.look()

    def look(self) -> None:
        total = 0.0
        for pid in self.pids:
            try:
                place = Path("/proc", str(pid))
                rollup = place / "smaps_rollup"
                text = rollup.read_text() if rollup.exists() else ""
                rss = int(re.search(r"VmRSS:\s+(\d+)", (place / "status").read_text())[1]) / 1000
                pss = int(re.search(r"Pss:\s+(\d+)", text)[1]) / 1000 if text else rss
                ticks = (place / "stat").read_text().rpartition(")")[2].split()[11:13]
            except (OSError, TypeError):  # it has just ended
                continue
            self.cpu[pid] = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
            self.pss[pid], self.rss[pid] = max(self.pss[pid], pss), max(self.rss[pid], rss)
            total += pss
        self.together = max(self.together, total)

    def end(self) -> "Watch":
        self.over.set()
        self.join()
        return self


async def at_once(path: Path, count: int, folder: str) -> tuple[Watch, float, list[dict[str, float]]]:
    """So many kernels that execute a notebook at the same time: what was watched, wall seconds, CPU of each press."""
    clients = []
    for student in range(count):
        notebook = nbformat.read(path, as_version=4)
        if any("laboratory = Laboratory(" in cell.source for cell in notebook.cells):
            notebook.cells.append(nbformat.v4.new_code_cell(PRESS))
        home = Path(folder, f"{path.stem}-{count}-{student}")
        home.mkdir()
        client = NotebookClient(notebook, timeout=1800, kernel_name="python3", resources={"metadata": {"path": home}})
        client.create_kernel_manager()
        await client.async_start_new_kernel()
        await client.async_start_new_kernel_client()
        clients.append(client)
    began = time.perf_counter()
    watch = Watch([client.km.provisioner.pid for client in clients])
    try:
        await asyncio.gather(*(client.async_execute(reset_kc=False, cleanup_kc=False) for client in clients))
        watch.end()
    finally:
        for client in clients:
            await client._async_cleanup_kernel()
    texts = [output.get("text", "") for client in clients for output in client.nb.cells[-1].get("outputs", [])]
    pressed = [json.loads(text.split("PRESSED", 1)[1]) for text in texts if "PRESSED" in text]
    return watch, time.perf_counter() - began, pressed


def server(folder: str) -> Watch:
    """JupyterLab's own server, asked for its page and a few things more, without a kernel."""
    token = secrets.token_hex()
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0", "--ServerApp.port_retries=0",
         f"--ServerApp.root_dir={ROOT / 'notebooks'}", "--allow-root"], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "JUPYTER_TOKEN": token, "HOME": folder, "JUPYTER_RUNTIME_DIR": folder})
    watch = Watch([process.pid])
    try:
        address = next(found[1] for line in process.stderr if (found := re.search(r"(http://127\S+?)/lab", line)))
        threading.Thread(target=process.stderr.read, daemon=True).start()  # or it stops when nobody reads
        for what in ("/lab", "/lab/api/settings", "/api/contents/05_diagnostics.ipynb", "/api/kernelspecs", "/lab"):
            request = urllib.request.Request(address + what, headers={"Authorization": f"token {token}"})
            urllib.request.urlopen(request, timeout=60).read()
        time.sleep(5)
        return watch.end()
    finally:
        process.terminate()
        process.wait()


def students(counts: list[int], lessons: list[Path], cores: int) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(f"{machine()}\n\n| lesson | kernels at once | peak of one, MB: resident | proportional | all together, MB | "
          "CPU s of one | wall s |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        alone, largest, pressed = 0.0, 0.0, []
        for path in lessons:
            for count in counts:
                watch, wall, presses = asyncio.run(at_once(path, count, folder))
                rss, pss, cpu = (list(values.values()) for values in (watch.rss, watch.pss, watch.cpu))
                print(f"| {path.stem} | {count} | {max(rss):.0f} | {max(pss):.0f} | {watch.together:.0f} | "
                      f"{min(cpu):.0f} to {max(cpu):.0f} | {wall:.0f} |", flush=True)
                alone, largest, pressed = max(alone, *rss), max(largest, *pss), [*pressed, *presses]
        page = server(folder)
    (own,), (seconds,) = page.rss.values(), page.cpu.values()
    print(f"\nJupyterLab's own server: {own:.0f} MB, {seconds:.1f} s of CPU to start and to serve its page.")
    print(f"Calculated from these, for {CLASS} students with a server and a kernel each, nothing shared: "
          f"{CLASS} x ({own:.0f} + {alone:.0f}) MB = {CLASS * (own + alone) / 1000:.0f} GB.")
    for name in pressed[0] if pressed else ():
        most = max(one[name] for one in pressed)
        print(f"One press of {name}, picture and all: {min(one[name] for one in pressed):.1f} to {most:.1f} s of CPU. "
              f"{CLASS} at once on {cores} cores: {CLASS} x {most:.1f} / {cores} = {CLASS * most / cores:.0f} s.")


def picture() -> None:
    """The four presets as the laboratory draws them, one below the other, in few colours."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from build_notebooks import png as few_colours

    use_style()
    rows, bar = [], 34  # pixels
    font = ImageFont.truetype(str(Path(__import__("matplotlib").get_data_path(), "fonts/ttf/DejaVuSans-Bold.ttf")), 20)
    for name, settings in PRESETS.items():
        run = Experiment(**settings).train()
        image = Image.open(io.BytesIO(png(draw_laboratory(run)))).convert("RGB")
        titled = Image.new("RGB", (image.width, image.height + bar), "white")
        titled.paste(image, (0, bar))
        ImageDraw.Draw(titled).text((14, 8), name, INK, font)
        rows.append(titled)
    whole = Image.new("RGB", (rows[0].width, sum(one.height for one in rows)), "white")
    for place, one in enumerate(rows):
        whole.paste(one, (0, place * one.height))
    PICTURE.write_bytes(few_colours(whole))
    print(f"{PICTURE.relative_to(ROOT)}: {whole.width} x {whole.height}, {PICTURE.stat().st_size / 1000:.0f} KB")


def main() -> None:
    parser = argparse.ArgumentParser(description="What a class will see and what it needs.")
    what = parser.add_subparsers(dest="what", required=True)
    one = what.add_parser("presets", help="each preset and each with its remedies")
    one.add_argument("--seeds", type=int, default=10, help="how many seeds, from 0 on (default: 10)")
    one = what.add_parser("students", help="memory and CPU of several kernels at once")
    one.add_argument("kernels", type=int, nargs="*", default=[1, 4], help="how many at once (default: 1, then 4)")
    one.add_argument("--lessons", type=Path, nargs="+", default=LESSONS, help="notebooks (default: 05 and 04)")
    one.add_argument("--cores", type=int, default=8, help="cores of the machine to calculate for (default: 8)")
    what.add_parser("picture", help="the four presets' pictures in one")
    arguments = parser.parse_args()
    if arguments.what == "presets":
        presets(range(arguments.seeds))
    elif arguments.what == "students":
        students(arguments.kernels, arguments.lessons, arguments.cores)
    else:
        picture()


if __name__ == "__main__":
    main()
