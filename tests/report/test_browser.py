"""The page in a real browser: it draws, folds, answers clicks and keys, copies, and loads nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from infer_convert.inference import Inference
from infer_convert.plan import Basis, Decision, Evidence, Option, Plan, PlanLayer, Ref
from infer_convert.report import html
from infer_convert.report.document import document
from tests.cli import fake
from tests.report.browser import NAMES, Browser, chromium
from tests.report.test_report import hostile

pytestmark = pytest.mark.skipif(chromium() is None, reason=f"needs one of {', '.join(NAMES)} to look at report.html")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


def residual(blocks: int) -> Plan:
    """``blocks`` residual blocks of four layers behind an input; the first one's activation is in doubt."""
    layers = [PlanLayer("x", "InputLayer", {"batch_shape": [None, 4]})]
    for number in range(blocks):
        entry = layers[-1].name
        doubt = Decision("activation", "relu", 0.7, Basis.ASSUMED, (Option("tanh", 0.3),),
                         (Evidence("habits", 1.0, "most are relu"),))  # fmt: skip
        layers += [
            PlanLayer(f"b{number}_dense", "Dense", {"units": 4}, ((Ref(entry),),)),
            PlanLayer(f"b{number}_norm", "BatchNormalization", {}, ((Ref(f"b{number}_dense"),),)),
            PlanLayer(f"b{number}_act", "Activation", {"activation": "relu"}, ((Ref(f"b{number}_norm"),),),
                      decisions=() if number else (doubt,)),
            PlanLayer(f"b{number}_add", "Add", {}, ((Ref(entry), Ref(f"b{number}_act")),)),
        ]  # fmt: skip
    return Plan(tuple(layers), (Ref("x"),), (Ref(layers[-1].name),), 0.7)


def written(plan: Plan, path: Path) -> Path:
    facts = fake.facts()
    path.write_text(html.page(document(facts, Inference(facts, (plan,)))), encoding="utf-8")
    return path


def boxes(browser: Browser) -> int:
    return int(browser.run("document.querySelectorAll('#canvas .node').length"))


def test_clicking_through(browser: Browser, tmp_path: Path) -> None:
    browser.errors.clear()
    browser.open(written(residual(12), tmp_path / "r.html"))
    assert boxes(browser) == 2  # the input and twelve folded blocks
    browser.click("#unfold")
    assert boxes(browser) == 49
    browser.click('.node[data-id="L3"]')
    said = browser.run("document.getElementById('details').innerText")
    for words in ("b0_act", "most are relu", "70%", "tanh", "b0_act.activation=\"tanh\""):
        assert words in said, words
    browser.click("#fold")
    browser.click('#questions a[data-layer="b0_act"]')
    assert "b0_act" in browser.run("document.querySelector('#canvas .chosen').textContent")
    browser.click('input[data-question="0"][value="1"]')
    hints = browser.run("document.getElementById('hints').textContent")
    assert hints == '[b0_act]\nactivation = "tanh"\n'
    browser.run("const f = document.getElementById('filter'); f.value = 'add'; f.dispatchEvent(new Event('input'))")
    assert browser.run("document.querySelectorAll('#layers tbody tr:not([hidden])').length") == 12
    assert browser.errors == []


def test_keys_walk_along_the_wires(browser: Browser, tmp_path: Path) -> None:
    browser.errors.clear()
    browser.open(written(residual(3), tmp_path / "r.html"))
    browser.run("document.querySelector('.node[tabindex=\"0\"]').focus()")
    browser.key("ArrowDown")
    assert "b0_dense" in browser.run("document.activeElement.textContent")
    browser.key("Enter")
    assert "b0_dense" in browser.run("document.getElementById('details').innerText")
    browser.key("ArrowUp")
    assert browser.run("document.activeElement.dataset.id") == "L0"
    assert browser.errors == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wider_than_the_screen_and_boxes_stay_apart(
    browser: Browser, tmp_path: Path, width: int, dark: bool
) -> None:
    browser.open(written(residual(12), tmp_path / "r.html"), width, 800, dark)
    assert browser.run("document.documentElement.scrollWidth") <= width
    browser.run("document.getElementById('unfold').click()")
    found = browser.run(
        "JSON.stringify([...document.querySelectorAll('#canvas .node .face')].map((face) => {"
        " const r = face.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; }))"
    )
    rows: dict[int, list[list[float]]] = {}
    for box in json.loads(found):
        rows.setdefault(round(box[1]), []).append(box)
    for row in rows.values():
        row.sort()
        assert all(left[2] <= right[0] for left, right in pairwise(row))


def test_eight_hundred_layers_are_quick(browser: Browser, tmp_path: Path) -> None:
    path = written(residual(200), tmp_path / "r.html")
    assert path.stat().st_size < 3_000_000
    browser.open(path)
    assert int(browser.run("document.documentElement.dataset.ready")) < 2000
    browser.click("#unfold")
    assert boxes(browser) == 801
    assert browser.run("(() => { const t = performance.now(); render(); return performance.now() - t; })()") < 2000


def test_hostile_names_stay_text(browser: Browser, tmp_path: Path) -> None:
    browser.errors.clear()
    path = tmp_path / "h.html"
    path.write_text(html.page(hostile()), encoding="utf-8")
    browser.open(path)
    assert browser.run("document.querySelectorAll('script').length") == 2
    for number in range(boxes(browser)):
        browser.run(f"document.querySelectorAll('#canvas .node')[{number}].dispatchEvent("
                    "new MouseEvent('click', {bubbles: true}))")  # fmt: skip
        assert browser.run("document.querySelectorAll('#details script, #canvas script').length") == 0
    assert "<script>alert(1)" in browser.run("document.body.innerText")
    assert browser.errors == []


def test_a_phone_scrolls_the_table_and_breaks_no_word(browser: Browser, tmp_path: Path) -> None:
    browser.open(written(residual(2), tmp_path / "r.html"), 390, 800)
    assert browser.run("document.querySelector('#layers table').offsetWidth") > 600
    assert browser.run("document.documentElement.scrollWidth") <= 390
    commands = browser.run("[...document.querySelectorAll('.command span')].map(one => one.textContent)")
    assert commands and all(each.startswith("--set ") for each in commands)


def test_a_small_net_leaves_no_empty_canvas(browser: Browser, tmp_path: Path) -> None:
    layers = (PlanLayer("x", "InputLayer", {"batch_shape": [None, 4]}),
              PlanLayer("dense", "Dense", {"units": 4}, ((Ref("x"),),)))  # fmt: skip
    browser.open(written(Plan(layers, (Ref("x"),), (Ref("dense"),), 0.7), tmp_path / "r.html"))
    assert browser.run("document.getElementById('canvas').offsetHeight") < 200
    browser.run("[...document.querySelectorAll('.tools button')].find(one => one.textContent === 'Fit').click()")
    assert browser.run("document.querySelector('#canvas svg').getBoundingClientRect().height") < 250
