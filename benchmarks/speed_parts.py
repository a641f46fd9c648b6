"""The rows of the speed table that stand for one part of the work: stages, a second run with hints, ``inspect``,
``import``."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from statistics import median

import h5py
import numpy as np

from benchmarks.costs import Cost, command
from infer_convert import sandbox

LAYERS, UNITS = 800, 395
"""Of the file that is inspected: 500 MB."""
HUGE_LAYERS, HUGE_UNITS = 6, 16_384
SHORT = {"reading": "read", "inferring": "infer+keras", "building and verifying": "build", "exporting": "export"}
_STAGES = """
import sys, time
marks = [("import", time.perf_counter())]
from pathlib import Path
from infer_convert.pipeline import Options, convert
options = Options(Path(sys.argv[1]), Path(sys.argv[2]), to=tuple(sys.argv[3].split(",")), force=True, own_process=True)
convert(options, lambda stage: marks.append((stage, time.perf_counter())))
marks.append(("end", time.perf_counter()))
print(*(f"{name}={then - now:.2f}" for (name, now), (_, then) in zip(marks, marks[1:])), sep=";")
"""
_AGAIN = """
import sys, time
from dataclasses import replace
from pathlib import Path
from infer_convert import kept
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.pipeline import inspect
from infer_convert.sandbox import open_tensors
from infer_convert.solve.notes import noting
path, folder, library = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "library"
facts, hints = inspect(path), Hints(library=library)
if len(sys.argv) > 4:
    first = [line.split("\\t") for line in (folder / "answers").read_text().splitlines()]
    hints = replace(hints, answers={(layer, field): eval(value) for layer, field, value in first})
with open_tensors(path, facts=facts) as store:
    started = time.perf_counter(), time.process_time()
    with noting(kept.load(folder), kept.state(path)) as searches:
        found = infer(facts, hints, store)
    print(time.perf_counter() - started[0], time.process_time() - started[1])
kept.save(folder, searches)
doubtful = sorted((d.confidence, l.name, d.field, repr(d.value)) for _, l in found.best.walk() for d in l.decisions
                  if d.field in ("activation", "strides", "padding"))
(folder / "answers").write_text("\\n".join("\\t".join(each[1:]) for each in doubtful[:5]))
"""


def stages(place: Path, weights: Path, to: str) -> str:
    """Wall seconds of every stage of one conversion."""
    _, said = command(place, sys.executable, "-c", _STAGES, str(weights), str(place / "staged"), to)
    line = said.strip().splitlines()[-1]
    for name, short in SHORT.items():
        line = line.replace(f"{name}=", f"{short}=")
    return line


def again(place: Path, weights: Path, library: str, times: int) -> tuple[float, float]:
    """A second inference of a file with five answers given, in a process of its own, against the first: wall,
    processor."""
    ratios = []
    for number in range(times):
        folder = place / f"again-{library}-{number}"
        folder.mkdir()
        words = (sys.executable, "-c", _AGAIN, str(weights), str(folder), library)
        first, second = (command(place, *words, *more)[1].split()[-2:] for more in ((), ("again",)))
        ratios.append([float(b) / float(a) for a, b in zip(first, second, strict=True)])
    return median(r[0] for r in ratios), median(r[1] for r in ratios)


def large_file(path: Path) -> None:
    """A Keras 3 weight file of 500 MB and 800 layers."""
    kernel, bias = np.ones((UNITS, UNITS), "f4"), np.ones(UNITS, "f4")
    with h5py.File(path, "w") as file:
        for number in range(LAYERS):
            group = file.create_group(f"layers/dense_{number}" if number else "layers/dense")
            own = group.create_group("vars")
            own["0"], own["1"] = kernel, bias


def huge_file(path: Path) -> None:
    """A Keras 3 weight file of 6.4 GB: six Denses, whose numbers are holes that the disk reads as zeros."""
    place = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    place.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    place.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    with h5py.File(path, "w") as file:
        for number in range(HUGE_LAYERS):
            own = file.create_group(f"layers/dense_{number}/vars" if number else "layers/dense/vars")
            for name, shape in (("0", (HUGE_UNITS, HUGE_UNITS)), ("1", (HUGE_UNITS,))):
                h5py.h5d.create(own.id, name.encode(), h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple(shape), place)


def converted(place: Path, path: Path) -> Cost:
    """One conversion to a SavedModel, with the memory of all its processes together."""
    words = ("-m", "infer_convert", str(path), "--to", "savedmodel", "-o", str(place / "huge"), "--force")
    return command(place, sys.executable, *words, watched=True)[0]


def inspected(place: Path, path: Path, times: int) -> tuple[Cost, float]:
    """``inspect`` of a file: medians, and the part of its bytes that is read."""
    words = (sys.executable, "-m", "infer_convert", "inspect", str(path))
    runs = [command(place, *words)[0] for _ in range(times)]
    peak = command(place, *words, watched=True)[0].peak
    with path.open("rb") as stream:
        counting = _Counting(stream)
        sandbox.read(path, remote=io.BufferedReader(counting, 1))
    read = counting.given / path.stat().st_size
    return Cost(median(run.wall for run in runs), median(run.processor for run in runs), peak), read


def imported(place: Path, times: int) -> float:
    """Seconds of ``import infer_convert`` beyond an empty Python."""
    bare, ours = (
        median(command(place, sys.executable, "-c", statement)[0].wall for _ in range(times))
        for statement in ("pass", "import infer_convert")
    )
    return ours - bare


class _Counting(io.RawIOBase):
    """A file that counts the bytes it gives."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.given = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: object, /) -> int:
        count = self._stream.readinto(buffer)  # type: ignore[arg-type]
        self.given += count
        return count
