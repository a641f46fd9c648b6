"""Formats that are written beside others."""

from __future__ import annotations

from pathlib import Path
from threading import Event, get_ident
from typing import Any

import pytest

from infer_convert.export.exporters import Exporter, saving

SUBJECT: Any = object()


def test_what_may_be_written_aside_is_begun_while_another_is_written(tmp_path: Path) -> None:
    begun, threads = Event(), {}

    def slow(subject: Any, target: Path) -> None:
        threads["slow"] = get_ident()
        assert begun.wait(20)
        target.write_text("slow")

    def aside(subject: Any, target: Path) -> None:
        threads["aside"] = get_ident()
        begun.set()
        target.write_text("aside")

    wanted = (Exporter("one", "a", slow), Exporter("two", "b", aside, aside=True))
    with saving(SUBJECT, wanted, tmp_path) as save:
        for exporter in wanted:
            save(exporter)
            assert (tmp_path / exporter.target).exists()
    assert threads["slow"] == get_ident() != threads["aside"]


def test_alone_it_is_written_where_the_caller_is(tmp_path: Path) -> None:
    threads = []
    exporter = Exporter("two", "b", lambda subject, target: threads.append(get_ident()), aside=True)
    with saving(SUBJECT, (exporter,), tmp_path) as save:
        save(exporter)
    assert threads == [get_ident()]


def test_its_error_is_raised_when_its_turn_comes_and_nothing_is_left_running(tmp_path: Path) -> None:
    written, ended = [], []

    def fails(subject: Any, target: Path) -> None:
        raise OSError("the disk is full")

    wanted = (
        Exporter("one", "a", lambda subject, target: written.append("one")),
        Exporter("two", "b", fails, aside=True),
    )
    with pytest.raises(OSError, match="full"), saving(SUBJECT, wanted, tmp_path) as save:
        for exporter in wanted:
            save(exporter)
    assert written == ["one"]

    def late(subject: Any, target: Path) -> None:
        Event().wait(0.2)
        ended.append("two")

    wanted = (Exporter("one", "a", fails), Exporter("two", "b", late, aside=True))
    with pytest.raises(OSError, match="full"), saving(SUBJECT, wanted, tmp_path) as save:
        save(wanted[0])
    assert ended == ["two"]
