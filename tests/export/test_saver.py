"""A SavedModel without the function that saves it: loaded, served and saved again as any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from infer_convert.export.savedmodel import save_savedmodel
from infer_convert.export.saver import without_save
from infer_convert.export.subject import Subject
from tests.build.test_build import run, samples
from tests.build.zoo import cnn
from tests.export.test_export import built


def read(folder: Path) -> SavedModel:
    found = SavedModel()
    found.ParseFromString((folder / "saved_model.pb").read_bytes())
    return found


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray, np.ndarray]:
    model, plan, _, facts = built(cnn)
    folder = tmp_path_factory.mktemp("saver") / "m"
    save_savedmodel(Subject(model, plan, facts), folder)
    (array,) = samples(model)
    return folder, array, run(model, [array])[0]


def served(folder: Path, array: np.ndarray) -> np.ndarray:
    loaded = tf.saved_model.load(str(folder))
    (result,) = loaded.signatures["serving_default"](tf.constant(array)).values()
    return result.numpy()


def test_nothing_is_left_of_it(saved: tuple[Path, np.ndarray, np.ndarray]) -> None:
    folder, array, wanted = saved
    (graph,) = read(folder).meta_graphs
    assert not [f.signature.name for f in graph.graph_def.library.function if "save" in f.signature.name]
    assert not any(each.op == "MergeV2Checkpoints" for f in graph.graph_def.library.function for each in f.node_def)
    np.testing.assert_allclose(served(folder, array), wanted, rtol=1e-5)


def test_what_is_loaded_can_be_saved_again(saved: tuple[Path, np.ndarray, np.ndarray], tmp_path: Path) -> None:
    folder, array, wanted = saved
    loaded = tf.saved_model.load(str(folder))
    tf.saved_model.save(loaded, str(tmp_path / "again"), signatures=loaded.signatures)
    np.testing.assert_allclose(served(tmp_path / "again", array), wanted, rtol=1e-5)


def test_tensorflow_1_restores_the_variables(saved: tuple[Path, np.ndarray, np.ndarray]) -> None:
    """As TensorFlow Serving does: by the names that the file gives, without Python objects."""
    folder, array, wanted = saved
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        found = tf.compat.v1.saved_model.load(session, ["serve"], str(folder))
        signature = found.signature_def["serving_default"]
        (given,), (result,) = signature.inputs.values(), signature.outputs.values()
        np.testing.assert_allclose(session.run(result.name, {given.name: array}), wanted, rtol=1e-5)


def test_a_file_without_it_stays_as_it_is(saved: tuple[Path, np.ndarray, np.ndarray]) -> None:
    folder = saved[0]
    before = (folder / "saved_model.pb").read_bytes()
    without_save(folder)
    assert (folder / "saved_model.pb").read_bytes() == before
