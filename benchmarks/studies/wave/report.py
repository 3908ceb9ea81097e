"""The tables of the wave, in Markdown, from what has been measured."""

import statistics
from typing import Any

from benchmarks.markdown import table
from trm_nav.settings import recipe

from .held_out import LOOPS, MAP, SIDES, SUITES
from .sizes import SYSTEMS, best

EPOCHS = recipe("wave")["epochs"]


def report(results: dict[str, Any]) -> str:
    """All tables, each under a sentence that says what it shows."""
    seeds, ablations = results["seeds"], results["ablations"]
    machines = sorted({result["machine"] for result in seeds.values()})
    parts = [
        f"{len(seeds)} seeds, each in a process of one thread, on a machine that did other work as well. "
        f"{'; '.join(machines)}. No seed that was run is left out. "
        "`python -m benchmarks.studies.wave seeds 0 1` repeats two of them.",
        "The trained networks and their certificates. *Wrong cells* are those of the 64 x 64 and the perfect "
        "29 x 29 mazes of the next table before any repair; *wrong cells after* are those of all held-out mazes.",
        seeds_table(seeds),
        "The certified networks on held-out mazes. *Exact* is the share of mazes with an optimal action in every "
        "cell that can reach the goal.",
        suites_table(seeds),
        "Share of exact mazes by size and by the share of removable walls that are opened, 20 mazes in each field, "
        "in the worst seed; the goal is anywhere.",
        heat_map(seeds),
        "![A table of sizes and opened walls: 100% of the mazes are exact in every field](wave-seeds.png)",
    ]
    if huge := results.get("huge"):
        parts.append(huge_maze(next(iter(huge.values()))))
    if large := results.get("large"):
        parts += ["More mazes of the largest kinds, for some of the seeds.", wrong_cells_table(large, "seed")]
    if foreign := results.get("foreign"):
        parts += [
            f"Mazes that other packages generate, for seed {next(iter(foreign)).split('/')[1]}; the goal is on any "
            "free cell. Mazes of mazelib's cellular automaton and of percolation are not connected: only the cells "
            "that can reach the goal count.",
            wrong_cells_table(foreign, "generator"),
        ]
    if sizes := results.get("sizes"):
        parts += [
            f"Success against grid size. All systems learned from the same 16,000 mazes of 8 x 8, {EPOCHS} times each. "
            "Those that do not end by themselves were given the steps of their training, and 2 and 4 times as many as "
            "the grid has cells along one side; the table and the picture show the best of the three. Mean over the "
            "seeds: *exact* mazes, then those in which the walk arrives.",
            sizes_table(sizes),
            "![Exact mazes against grid size: only the wave stays high up to 64 x 64](wave-sizes.png)",
        ]
    if rates := results.get("rates"):
        parts += [
            "Rivals with other learning rates: exact mazes of 16 x 16, then of 32 x 32, with seed 0. The table above "
            "has those of the column of 1.",
            rates_table(rates),
        ]
    if ablations:
        parts += [
            "One part changed at a time, without repair, on 100 mazes of each kind. *Certified* counts the networks "
            "whose certificate holds at once.",
            ablations_table(ablations),
            "How small can it be? Each point is a seed, before repair; the line is the median.",
            "![Exact mazes against parameters: hardly any with 162, most with 221, nearly all with 858]"
            "(wave-ablations.png)",
        ]
    return "\n\n".join(parts)


def huge_maze(result: dict[str, Any]) -> str:
    """The picture of the largest maze, and what it shows."""
    text = (
        f"A perfect maze of 1,001 x 1,001: {result['cells']:,} cells, {result['recursions']:,} recursions, "
        f"{result['wrong_cells']} wrong cells, {result['seconds']:.0f} CPU s. A pixel is a cell, and its colour the "
        "recursion in which it decided; the colours go round six times."
    )
    alternative = (
        "A maze of half a million cells in bands of colour that spread from the goal like a tide along its paths"
    )
    return f"{text}\n\n![{alternative}](wave-1001.png)"


def wrong_cells_table(results: dict[str, Any], head: str) -> str:
    """One row an entry, and a column for each of its suites: wrong cells of all labelled cells."""
    rows = []
    for key, result in results.items():
        name, seed = key.rsplit("/", 1)
        counts = result["suites"].values()
        rows.append([seed if head == "seed" else name, *(f"{c['wrong_cells']:,} of {c['cells']:,}" for c in counts)])
    suites = next(iter(results.values()))["suites"]
    return "\n".join(table([head, *(f"{name}, {c['mazes']:,} mazes" for name, c in suites.items())], rows))


def sizes_table(sizes: dict[str, Any]) -> str:
    """One row a system: parameters, seconds, and its best results on each suite."""
    rows = []
    for name in SYSTEMS:
        found = [result for key, result in sizes.items() if key.rsplit("/", 1)[0] == name]
        if not found:
            continue
        seconds = statistics.mean(result["seconds"] for result in found)
        row = [name, f"{found[0]['parameters']:,}", f"{len(found)}", f"{seconds:.0f}"]
        for suite in found[0]["suites"]:
            exact, success = (statistics.mean(best(r, suite, m) for r in found) for m in ("exact", "success"))
            row.append(f"{exact:.0%}, {success:.0%}")
        rows.append(row)
    suites = [name.replace(", 2 to 45% walls", "") for name in next(iter(sizes.values()))["suites"]]
    return "\n".join(table(["system", "parameters", "seeds", "CPU s", *suites], rows))


