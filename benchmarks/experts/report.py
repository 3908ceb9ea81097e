"""The section on labelled mazes as Markdown: ratios first, then aims, absolute rates and the memory's limit."""

from typing import Any

from benchmarks.machine import load_text
from benchmarks.markdown import MEDIANS, headline, ratio_text, significant, table, verdict
from benchmarks.timing import scaled

OURS = "our expert"
QUEUE, BITBOARD = "Numba, queue", "Numba, bitboard"
SCIPY = MANY, PER_MAZE = "SciPy, many mazes per graph", "SciPy, one graph per maze"
TWO = ", two "
PROCESSES, THREADS = f"{TWO}processes", f"{TWO}threads"
AIMS = {QUEUE: 10, BITBOARD: 10, MANY: 100, PER_MAZE: 100}  # at 8 x 8 on one core; at other sizes, to be ahead

# A finished comparison: the old version is no longer in the package.
REWRITING = (
    "Our expert was rewritten on November 23, 2026. A machine word now holds one row of one maze; before, it held the "
    "same cell of 64 mazes. Both versions took turns in a run of that day, 9 rounds on an Intel Xeon with two cores. "
    "On one core the new version is 1.54 (1.19 to 1.57) times as fast as the old one at 8 x 8, 2.09 (2.05 to 2.19) "
    "times at 16 x 16 and 2.31 (2.2 to 2.41) times at 32 x 32; on two cores 1.33 (1.04 to 2), 1.89 (1.22 to 2.48) and "
    "2.27 (1.49 to 2.78) times."
)


def report(result: dict[str, Any]) -> str:
    """The section as Markdown, from the result of `measure.measure`."""
    sizes = result["sizes"]
    batches = " / ".join(f"{size['mazes']:,}" for size in sizes)
    cores = ("one core", "two cores")
    lines = [
        "## Labelled mazes per second",
        "",
        f"{result['machine']}. Batches of {batches} mazes, obstacle density 0.2, seed {result['seed']}. All systems "
        f"take turns over {result['bandwidth']['repeats']} rounds. {MEDIANS} Before any timing, every system's labels "
        "were compared with ours and found equal; for A\\*, path lengths and first actions were compared. Slow systems "
        "label only the first mazes of the batch, as many as the second table says, and rates are per maze. A\\* "
        "searches once in each maze, from its start, and labels that cell. All other systems search from the goal and "
        "label every cell. On two cores, two processes label one half of the mazes each; Numba is also measured with "
        f"two threads, beside our two processes. {load_text(result['load'])}",
        "",
        "How many times as fast our expert is as each system (below 1: slower):",
        "",
        *table(["", *(f"{grid(size)}, {core}" for size in sizes for core in cores)], ratio_rows(sizes)),
        "",
        aims(sizes),
        "",
        REWRITING,
        "",
        "Absolute rates, in thousands per second:",
        "",
        *table(
            [
                "",
                "maze",
                "mazes per round",
                *(f"{what}, {core}" for what in ("searches", "labelled cells") for core in cores),
            ],
            rate_rows(sizes),
        ),
        "",
        *[f"{name}: {reason}.\n" for name, reason in result["missing"].items()],
        *memory(result),
    ]
    return "\n".join(lines)


def grid(size: dict[str, Any]) -> str:
    return f"{size['n']} x {size['n']}"


def ratio_rows(sizes: list[dict[str, Any]]) -> list[list[str]]:
    """A row for each rival, and two for A*, whose searches label one cell; two columns for each size."""
    rows = []
    for name, two in system_lines(sizes):
        if name == OURS:
            continue
        kinds = {"": "our_searches_ratio"}
        if sizes[0]["systems"][name]["per_start"]:
            kinds = {", per search": "our_searches_ratio", ", per labelled cell": "our_cells_ratio"}
        for kind, field in kinds.items():
            rows.append([name + (two if two == THREADS else "") + kind])
            for size in sizes:
                rows[-1].append("" if two == THREADS else ratio_text(size["systems"][name][field]))
                rows[-1].append(ratio_text(size["systems"][name + two][field]))
    return rows


