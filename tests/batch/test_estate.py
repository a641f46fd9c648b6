"""Clusters and families, answers carried by position, shared questions, the page."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from infer_convert.batch.answers import Answers, carried, check_answers, load_answers
from infer_convert.batch.estate import COLUMNS, Entry, clusters_of, index, row
from infer_convert.batch.families import cluster_id, families, similarity
from infer_convert.batch.identity import result_key
from infer_convert.batch.page import page
from infer_convert.batch.shared import Asked, Shared, shared_questions, template
from infer_convert.batch.sources import Skipped
from infer_convert.errors import UsageError
from infer_convert.hints import Hints, load_hints

HOSTILE = "evil\x1b[31m\u202e</title><script>alert(1)</script>"


def net(depth: int, classes: int) -> tuple[tuple[str, tuple[tuple[int, ...], ...]], ...]:
    trunk = tuple(("Conv2D", ((3, 3, 8 * (i + 1), 8 * (i + 2)),)) for i in range(depth))
    return (*trunk, ("flatten", ()), ("Dense", ((64, classes), (classes,))))


def test_structure_decides_the_cluster_not_names() -> None:
    assert cluster_id(net(3, 10)) == cluster_id(net(3, 10)) != cluster_id(net(3, 11))
    assert cluster_id(net(3, 10)) != cluster_id(net(3, 10)[:3] + net(3, 10)[4:]), "layers without weights count"


def test_another_head_is_the_same_family() -> None:
    clusters = {cluster_id(it): it for it in (net(12, 10), net(12, 7), net(3, 10), (("Dense", ((5, 5),)),))}
    ids = list(clusters)
    found = families(clusters, {ids[0]: 2, ids[1]: 40, ids[2]: 1, ids[3]: 1}).of
    assert found[ids[0]] == found[ids[1]] == "f" + ids[1][1:], "called after the largest"
    assert len({found[name] for name in ids}) == 3
    assert similarity(net(2, 3), net(2, 3)) == 1.0 and similarity((), ()) == 1.0
    assert similarity(net(2, 3), (("Dense", ((9, 9),)),)) == 0.0


def test_answers_are_carried_by_position() -> None:
    hints = Hints(
        {"input_1": ((4,),)},
        {("dense_1", "activation"): "relu", ("add_1", "inbound"): [["dense_1:1", "dense_2"]], ("new", "axis"): -1},
        ("dense_2:0:1",),
    )
    found = carried(hints, ("input_1", "dense_1", "dense_2", "add_1"), ("input_9", "dense_5", "dense_1", "add_7"))
    assert found.answers == {
        ("dense_5", "activation"): "relu", ("add_7", "inbound"): [["dense_5:1", "dense_1"]], ("new", "axis"): -1,
    }  # fmt: skip
    assert (found.input_shapes, found.outputs) == ({"input_9": ((4,),)}, ("dense_1:0:1",))
    other = carried(hints, ("input_1", "dense_1", "dense_2", "add_1"), ("dense_1", "x"))
    assert set(other.answers) == {("dense_1", "activation"), ("new", "axis")}


def test_which_hints_hold_for_whom(tmp_path: Path) -> None:
    for name, value in (("all", "relu"), ("f77", "tanh"), ("c12", "selu")):
        (tmp_path / f"{name}.toml").write_text(f'[d]\nactivation = "{value}"\n')
    answers = load_answers(
        [str(tmp_path / "all.toml"), f"f77={tmp_path}/f77.toml", f"c12={tmp_path}/c12.toml"], Hints()
    )
    assert [answers.of(*it).answer("d", "activation") for it in (("c12a", "f77a"), ("c99", "f77a"), ("c99", "f1"))] == [
        "selu", "tanh", "relu",
    ]  # fmt: skip
    assert set(load_answers([str(tmp_path)], Hints()).special) == {"all", "f77", "c12"}
    check_answers(answers, ["c12a", "f77a", "f1"])
    for known in (["c12a", "c12b", "f77a"], ["f77a"]):
        with pytest.raises(UsageError, match="--hints c12: expected the id of one cluster"):
            check_answers(Answers(special={"c12": Hints()}, named=frozenset({"c12"})), known)


def asked(file: str, names: tuple[str, ...], confidence: float, layer: str) -> Asked:
    question = {
        "layer": layer,
        "field": "inbound",
        "value": [[names[0]]],
        "confidence": confidence,
        "alternatives": [[[[names[1]]], 1 - confidence]],
    }
    return Asked(file, names, [question])


def test_questions_of_a_cluster_are_one_question(tmp_path: Path) -> None:
    files = [asked("a", ("x_1", "y_1"), 0.6, "y_1"), asked("b", ("x_8", "y_3"), 0.8, "y_3")]
    (question,) = shared_questions(files)
    assert (question.layer, question.files) == ("y_1", 2)
    assert [(value, round(share, 6)) for value, share in question.values] == [([["x_1"]], 0.7), ([["y_1"]], 0.3)]
    assert question.doubt == pytest.approx(0.7339691750802004)
    text = template("c1", HOSTILE, 2, [question])
    assert tomllib.loads(text) == {} and "\x1b" not in text
    opened = [line.removeprefix("# ") if line.startswith(("# [", "# inbound")) else line for line in text.split("\n")]
    (tmp_path / "h.toml").write_text("\n".join(line for line in opened if line[:20] != 'inbound = [["y_1"]] '))
    assert load_hints(tmp_path / "h.toml").answers == {("y_1", "inbound"): [["x_1"]]}


def test_an_inputs_shape_is_answered_as_such(tmp_path: Path) -> None:
    question = Shared("in_1", "batch_shape", (([None, 28, None, 3], 0.5),), 1, 0.7)
    text = template("c1", "a", 1, [question]).replace("# [", "[").replace("# in_1", "in_1")
    (tmp_path / "h.toml").write_text(text)
    assert load_hints(tmp_path / "h.toml").input_shapes == {"in_1": ((28, None, 3),)}


def entries() -> tuple[Entry, ...]:
    facts = {
        "exit_code": 0,
        "names": [HOSTILE, "b"],
        "generation": "keras2",
        "kind": "full",
        "n_layers": 2,
        "parameters": 9,
    }
    result = {
        "exit_code": 0, "message": None, "folder": True, "confidence": 0.5,
        "questions": [{
            "layer": HOSTILE, "field": "activation", "value": HOSTILE, "confidence": 0.5, "alternatives": [],
        }],
    }  # fmt: skip
    bad = {"exit_code": 3, "message": f"{HOSTILE}: damaged", "folder": False}
    return (
        Entry(HOSTILE, f"/{HOSTILE}", 10, "aa", facts, result, "c1", "f1", "k" * 32),
        Entry("two", "/two", 10, "aa", facts, result, "c1", "f1", "k" * 32, HOSTILE),
        Entry("three", "/three", 5, None, bad),
        Entry("four", "/four", 5),
    )


def test_the_page_escapes_and_needs_no_network() -> None:
    made = page(entries(), clusters_of(entries()), (Skipped(HOSTILE, "no reason"),), True)
    assert "<script" not in made and "\x1b" not in made and "\u202e" not in made
    assert made.count("</title>") == 1 and "default-src &#x27;none&#x27;" in made
    assert "1 failed" in made and "1 pending" in made and "Where to look first" in made


def test_the_index_is_plain_and_whole() -> None:
    found = index(entries(), clusters_of(entries()), ())
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [entry["status"] for entry in found["files"]] == ["converted", "converted", "failed", "pending"]
    assert all(tuple(entry) == COLUMNS for entry in found["files"])
    assert found["counts"]["duplicates"] == 1 and found["clusters"][0]["questions"][0]["files"] == 2
    assert row(entries()[0])["result"] == "results/" + "k" * 32


def test_what_names_a_result() -> None:
    plain = Hints(answers={("a", "x"): [1, 2], ("b", "y"): "relu"}, without_families=frozenset({"vgg", "resnet"}))
    other = Hints(answers={("b", "y"): "relu", ("a", "x"): [1, 2]}, without_families=frozenset({"resnet", "vgg"}))
    keys = [
        result_key("sha", {"to": ["report"]}, plain),
        result_key("other", {"to": ["report"]}, plain),
        result_key("sha", {"to": ["keras"]}, plain),
        result_key("sha", {"to": ["report"]}, Hints()),
        result_key("sha", {"to": ["report"]}, Hints(numbers="never")),
    ]
    assert len(set(keys)) == 5 and keys[0] == result_key("sha", {"to": ["report"]}, other)
