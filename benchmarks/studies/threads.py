"""How many threads a training step should use: one or two, on a quiet machine and on a busy one.

    python benchmarks/studies/threads.py            # writes benchmarks/results/threads.json and prints the table

Every measurement is a process of its own, because PyTorch reads OMP_WAIT_POLICY when it starts. "Busy" means that as
many endless loops run beside the training as there are cores. Configurations take turns, so that a change in the
machine's speed hits all of them; ratios are taken within a round, and the median of the rounds is reported.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results" / "threads.json"
SIZES = {  # name: settings of a model and its batch
    "local": dict(dim=16, depth=2, recursions=8, mixing="conv", batch_size=32),
    "tiny": dict(dim=32, depth=2, recursions=8, mixing="mlp", batch_size=64),
    "fast": dict(dim=64, depth=2, recursions=4, mixing="mlp", batch_size=64),
    "production": dict(dim=128, depth=3, recursions=4, mixing="mlp", batch_size=32),
    "maximum": dict(dim=256, depth=4, recursions=4, mixing="mlp", batch_size=16),
}
POLICIES = {"spinning": {}, "passive": {"OMP_WAIT_POLICY": "PASSIVE"}}  # what a thread does while it waits
SECONDS = 2.0  # of steps in one measurement


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step", nargs=2, metavar=("SIZE", "THREADS"), help="measure one configuration and print it")
    arguments = parser.parse_args()
    if arguments.step:
        print(step_seconds(arguments.step[0], int(arguments.step[1])))
        return
    measured = [
        {"load": load, "size": size, "policy": policy, "threads": threads, "seconds": []}
        for load in ("quiet", "busy") for size in SIZES
        for policy, threads in (("spinning", 1), ("spinning", 2), ("passive", 2))
    ]  # fmt: skip
    for load in ("quiet", "busy"):
        loops = [multiprocessing.Process(target=spin, daemon=True) for _ in range(os.cpu_count() or 1)]
        for loop in loops if load == "busy" else ():
            loop.start()
        for _ in range(arguments.rounds):
            for row in (row for row in measured if row["load"] == load):
                row["seconds"].append(in_a_process(row["size"], row["policy"], row["threads"]))
                print(row, file=sys.stderr)
        for loop in loops if load == "busy" else ():
            loop.terminate()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": cpu_name(), "rows": measured}, indent=1) + "\n")
    print(table(measured))


def in_a_process(size: str, policy: str, threads: int) -> float:
    """Seconds of one training step, measured in a process of its own."""
    command = [sys.executable, __file__, "--step", size, str(threads)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    done = subprocess.run(command, env=environment | POLICIES[policy], capture_output=True, text=True, check=True)
    return float(done.stdout)


def step_seconds(size: str, threads: int) -> float:
    """Mean seconds of a training step over `SECONDS`, after two steps that do not count."""
    import torch

    from trm_nav import create_model, generate_mazes, optimal_actions
    from trm_nav.learning.loss import policy_loss
    from trm_nav.mazes.encoding import encode

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    settings = dict(SIZES[size])
    mazes = generate_mazes(settings.pop("batch_size"))
    tokens = torch.from_numpy(encode(mazes.walls, mazes.goals))
    optimal = torch.from_numpy(optimal_actions(mazes.walls, mazes.goals)).flatten(1)
    model = create_model(**settings)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    steps, started = -2, time.perf_counter()
    while time.perf_counter() - started < SECONDS or steps < 1:
        policy_loss(model(tokens), optimal).backward()
        optimizer.step()
        optimizer.zero_grad()
        steps += 1
        if steps == 0:
            started = time.perf_counter()
    return (time.perf_counter() - started) / steps


def spin() -> None:
    while True:
        pass


def cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def table(rows: list[dict]) -> str:
    """For each size and load, how many times as fast two threads are as one."""
    lines = ["size         load    1 thread   2 spinning   2 passive"]
    for load in ("quiet", "busy"):
        for size in SIZES:
            one, spinning, passive = (row["seconds"] for row in rows if (row["load"], row["size"]) == (load, size))
            ratios = [statistics.median(a / b for a, b in zip(one, two, strict=True)) for two in (spinning, passive)]
            lines.append(
                f"{size:<12} {load:<6} {1000 * statistics.median(one):7.1f} ms   {ratios[0]:9.2f}x   {ratios[1]:8.2f}x"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
