"""The attack files against our command and against Keras' own loaders, each in a process of its own with limits.

``python -m benchmarks attacks`` writes ``results/attacks.tsv``. Ours: ``convert --to report`` (which imports no
TensorFlow) is measured, and what it accepts is converted whole as well. Keras: ``load_model(compile=False)`` for full
models, ``KerasFileEditor`` for weights files and archives, in a fork of a process that has imported Keras. *Falls*
means: code of the file ran, data from outside the file came in, the process died, or it took more than 5 s of
processor time or 300 MB (Keras: beyond what it takes to import it).
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.paths import HERE, RESULTS
from tests.hostile.files import ATTACKS, TRAP, Attack

COLUMNS = ("attack", "exit", "seconds", "mb", "falls", "keras", "keras_seconds", "keras_mb", "keras_falls")
SECONDS, MEGABYTES = 5, 300
PATIENCE = 30
ROOM = 8 * 2**30
OUTSIDE = 42.0
"""Every number of the files that links, external storage and virtual datasets would pull in."""

_LAUNCH = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=sys.argv[1])
said = process.stderr.read().decode()
_, status, used = os.wait4(process.pid, 0)
spent = used.ru_utime + used.ru_stime
print(json.dumps([os.waitstatus_to_exitcode(status), said, spent, used.ru_maxrss / 1024]))
"""


def run() -> Iterator[dict[str, str]]:
    """One line per attack."""
    import keras

    for attack in ATTACKS:
        with tempfile.TemporaryDirectory() as base:
            folder, empty = Path(base, "in", "inner"), Path(base, "out")
            folder.mkdir(parents=True)
            empty.mkdir()
            file = attack.make(folder)
            row = {"attack": attack.name} | _ours(attack, file, empty)
            yield row | _theirs(keras, file, empty)


def _ours(attack: Attack, file: Path, folder: Path) -> dict[str, str]:
    code, said, seconds, peak = _command(folder, str(file), "-o", "report", "--to", "report", "-q")
    falls = ""
    if code not in attack.codes or said.count("\n") != (code != 0):
        falls = "another exit than documented"
    elif seconds > SECONDS:
        falls = "time"
    elif peak > MEGABYTES:
        falls = "memory"
    if code in (0, 8):
        code, said, _, _ = _command(folder, str(file), "-o", "whole", "-q")
        falls = falls or ("" if code in attack.codes or code == 6 else "another exit than documented")
    if _sprung(folder):
        falls = "code ran"
    return {"exit": str(code), "seconds": _seconds(seconds), "mb": _memory(peak), "falls": falls}


def _command(folder: Path, *arguments: str) -> tuple[int, str, float, float]:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "infer_convert", *arguments]
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(folder), *command]
    done = subprocess.run(launcher, env=environment, capture_output=True, text=True, timeout=300)
    code, said, seconds, peak = json.loads(done.stdout)
    return code, said, seconds, peak


def _theirs(keras: Any, file: Path, folder: Path) -> dict[str, str]:
    """What Keras says, in a fork."""
    if file.suffix == ".json":
        return {"keras": "not applicable", "keras_seconds": "", "keras_mb": "", "keras_falls": ""}
    before = _resident()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _in_child(keras, file, folder, writer)
    os.close(writer)
    with os.fdopen(reader) as stream:
        said = stream.read()
    _, status, used = os.wait4(child, 0)
    seconds, grown = used.ru_utime + used.ru_stime, max(0.0, used.ru_maxrss / 1024 - before)
    code = os.waitstatus_to_exitcode(status)
    answer, leaked = json.loads(said) if said else (f"died ({signal.strsignal(-code) if code < 0 else code})", False)
    falls = ""
    if _sprung(folder):
        falls = "code ran"
    elif leaked:
        falls = "data from outside"
    elif not said:
        falls = "time" if -code in (signal.SIGALRM, signal.SIGXCPU) else "died"
    elif grown > MEGABYTES or answer.startswith("MemoryError"):
        falls = "memory"
    elif seconds > SECONDS:
        falls = "time"
    return {"keras": answer, "keras_seconds": _seconds(seconds), "keras_mb": _memory(grown), "keras_falls": falls}


def _in_child(keras: Any, file: Path, folder: Path, writer: int) -> None:
    """Never returns."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.chdir(folder)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PATIENCE)
    leaked = False
    try:
        answer, numbers = _loaded(keras, file)
        leaked = any((array == OUTSIDE).any() for array in numbers)
    except BaseException as error:
        answer = f"{type(error).__name__}"
    with contextlib.suppress(OSError):
        os.write(writer, json.dumps([answer, bool(leaked)]).encode())
    os._exit(0)


def _loaded(keras: Any, file: Path) -> tuple[str, list[Any]]:
    import numpy as np

    if file.name.endswith(".weights.h5"):
        editor = keras.saving.KerasFileEditor(str(file))
        return "opened", [np.asarray(array) for array in _leaves(editor.weights_dict)]
    model = keras.models.load_model(str(file), compile=False)
    return "loaded", [np.asarray(weight.value) for weight in model.weights]


def _leaves(tree: Any) -> Iterator[Any]:
    for value in tree.values():
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield value


def _sprung(folder: Path) -> bool:
    return (folder / TRAP).exists()


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def _seconds(value: float) -> str:
    """Rounded up, so that a second run gives the same file."""
    return str(int(value) + 1)


def _memory(value: float) -> str:
    return str(int(-(-value // 50) * 50))


def save(rows: list[dict[str, str]]) -> None:
    """Write the outcomes that git keeps."""
    lines = ["\t".join(COLUMNS), *("\t".join(row[column] for column in COLUMNS) for row in rows)]
    (RESULTS / "attacks.tsv").write_text("\n".join(lines) + "\n")


def main(say: Callable[[str], None]) -> bool:
    """Run all, write the table, say the sums; whether ours fell to none."""
    rows = []
    for row in run():
        say("\t".join(row[column] for column in COLUMNS))
        rows.append(row)
    save(rows)
    ours = [row["attack"] for row in rows if row["falls"]]
    theirs = [row["attack"] for row in rows if row["keras_falls"]]
    say(f"{len(rows)} files: ours falls to {len(ours)} {ours}, Keras to {len(theirs)} {theirs}")
    return not ours
