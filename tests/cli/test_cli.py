"""What a user types, what comes out, and which exit code."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import keras
import numpy as np
import pytest

from infer_convert import cli
from infer_convert.errors import NoArchitecture, RefusedForSafety
from infer_convert.export import exporters
from infer_convert.formats import formats
from infer_convert.inference import LeftOver
from infer_convert.plan import Plan
from infer_convert.report.json import schema
from tests.cli import fake


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    """Work in an empty folder with one weight file and fake readers."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known.h5").write_bytes(b"weights")
    kept = {name: sys.modules.get(name) for name in ("infer_convert.sandbox", "infer_convert.infer")}
    fake.install()
    yield fake.install
    for name, found in kept.items():
        sys.modules.pop(name, None)
        if found is not None:
            sys.modules[name] = found


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def valid(folder: Path) -> dict[str, Any]:
    report = json.loads((folder / "report.json").read_text())
    jsonschema.validate(report, schema())
    return dict(report)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.endswith("\n"), error
    return error


def test_a_conversion_writes_everything_and_exits_0(put: Any, tmp_path: Path, capsys: Any) -> None:
    assert cli.run(["known.h5"]) == 0
    out = tmp_path / "known.converted"
    assert names(out) == {"saved_model", "model.keras", "model.py", "report.html", "report.json"}
    assert names(tmp_path) == {"known.h5", "known.converted"}
    report = valid(out)
    assert report["verification"]["bit_exact"] is True
    assert report["verification"]["order_reproduced"] is True
    assert report["verification"]["savedmodel_max_abs_diff"] < 1e-6
    assert report["confidence"] == 0.7
    assert report["alternatives"][0]["differs"] == [{"layer": "hidden", "field": "activation", "value": "tanh"}]
    output = capsys.readouterr()
    assert output.err == ""
    assert "--set 'hidden.activation=\"tanh\"'" in output.out
    model = keras.models.load_model(out / "model.keras")
    np.testing.assert_array_equal(model.get_layer("hidden").kernel.numpy(), fake.NUMBERS["/hidden/kernel"])


