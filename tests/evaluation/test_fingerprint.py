"""What answers depend on, in a form that a file keeps."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.callbacks import Timer

from lightning_latent.callbacks import Predictions, ResidualBlending
from lightning_latent.evaluation.fingerprint import fingerprint
from tests.callbacks.answering import Rote, make_trainer


def described(*callbacks: Any, module: Rote | None = None) -> dict[str, Any]:
    predictions = Predictions()
    trainer = make_trainer(None, predictions, *callbacks)
    found = fingerprint(trainer, module or Rote())
    assert json.loads(json.dumps(found)) == found
    return found


def test_everything_that_answers_depend_on_is_in_it() -> None:
    keys = {"method", "benchmark", "models", "learned state", "model options", "callbacks", "precision", "code"}
    assert set(described()) == keys
    # Equal objects in other places are the same; callbacks of Lightning and the one left out change no answer.
    assert described(Timer(), ResidualBlending(memory_rate=0.5)) == described(ResidualBlending(memory_rate=0.5))
    assert described()["callbacks"] == []


def test_code_of_ones_own_counts_and_not_its_name_alone(tmp_path: Path) -> None:
    kinds = []
    for rate in (0.1, 0.2):
        path = tmp_path / f"half{rate}.py"
        path.write_text(f"from lightning import Callback\n\nclass Half(Callback):\n    rate = {rate}\n")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        sys.modules[path.stem] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        kinds.append(module.Half)
    one, other = (described(kind()) for kind in kinds)
    assert one["callbacks"][0][0] == other["callbacks"][0][0] == "Half"
    assert one != other


def test_learned_state_counts_to_the_last_bit() -> None:
    module = Rote()
    before = described(module=module)
    module.weight = torch.nn.Parameter(torch.tensor(1e-45))
    after = described(module=module)
    assert {key for key in before if before[key] != after[key]} == {"learned state"}
    module.wide = torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16))  # which numpy does not know
    assert described(module=module) != after
