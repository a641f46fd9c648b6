"""The wiring engine by itself: from a list of items to edges, no sizes, no library, no numbers.

``exact``: the same edges between listed layers; ``rank``: place of the truth among the answers (empty: not there);
``edges``: right/too many/missed; ``sure``: right/all of the edges whose share among the answers is at least 0.99.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from benchmarks.sets import applications, corpus, zoo
from benchmarks.wiring_problems import Problem, problems
from infer_convert.solve.wiring import WiringProblem, WiringResult, solve_widening

COLUMNS = (
    "set", "case", "family", "split", "names", "layers", "parsed", "exact", "rank", "probability", "edges", "sure",
    "bins",
)  # fmt: skip
SURE = 0.99
MOST_LAYERS = 300
"""Of larger applications only the smallest of a family runs, when no other does: sisters repeat what it says."""
BINS = 10
Row = dict[str, str]


def run(sets: Iterable[str] = ("zoo", "applications", "corpus")) -> Iterator[Row]:
    """One row per problem, names kept and class names only."""
    for name in sets:
        for naming in ("kept", "class"):
            cases = {"zoo": zoo, "applications": applications, "corpus": corpus}[name].items(naming)
            if name == "zoo":
                cases = [case for case in cases if case.form == "keras3"]
            if name == "applications":
                cases = [case for case in cases if case.form == "keras3" and case.name.endswith("-top")]
            small: set[str] = set()
            large: dict[str, Problem] = {}
            for problem in problems(cases, naming):
                sister = large.get(problem.family)
                if len(problem.items) <= MOST_LAYERS:
                    small.add(problem.family)
                    yield row(name, problem)
                elif sister is None or len(problem.items) < len(sister.items):
                    large[problem.family] = problem
            for family, problem in large.items():
                if family not in small:
                    yield row(name, problem)


def row(name: str, problem: Problem) -> Row:
    """Solve one problem; ``seconds`` (processor time) is for the screen, not for the file."""
    started = time.process_time()
    question = WiringProblem(
        problem.items, lambda producer, consumer: 0.0, None, problem.names(), roles=problem.roles()
    )
    found = solve_widening(question)
    if not found.wirings and problem.resort:
        found = solve_widening(replace(question, items=problem.resort))
    seconds = time.process_time() - started
    made: Row = {
        "set": name,
        "case": problem.name,
        "family": problem.family,
        "split": problem.split,
        "names": problem.naming,
        "layers": str(len(problem.items)),
        "parsed": str(int(bool(found.wirings))),
        "exact": "0",
        "rank": "",
        "probability": "",
        "edges": f"0/0/{len(problem.edges)}",
        "sure": "0/0",
        "bins": "",
        "seconds": f"{seconds:.1f}",
    }
    return made | _judged(problem, found) if found.wirings else made


def _judged(problem: Problem, found: WiringResult) -> Row:
    best = found.wirings[0].edges()
    ranks = [rank for rank, wiring in enumerate(found.wirings, 1) if wiring.edges() == problem.edges]
    shares: dict[tuple[int, int], float] = {}
    for wiring in found.wirings:
        for edge in wiring.edges():
            shares[edge] = shares.get(edge, 0.0) + wiring.probability
    sure = [edge for edge, share in shares.items() if share >= SURE]
    counts = [[0, 0.0, 0] for _ in range(BINS)]
    for edge, share in shares.items():
        place = min(BINS - 1, int(share * BINS))
        counts[place][0] += 1
        counts[place][1] += share
        counts[place][2] += edge in problem.edges
    return {
        "exact": str(int(best == problem.edges)),
        "rank": str(ranks[0]) if ranks else "",
        "probability": f"{found.wirings[0].probability:.3f}",
        "edges": f"{len(best & problem.edges)}/{len(best - problem.edges)}/{len(problem.edges - best)}",
        "sure": f"{sum(edge in problem.edges for edge in sure)}/{len(sure)}",
        "bins": ";".join(f"{n}:{mass:.3f}:{right}" for n, mass, right in counts),
    }


def summary(rows: list[Row]) -> Iterator[str]:
    """Figures by set, split and naming."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for item in rows:
        groups.setdefault((item["set"], item["split"], item["names"]), []).append(item)
    for (name, split, naming), members in groups.items():
        exact = sum(item["exact"] == "1" for item in members)
        top = sum(bool(item["rank"]) and int(item["rank"]) <= 5 for item in members)
        parsed = sum(item["parsed"] == "1" for item in members)
        right, total = (sum(int(item["sure"].split("/")[side]) for item in members) for side in (0, 1))
        yield (
            f"{name} {split}, names {naming}: exact {exact}/{len(members)}, among the first five {top},"
            f" parsed {parsed}, edges reported >= {SURE} right {right}/{total},"
            f" expected calibration error {calibration(members):.3f}"
        )


def calibration(rows: Iterable[Mapping[str, str]]) -> float:
    """Expected calibration error over edges; every net counts the same."""
    count, mass, right = ([0.0] * BINS for _ in range(3))
    for item in rows:
        if not item["bins"]:
            continue
        parts = [tuple(map(float, part.split(":"))) for part in item["bins"].split(";")]
        total = math.fsum(part[0] for part in parts) or 1.0
        for place, part in enumerate(parts):
            count[place] += part[0] / total
            mass[place] += part[1] / total
            right[place] += part[2] / total
    everything = math.fsum(count)
    return math.fsum(abs(m - r) for m, r in zip(mass, right, strict=True)) / everything if everything else 0.0
