"""The whole recovery benchmark, one command after another as one would type them, and the minutes that each takes.

Commands of one phase run side by side where they use one core each; speed is measured alone. Lines of this code that
are cached are not made anew, so an interrupted run resumes. The gallery and the measures of single parts of the tool
(``library``, ``numbers``, ``questions``, ``kinds``, ``fuzz``, ``growth``, …) are commands of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Words = tuple[str, ...]
SMALL = ("corpus", "transcribed", "smoke")
NAMINGS = ("--names", "kept", "--names", "class")
MODELS = ("--model", "ResNet50", "--model", "MobileNetV2", "--model", "VGG16")
AGAINST = ("--what", "savedmodel", "--what", "savedmodel,keras,python")
"""Against the usual way; the other rows of ``speed`` are about this tool alone."""
PHASES: tuple[tuple[Words, ...], ...] = (
    (("run", "--jobs", "2", "--set", "zoo", "--names", "kept", "--names", "class", "--names", "stripped"),),
    (("run", "--jobs", "2", "--set", "applications", *NAMINGS),),
    (("run", "--jobs", "2", "--set", "applications", "--names", "class", "--without-own-family"),),
    (("run", "--jobs", "2", *(word for name in SMALL for word in ("--set", name))),),
    (("written",), ("wiring",)),
    (("speed", "--times", "5", *MODELS, *AGAINST),),
    (("summary",),),
)


def run(tell: Callable[[str], None]) -> bool:
    """Run every phase; tell the last line and the minutes of each command. False when one of them failed."""
    begun, good = time.monotonic(), True
    for phase in PHASES:
        with ThreadPoolExecutor(len(phase)) as pool:
            for words, (code, minutes) in zip(phase, pool.map(_timed, phase), strict=True):
                tell(f"{minutes:5.1f} min  {' '.join(words)}{'' if code == 0 else f'  exit {code}'}")
                good &= code == 0
    tell(f"{(time.monotonic() - begun) / 60:5.1f} min in all")
    return good


def _timed(words: Words) -> tuple[int, float]:
    """Exit code and minutes; progress bars go to the terminal, tables nowhere: ``summary`` prints them."""
    begun = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-m", "benchmarks", *words], env=environment, stdout=subprocess.DEVNULL)
    return done.returncode, (time.monotonic() - begun) / 60
