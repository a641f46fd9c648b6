"""``python -m infer_convert``, and the console command."""

from __future__ import annotations

import sys

_READ_NOTHING = {"batch", "diff", "--help", "--version"}


def main() -> None:
    """Start the process that will read the file, then import the command line: the two take as long."""
    words = sys.argv[1:]
    if words and not _READ_NOTHING & set(words) and not any("://" in word for word in words):
        from infer_convert.sandbox.session import prepare

        prepare()
    from infer_convert.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
