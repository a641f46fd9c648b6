"""``python batch.py FILE…`` in an empty folder: convert each to its report, one JSON line of outcome per file.

Run in a process of its own so that its memory is its own: the last line is its peak and that of its children.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import time
import traceback
from pathlib import Path

from infer_convert.cli import run


def own_peak() -> int:
    """This process's largest resident memory in kB; getrusage would count that of the process that started it too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))


for number, name in enumerate(sys.argv[1:]):
    said, start = io.StringIO(), time.monotonic()
    code: object
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = run(["convert", name, "-o", f"out{number}", "--to", "report"])
    except BaseException:
        code = traceback.format_exc()
    print(json.dumps([code, said.getvalue(), time.monotonic() - start]), flush=True)
assert not {"h5py", "tensorflow", "keras"} & set(sys.modules), "the parent process opened the file itself"
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([own_peak() / 1024, children / 1024]))
