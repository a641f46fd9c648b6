"""Tasks that misbehave, importable by spawned workers."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """``kind``: fine, dies (always), dies-once, sleeps; every start leaves a line ``name pid start|end time``."""

    name: str
    kind: str
    log: Path
    cost: int = 1
    seconds: float = 0.0


def do(job: Job) -> str:
    _note(job, "start")
    time.sleep(job.seconds)
    once = job.log.with_name(f"{job.name}.once")
    if job.kind == "dies" or (job.kind == "dies-once" and not once.exists()):
        once.touch()
        os.kill(os.getpid(), 9)
    _note(job, "end")
    return job.name


def _note(job: Job, what: str) -> None:
    with job.log.open("a") as log:
        log.write(f"{job.name} {os.getpid()} {what} {time.monotonic()}\n")
