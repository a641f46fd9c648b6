"""Where the benchmark keeps things."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("INFER_CONVERT_BENCH_CACHE", HERE / ".cache"))
FROZEN = HERE / "frozen"
RESULTS = HERE / "results"
TRANSCRIBED = HERE / "transcribed"


def corpus() -> Path | None:
    """The folder of stored real files, when it is there: ``$INFER_CONVERT_CORPUS`` or ``shared/corpus`` beside the
    repository."""
    named = os.environ.get("INFER_CONVERT_CORPUS")
    places = [Path(named)] if named else [HERE.parent.parent / "shared" / "corpus"]
    return next((place for place in places if (place / "manifest.json").is_file()), None)
