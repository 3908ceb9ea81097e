"""The section about labelled mazes as Markdown: ratios first, then what was aimed at, rates, and the memory's limit."""

from typing import Any

from timing import headline, load_text, ratio_text, significant, table

OURS, BEFORE = "our expert", "our expert before its rewriting"
QUEUE, BITBOARD = "Numba, queue", "Numba, bitboard"
SCIPY = MANY, PER_MAZE = "SciPy, many mazes a graph", "SciPy, a graph per maze"
TWO = ", two "
PROCESSES, THREADS = f"{TWO}processes", f"{TWO}threads"
AIMS = {QUEUE: 10, BITBOARD: 10, MANY: 100, PER_MAZE: 100}  # at 8 x 8 on one core; at other sizes to be ahead


def report(result: dict[str, Any]) -> str:
    """The section as Markdown."""
    sizes = result["sizes"]
    batches = " / ".join(f"{size['mazes']:,}" for size in sizes)
    lines = [
        "## Labelled mazes per second",
        "",
        f"{result['machine']}. Batches of {batches} mazes, obstacle density 0.2, seed {result['seed']}; all systems "
        f"take turns, in {result['bandwidth']['repeats']} rounds; medians, and in brackets the lowest and the "
        "highest of them. Every system's labels were found equal to ours, for A\\* path lengths, before any timing. "
        "Slow systems get the first mazes of the batch, as many as the second table says, and the rates are per maze. "
        "A\\* searches once in a maze, from its start, and labels that cell; all others search from the goal and label "
        "every cell. On two cores, two processes have one half of the mazes each; Numba's two threads stand beside our "
        f"two processes. {load_text(result['load'])}",
        "",
        "How many times faster our expert is (below 1: slower):",
        "",
        *table(
            ["", *(f"{size['n']} x {size['n']}, {cores}" for size in sizes for cores in ("one core", "two cores"))],
            ratio_rows(sizes),
        ),
        "",
        aims(sizes),
        "",
        "Absolute rates, in thousands per second:",
        "",
        *table(
            [
                "",
                "maze",
                "mazes a round",
                "searches, one core",
                "searches, two cores",
                "labelled cells, one core",
                "labelled cells, two cores",
            ],
            rate_rows(sizes),
        ),
        "",
        *[f"{name}: {reason}.\n" for name, reason in result["missing"].items()],
        *memory(result),
    ]
    return "\n".join(lines)


def ratio_rows(sizes: list[dict[str, Any]]) -> list[list[str]]:
    """A row for each rival, with two for A*, whose searches label one cell; a pair of columns for each size."""
    rows = []
    for name, two in lines_of(sizes):
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


def lines_of(sizes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The lines of a table: each system with its means of using two cores."""
    return [(name, TWO + means) for name, two, means in (call.partition(TWO) for call in sizes[0]["systems"]) if two]


def aims(sizes: list[dict[str, Any]]) -> str:
    """What was aimed at on one core, beside what was reached."""

    def slowest(size: dict[str, Any], names: list[str]) -> float:
        return min(size["systems"][name]["our_searches_ratio"]["median"] for name in names)

    verdicts = []
    for rival, names in (
        ("the Numba search with a queue", [QUEUE]),
        ("the Numba search with bitboards", [BITBOARD]),
        ("SciPy's better way", SCIPY),
    ):
        ratio, wanted = slowest(sizes[0], names), AIMS[names[0]]
        verdicts.append(
            f"{wanted} times {rival} at 8 x 8: {'reached' if ratio >= wanted else 'not reached'}, {significant(ratio)}"
        )
    behind = [
        f"{name} at {size['n']} x {size['n']}"
        for size in sizes
        for name in (QUEUE, BITBOARD, *SCIPY)
        if slowest(size, [name]) < 1
    ]
    verdicts.append(
        "Ahead of all of these at every size: " + (f"not reached, behind {'; '.join(behind)}" if behind else "reached")
    )
    return f"Aims on one core. {'. '.join(verdicts)}."


def headlines(result: dict[str, Any]) -> list[list[str]]:
    """One core against one core, for each size and rival."""
    rows = []
    for size in result["sizes"]:
        for name, numbers in size["systems"].items():
            if name == OURS or TWO in name:
                continue
            aim = AIMS.get(name) if size["n"] == 8 or name not in AIMS else 1
            rows.append(
                headline(
                    f"labelled mazes/s, {size['n']} x {size['n']}: our expert / {name}",
                    numbers["our_searches_ratio"],
                    aim,
                )
            )
    return rows


def rate_rows(sizes: list[dict[str, Any]]) -> list[list[str]]:
    rows = []
    for size in sizes:
        for name, two in lines_of(sizes):
            row = [
                name + (two if two == THREADS else ""),
                f"{size['n']} x {size['n']}",
                f"{size['systems'][name]['mazes']:,}",
            ]
            for field in ("searches_per_second", "labelled_cells_per_second"):
                for call in (name, name + two):
                    rate = {key: value / 1000 for key, value in size["systems"][call][field].items()}
                    row.append("" if two == THREADS and call == name else ratio_text(rate))
            rows.append(row)
    return rows


def memory(result: dict[str, Any]) -> list[str]:
    """What the memory would allow. A batch fits into many a cache, so copying the batch itself is shown beside it."""
    speed = result["bandwidth"]["median"]
    rows = []
    for size in result["sizes"]:
        ours = size["systems"][OURS]["searches_per_second"]["median"]
        allowed = speed * 1e9 / size["bytes_per_maze"]
        best = size["systems"][BITBOARD]["searches_per_second"]["median"]
        copies = size["batch_copies_per_second"]["median"]
        rows.append(
            [
                f"{size['n']} x {size['n']}",
                str(size["bytes_per_maze"]),
                significant(allowed / 1000),
                f"{ours / allowed:.1%}",
                f"{best / allowed:.1%}",
                significant(copies / 1000),
            ]
        )
    return [
        "The memory's limit. One core copies a buffer much larger than its caches at "
        f"{ratio_text(result['bandwidth'])} GB/s, reading and writing counted. Labelling a maze must at least read its "
        "walls and its goal and write its sets, a byte for each cell.",
        "",
        *table(
            [
                "maze",
                "bytes a maze",
                "allowed, thousand mazes/s",
                "our share",
                f"{BITBOARD}'s share",
                "the batch's walls merely copied, thousand mazes/s",
            ],
            rows,
        ),
        "",
        f"Where our time goes: {'; '.join(map(where, result['sizes']))}. The rest packs walls into words and sets of "
        "actions out of them. Every NumPy operation writes its result to a cache, the next one reads it again, and a "
        "block goes on until its longest way is walked; compiled code keeps a maze in registers and stops when that "
        "maze is done. This is the limit of a search made of NumPy operations, and the bitboard search, compiled, is "
        "beyond it at every size.",
    ]


def where(size: dict[str, Any]) -> str:
    return (
        f"at {size['n']} x {size['n']} {size['waves_share']['median']:.0%} is in the waves, "
        f"{size['wave_steps']:.0f} steps for each block of mazes, about "
        f"{significant(size['operation_seconds'] * 1e6)} us for each of the seven NumPy operations of a step"
    )