def system_lines(sizes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The lines of a table: each system with its way of using two cores."""
    return [(name, TWO + means) for name, two, means in (call.partition(TWO) for call in sizes[0]["systems"]) if two]


def aims(sizes: list[dict[str, Any]]) -> str:
    """The aims on one core, and whether each was reached."""

    def slowest(size: dict[str, Any], names: tuple[str, ...]) -> float:
        return min(size["systems"][name]["our_searches_ratio"]["median"] for name in names)

    verdicts = []
    for rival, names in (
        ("the Numba search with a queue", (QUEUE,)),
        ("the Numba search with bitboards", (BITBOARD,)),
        ("the faster way to use SciPy", SCIPY),
    ):
        ratio, wanted = slowest(sizes[0], names), AIMS[names[0]]
        verdicts.append(
            f"{wanted} times as fast as {rival} at 8 x 8: {verdict(ratio >= wanted)}, {significant(ratio)}."
        )
    behind = [
        f"{name} at {grid(size)}" for size in sizes for name in (QUEUE, BITBOARD, *SCIPY) if slowest(size, (name,)) < 1
    ]
    verdicts.append(
        f"Faster than all of these at every size: {verdict(not behind)}{', slower than ' if behind else ''}"
        f"{'; '.join(behind)}."
    )
    return f"Aims, on one core. {' '.join(verdicts)}"


def headlines(result: dict[str, Any]) -> list[list[str]]:
    """One row for each size and rival: one core against one core."""
    rows = []
    for size in result["sizes"]:
        for name, numbers in size["systems"].items():
            if name == OURS or TWO in name:
                continue
            aim = AIMS.get(name) if size["n"] == 8 or name not in AIMS else 1
            what = f"labelled mazes/s, {grid(size)}: our expert / {name}"
            rows.append(headline(what, numbers["our_searches_ratio"], aim))
    return rows


def rate_rows(sizes: list[dict[str, Any]]) -> list[list[str]]:
    rows = []
    for size in sizes:
        for name, two in system_lines(sizes):
            row = [
                name + (two if two == THREADS else ""),
                grid(size),
                f"{size['systems'][name]['mazes']:,}",
            ]
            for field in ("searches_per_second", "labelled_cells_per_second"):
                for call in (name, name + two):
                    rate = ratio_text(scaled(size["systems"][call][field], 1 / 1000))
                    row.append("" if two == THREADS and call == name else rate)
            rows.append(row)
    return rows


def memory(result: dict[str, Any]) -> list[str]:
    """What the memory would allow. Some caches hold a whole batch, so the time to copy the batch is shown too."""
    speed = result["bandwidth"]["median"]
    rows = []
    for size in result["sizes"]:
        ours = size["systems"][OURS]["searches_per_second"]["median"]
        allowed = speed * 1e9 / size["bytes_per_maze"]
        best = size["systems"][BITBOARD]["searches_per_second"]["median"]
        copies = size["batch_copies_per_second"]["median"]
        rows.append(
            [
                grid(size),
                str(size["bytes_per_maze"]),
                significant(allowed / 1000),
                f"{ours / allowed:.1%}",
                f"{best / allowed:.1%}",
                significant(copies / 1000),
            ]
        )
    return [
        f"The memory sets a limit. One core copies a buffer much larger than its caches at "
        f"{ratio_text(result['bandwidth'])} GB/s, counting bytes read and bytes written. Labelling a maze must at "
        "least read its walls and its goal and write its sets, one byte per cell.",
        "",
        *table(
            [
                "maze",
                "bytes per maze",
                "limit, thousand mazes/s",
                "our share",
                f"{BITBOARD}: share",
                "copying the walls alone, thousand mazes/s",
            ],
            rows,
        ),
        "",
        f"Where our time goes: {'; '.join(map(wave_text, result['sizes']))}. The rest of the time goes into packing "
        "walls into machine words and unpacking sets of actions from them. Every NumPy operation writes its result to "
        "a cache, from which the next operation reads it again, and a block of mazes runs until its longest path is "
        "found. Compiled code keeps a maze in registers and stops when that maze is done; a search made of NumPy "
        "operations can do neither.",
    ]


def wave_text(size: dict[str, Any]) -> str:
    return (
        f"at {grid(size)} the waves take {size['waves_share']['median']:.0%}, with {size['wave_steps']:.0f} steps for "
        f"each block of mazes and about {significant(size['operation_seconds'] * 1e6)} us for each of the seven NumPy "
        "operations of a step"
    )