def test_an_existing_output_is_refused_without_force(put: Any, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("x")
    assert cli.run(["known.h5", "-o", "out", "--to", "python"]) == 2
    assert "--force" in one_line(capsys)
    assert names(out) == {"mine.txt"}
    assert cli.run(["known.h5", "-o", "out", "--to", "python", "--force", "-q"]) == 0
    assert names(out) == {"model.py", "report.html", "report.json"}
    assert capsys.readouterr().out == ""
    assert cli.run(["known.h5", "-o", ".", "--force"]) == 2
    assert "holds the input" in one_line(capsys)


def test_a_failure_in_the_middle_leaves_nothing(put: Any, tmp_path: Path, monkeypatch: Any) -> None:
    def broken(*arguments: Any) -> None:
        raise ZeroDivisionError("in the middle")

    monkeypatch.setattr(
        exporters, "EXPORTERS", (*exporters.EXPORTERS[:2], exporters.Exporter("python", "model.py", broken))
    )
    with pytest.raises(ZeroDivisionError):
        cli.run(["known.h5"])
    assert names(tmp_path) == {"known.h5"}
    old = tmp_path / "known.converted"
    old.mkdir()
    (old / "old.txt").write_text("x")
    with pytest.raises(ZeroDivisionError):
        cli.run(["known.h5", "--force"])
    assert names(tmp_path) == {"known.h5", "known.converted"}
    assert names(old) == {"old.txt"}


def test_a_full_disk_is_no_bug_and_leaves_nothing(put: Any, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(exporters, "EXPORTERS", (exporters.Exporter("python", "model.py", full),))
    assert cli.run(["known.h5"]) == 2
    assert "No space left" in one_line(capsys)
    assert names(tmp_path) == {"known.h5"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.h5"], "there is no file missing.h5"),
        (["known.h5", "--bogus"], "--bogus"),
        (["known.h5", "--to", "tarball"], "tarball"),
        (["known.h5", "--set", "nonsense"], "LAYER.FIELD=VALUE"),
        (["known.h5", "--input-shape", "a,b"], "'a'"),
        (["known.h5", "--hints", "missing.toml"], "missing.toml"),
        (["known.h5", "--examples", "missing.npz"], "missing.npz"),
        (["known.h5", "--examples", "missing.npz", "--to", "report"], "--to report builds none"),
        (["known.h5", "--data-format", "sideways"], "sideways"),
        (["known.h5", "--custom-objects", "os"], "MODULE:NAME"),
        (["known.h5", "--custom-objects", "no_such_module_at_all:X"], "no_such_module_at_all"),
        (["known.h5", "-o", "no/such/parent"], "parent"),
        (["inspect"], "issing argument"),
        (["inspect", "missing.h5"], "missing.h5"),
    ],
)
def test_usage_errors_exit_2_with_one_line(
    put: Any, tmp_path: Path, capsys: Any, arguments: list[str], said: str
) -> None:
    assert cli.run(arguments) == 2
    assert said in one_line(capsys)
    assert names(tmp_path) == {"known.h5"}


def test_a_file_that_is_no_weight_file_exits_3(put: Any, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "known.h5").write_bytes(b"nothing")
    for command in ([], ["inspect"]):
        assert cli.run([*command, "known.h5"]) == 3
        assert "sought" in one_line(capsys)
    assert names(tmp_path) == {"known.h5"}


def raising(error: Exception) -> Callable[..., Any]:
    def infer(*arguments: Any) -> Any:
        raise error

    return infer


def test_no_architecture_exits_4_and_writes_the_report_alone(put: Any, tmp_path: Path, capsys: Any) -> None:
    put(raising(NoArchitecture("no wiring fits\nanywhere", ("hidden needs 4 channels, has 3",))))
    assert cli.run(["known.h5"]) == 4
    assert "no wiring fits anywhere" in one_line(capsys)
    out = tmp_path / "known.converted"
    assert names(out) == {"report.html", "report.json"}
    report = valid(out)
    assert report["failure"]["causes"] == ["hidden needs 4 channels, has 3"]
    assert report["confidence"] == 0.0


def test_a_plan_that_cannot_be_built_exits_4_and_names_the_layer(put: Any, tmp_path: Path, capsys: Any) -> None:
    put(lambda *_: fake.inference(fake.plan(colour="red")))
    assert cli.run(["known.h5"]) == 4
    assert "layer hidden (Dense)" in one_line(capsys)
    assert names(tmp_path / "known.converted") == {"report.html", "report.json"}


def test_the_next_plan_is_built_when_the_best_cannot_be(put: Any, tmp_path: Path) -> None:
    put(lambda *_: fake.inference(fake.plan(colour="red"), fake.plan("tanh", 0.3)))
    assert cli.run(["known.h5", "--to", "python"]) == 0
    report = valid(tmp_path / "known.converted")
    assert report["confidence"] == 0.3
    assert any("passed over" in note for note in report["notes"])


def test_a_refusal_exits_5_and_writes_nothing(put: Any, tmp_path: Path, capsys: Any) -> None:
    put(raising(RefusedForSafety("a Lambda layer; --custom-objects allows it")))
    assert cli.run(["known.h5"]) == 5
    assert "--custom-objects" in one_line(capsys)
    assert names(tmp_path) == {"known.h5"}


def test_numbers_that_do_not_fit_exit_6_with_the_report_alone(put: Any, tmp_path: Path, capsys: Any) -> None:
    put(None, {**fake.NUMBERS, "/out/bias": np.zeros(4, "float32")})
    assert cli.run(["known.h5"]) == 6
    line = one_line(capsys)
    assert "out.bias" in line and "(3,)" in line and "(4,)" in line
    assert names(tmp_path / "known.converted") == {"report.html", "report.json"}
    assert valid(tmp_path / "known.converted")["failure"]["exit_code"] == 6


def test_a_weight_without_a_tensor_exits_6(put: Any, tmp_path: Path, capsys: Any) -> None:
    from dataclasses import replace

    plan = fake.plan()
    hole = plan.with_layers((*plan.layers[:2], replace(plan.layers[2], weights=plan.layers[2].weights[:1])))
    put(lambda *_: fake.inference(hole))
    assert cli.run(["known.h5"]) == 6
    assert "out/bias" in one_line(capsys)
    assert valid(tmp_path / "known.converted")["verification"]["unassigned"] == ["out/bias"]


def test_strict_exits_7_but_writes_everything(put: Any, tmp_path: Path, capsys: Any) -> None:
    assert cli.run(["known.h5", "--strict", "--to", "python", "-q"]) == 7
    assert "hidden.activation at 0.70" in one_line(capsys)
    assert "model.py" in names(tmp_path / "known.converted")
    assert cli.run(["known.h5", "--strict", "--min-confidence", "0.6", "--to", "python", "-q", "--force"]) == 0


def test_left_over_tensors_exit_8(put: Any, tmp_path: Path, capsys: Any) -> None:
    put(lambda *_: fake.inference(left_over=(LeftOver("/odd\n", "no layer has it"),)))
    assert cli.run(["known.h5", "--to", "python", "-q"]) == 8
    assert "no layer has it" in one_line(capsys)
    report = valid(tmp_path / "known.converted")
    assert report["left_over"] == [{"source": "/odd\n", "reason": "no layer has it"}]


def test_top_builds_alternatives(put: Any, tmp_path: Path) -> None:
    assert cli.run(["known.h5", "--top", "3", "--to", "python", "-q"]) == 0
    out = tmp_path / "known.converted"
    assert names(out / "alternatives") == {"2"}
    assert 'activation="tanh"' in (out / "alternatives" / "2" / "model.py").read_text()


def test_examples_decide_between_plans(put: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    hidden = np.tanh(x @ fake.NUMBERS["/hidden/kernel"] + fake.NUMBERS["/hidden/bias"])
    np.savez(tmp_path / "e.npz", x=x, y=hidden @ fake.NUMBERS["/out/kernel"])
    assert cli.run(["known.h5", "--examples", "e.npz", "--to", "python", "-q"]) == 0
    out = tmp_path / "known.converted"
    assert 'activation="tanh"' in (out / "model.py").read_text()
    assert "plan 2" in valid(out)["notes"][0] and "(error " in valid(out)["notes"][0]
    assert valid(out)["notes"][0].endswith("the confidences are those without them")
    np.savez(tmp_path / "i.npz", x=x)
    assert cli.run(["known.h5", "--examples", "i.npz", "--to", "python", "-q", "--force"]) == 0
    assert "(error " not in valid(out)["notes"][0], "inputs alone show no error"
    np.savez(tmp_path / "n.npz", other=x)
    assert cli.run(["known.h5", "--examples", "n.npz", "--force"]) == 2


def test_custom_objects_are_imported_from_the_command_line_only(put: Any, tmp_path: Path, capsys: Any) -> None:
    from dataclasses import replace

    (tmp_path / "own_layers_of_mine.py").write_text("import keras\nclass Mine(keras.layers.Dense):\n    pass\n")
    plan = fake.plan()
    mine = plan.with_layers((plan.layers[0], replace(plan.layers[1], class_name="Mine"), plan.layers[2]))
    put(lambda *_: fake.inference(mine))
    assert cli.run(["known.h5", "-q"]) == 4
    assert "own_layers_of_mine" not in sys.modules
    capsys.readouterr()
    assert cli.run(["known.h5", "-q", "--force", "--custom-objects", "own_layers_of_mine:Mine"]) == 0
    source = (tmp_path / "known.converted" / "model.py").read_text()
    assert "from own_layers_of_mine import Mine" in source


@pytest.mark.parametrize(
    ("source", "said"), [("1 / 0", "ZeroDivisionError"), ("Mine = 3", "expected a class"), ("", "has no attribute")]
)
def test_a_module_of_the_user_s_that_gives_no_class(
    put: Any, tmp_path: Path, capsys: Any, source: str, said: str
) -> None:
    put()
    name = f"own_module_{len(source)}"
    (tmp_path / f"{name}.py").write_text(source)
    assert cli.run(["known.h5", "-q", "--to", "report", "--custom-objects", f"{name}:Mine"]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_hints_reach_the_solver(put: Any, tmp_path: Path, monkeypatch: Any) -> None:
    asked = put()
    monkeypatch.setattr("infer_convert.unheard.check_heard", lambda inference, hints: ())  # the fake obeys nothing
    (tmp_path / "h.toml").write_text('outputs = ["out"]\n[hidden]\nactivation = "tanh"\nuse_bias = true\n')
    arguments = ["known.h5", "--to", "report", "-q", "--hints", "h.toml", "--set", "hidden.activation=relu"]
    assert cli.run([*arguments, "--input-shape", "?,4", "--no-library", "--data-format", "keep"]) == 0
    hints = asked["hints"]
    assert hints.answers == {("hidden", "activation"): "relu", ("hidden", "use_bias"): True}
    assert hints.input_shapes == {"": ((None, 4),)}
    assert (hints.outputs, hints.library, hints.data_format) == (("out",), False, "keep")


def test_json_on_standard_output_is_the_report(put: Any, tmp_path: Path, capsys: Any) -> None:
    assert cli.run(["convert", "known.h5", "--json", "--to", "report"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == valid(tmp_path / "known.converted")
    assert printed["verification"] is None


def test_inspect_writes_nothing(put: Any, tmp_path: Path, capsys: Any) -> None:
    assert cli.run(["inspect", "known.h5"]) == 0
    output = capsys.readouterr().out
    assert "keras2" in output and "hidden" in output and "stored config: no" in output
    assert cli.run(["inspect", "known.h5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [layer["name"] for layer in found["layers"]] == ["hidden", "out"]
    assert (found["generation"], found["order"], found["source"]["n_tensors"]) == ("keras2", "stored", 4)
    assert names(tmp_path) == {"known.h5"}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], [], ["inspect", "--help"], ["known.h5", "--help"]])
def test_help_and_version_exit_0(put: Any, capsys: Any, arguments: list[str]) -> None:
    assert cli.run(arguments) == 0
    assert capsys.readouterr().out


RUN = """
import sys
from tests.cli import fake
fake.install({infer})
from infer_convert import cli
code = cli.run(sys.argv[1:])
assert {keras} == ("tensorflow" in sys.modules or "keras" in sys.modules), "TensorFlow"
sys.exit(code)
"""


def in_process(tmp_path: Path, arguments: list[str], keras: bool, infer: str = "") -> subprocess.CompletedProcess[str]:
    (tmp_path / "known.h5").write_bytes(b"weights")
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", RUN.format(infer=infer, keras=keras), *arguments],
        cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [["inspect", "known.h5"], ["known.h5", "--to", "report"], ["--help"]])
def test_what_needs_no_tensorflow_does_not_import_it(tmp_path: Path, arguments: list[str]) -> None:
    done = in_process(tmp_path, arguments, keras=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_tensorflow_keeps_off_standard_error(tmp_path: Path) -> None:
    done = in_process(tmp_path, ["known.h5", "--strict", "-q"], keras=True)
    assert done.returncode == 7
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stdout == ""


def test_a_bug_shows_its_traceback_and_exits_1(tmp_path: Path) -> None:
    done = in_process(tmp_path, ["known.h5"], keras=False, infer="lambda *_: 1 / 0")
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "ZeroDivisionError" in done.stderr
    assert names(tmp_path) == {"known.h5"}


def test_the_same_plan_twice_gives_the_same_source(put: Any, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        assert cli.run(["known.h5", "-o", folder, "--to", "python", "-q"]) == 0
    assert (tmp_path / "a" / "model.py").read_bytes() == (tmp_path / "b" / "model.py").read_bytes()
    assert isinstance(fake.plan(), Plan) and formats("python") == ("python",)