def rates_table(rates: dict[str, Any]) -> str:
    """One row a rival, and a column for each factor to its learning rate."""
    rows = []
    for key, result in rates.items():
        row = [key.rsplit("/", 1)[0], f"{result['lr']:g}"]
        for found in result["factors"].values():
            row.append(", ".join(f"{best(found, suite, 'exact'):.0%}" for suite in list(found["suites"])[1:]))
        rows.append(row)
    factors = next(iter(rates.values()))["factors"]
    return "\n".join(table(["rival", "learning rate", *(f"times {float(factor):g}" for factor in factors)], rows))


def seeds_table(seeds: dict[str, Any]) -> str:
    """One row a seed: the training, its certificate, its repair, and the certificate after it."""
    rows = []
    for seed, result in sorted(seeds.items(), key=lambda item: int(item[0].split("/")[1])):
        repaired = result["repaired"]
        rows.append(
            [
                seed.split("/")[1],
                f"{result['parameters']}",
                f"{result['seconds']:.0f}",
                _outcome(result["certificate"]),
                f"{sum(suite['wrong_cells'] for suite in result['suites'].values()):,}",
                f"{repaired['rounds']}, {repaired['seconds']:.0f} s",
                _outcome(repaired["certificate"]),
                f"{repaired['certificate']['states']}",
                f"{repaired['certificate']['situations']:,}",
                f"{repaired['certificate']['margin']:.2f}",
                f"{sum(suite['wrong_cells'] for suite in repaired['suites'].values()):,}",
            ]
        )
    heads = [
        "seed",
        "parameters",
        "training, CPU s",
        "certificate",
        "wrong cells",
        "rounds of repair",
        "certificate after",
    ]
    return "\n".join(table([*heads, "states", "situations", "margin", "wrong cells after"], rows))


def _outcome(certificate: dict[str, Any]) -> str:
    return "holds" if certificate["holds"] else "mistakes" if certificate["mistakes"] else "open"


def suites_table(seeds: dict[str, Any]) -> str:
    """One row a suite: over all seeds, cells that are wrong, and mazes that are exact, in the worst seed too."""
    rows = []
    for name in ["every maze of 4 x 4", *(suite.name for suite in SUITES)]:
        found = [result["repaired"]["suites"][name] for result in seeds.values()]
        if found:
            exact = [1 - suite["wrong_mazes"] / suite["mazes"] for suite in found]
            cells = sum(suite["cells"] for suite in found)
            wrong = sum(suite["wrong_cells"] for suite in found)
            rows.append([name, f"{found[0]['mazes']:,}", f"{len(found)}", f"{wrong:,} of {cells:,}", *_shares(exact)])
    return "\n".join(table(["mazes", "number", "seeds", "wrong cells", "exact, mean", "exact, worst seed"], rows))


def heat_map(seeds: dict[str, Any]) -> str:
    """Share of exact mazes, in the worst seed, for each size and share of opened walls."""
    rows = []
    for side in SIDES:
        row = [f"{side} x {side}"]
        for share in LOOPS:
            name = next(suite.name for suite in MAP if suite.name == f"{side} x {side}, {share:.0%} opened")
            found = [result["repaired"]["suites"][name] for result in seeds.values()]
            row.append(f"{min((1 - suite['wrong_mazes'] / suite['mazes'] for suite in found), default=0):.0%}")
        rows.append(row)
    return "\n".join(table(["size", *(f"{share:.0%} opened" for share in LOOPS)], rows))


def ablations_table(ablations: dict[str, Any]) -> str:
    """One row a variant: parameters, seconds, certificates, and exact mazes of two kinds, over its seeds."""
    names = list(dict.fromkeys(key.rsplit("/", 1)[0] for key in ablations))
    rows = []
    for name in names:
        found = [result for key, result in ablations.items() if key.rsplit("/", 1)[0] == name]
        certified = [result["certificate"]["holds"] for result in found if result["certificate"]]
        row = [
            name,
            f"{found[0]['parameters']}",
            f"{len(found)}",
            f"{statistics.mean(r['seconds'] for r in found):.0f}",
        ]
        row.append(f"{sum(certified)} of {len(certified)}" if certified else "-")
        for suite in found[0]["suites"]:
            row += _shares([1 - r["suites"][suite]["wrong_mazes"] / r["suites"][suite]["mazes"] for r in found])
        rows.append(row)
    suites = list(next(iter(ablations.values()))["suites"]) if ablations else []
    heads = ["variant", "parameters", "seeds", "CPU s", "certified"]
    for suite in suites:
        heads += [f"{suite}: exact", "worst"]
    return "\n".join(table(heads, rows))


def _shares(shares: list[float]) -> list[str]:
    """The mean and the worst."""
    return [f"{statistics.mean(shares):.2%}", f"{min(shares):.2%}"]
