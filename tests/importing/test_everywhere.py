"""An imported reasoner is a reasoner: it is refined, its map is learned, and training goes on from it."""

import json

import lightning as L
import pytest
import torch

from lightning_latent.callbacks import ContrastiveFeedback, Predictions, ResidualBlending
from lightning_latent.data import GSM8K, LatentDataModule
from lightning_latent.importing import import_reasoner
from lightning_latent.reasoner import load_reasoner
from lightning_latent.reasoner.identity import weights_hash
from lightning_latent.refinement import LatentMap, LatentRefinement
from lightning_latent.training import CoconutTraining, ExportReasoners, PretrainedBase
from tests.importing.cases import options, place

USED = ("codi", "coconut_cot", "coconut_llama", "latenttts_codi")
LORA = {"lora_rank": 2, "lora_alpha": 4.0, "dtype": "bfloat16"}


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    root = tmp_path_factory.mktemp("imported")
    for case in USED:
        import_reasoner(str(place(case)), out=root / case, **options(case))
    return root


@pytest.fixture
def data(tmp_path):
    rows = [
        {
            "question": f"Noor owns {n} cards.  Karl brings {n + 1} more. How many?",
            "steps": [f"<<{n}+{n + 1}={2 * n + 1}>>"],
            "answer": str(2 * n + 1),
        }
        for n in range(5)
    ]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    file = str(tmp_path / "rows.json")
    return LatentDataModule(
        benchmark=GSM8K(), train=file, validation=file, test=file, batch_size=2, eval_batch_size=3, shuffle_buffer=0
    )


def trainer(path, *callbacks):
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    quiet |= {"enable_model_summary": False, "inference_mode": False, "accelerator": "cpu", "devices": 1}
    return L.Trainer(max_epochs=2, default_root_dir=path, callbacks=list(callbacks), **quiet)


@pytest.mark.parametrize("case", ["codi", "coconut_llama", "latenttts_codi"])
def test_it_is_refined_and_a_map_is_learned(case, imported, data, tmp_path):
    path = str(imported / case)
    feedback = ContrastiveFeedback(strong=path, search_step=0.1, slot="same")
    refined = LatentRefinement(reasoner=path, max_new_tokens=4)
    trainer(tmp_path, feedback, ResidualBlending(memory_rate=0.05), Predictions()).test(refined, data)
    about = json.loads((tmp_path / "run.json").read_text())
    assert about["n"] == 5
    torch.manual_seed(0)
    learned = LatentRefinement(reasoner=path, max_new_tokens=4, learn=LatentMap(rank=2), learning_rate=0.05)
    before = weights_hash(load_reasoner(path).model)
    trainer(tmp_path).fit(learned, data)
    assert not learned.learn.is_identity and all(value.isfinite().all() for value in learned.learn.parameters())
    assert weights_hash(learned.reasoner.model) == before
    assert not any(name.startswith("frozen.") for name in learned.state_dict())
    projection = learned.reasoner.projection
    known = learned.identities["reasoner"]["sha256"]
    assert known == weights_hash(learned.reasoner.model, projection)
    assert (known == before) == (projection is None)


@pytest.mark.parametrize(
    ("case", "lora", "saved"),
    [
        ("codi", {}, "merged"),
        ("codi", LORA, "merged"),
        ("codi", LORA, "adapter"),
        ("latenttts_codi", {}, "merged"),
        ("coconut_cot", {}, "merged"),
    ],
)
def test_training_goes_on_from_it(case, lora, saved, imported, data, tmp_path):
    torch.manual_seed(0)
    first = load_reasoner(str(imported / case))
    module = CoconutTraining(
        base=PretrainedBase(path=str(imported / case), **lora),
        max_latent_stage=1,
        latents_per_step=2,
        first_stage_epochs=1,
        epochs_per_stage=1,
        learning_rate=1e-2,
        max_new_tokens=4,
    )
    trainer(tmp_path, ExportReasoners(directory=str(tmp_path / "out"), lora=saved)).fit(module, data)
    final = load_reasoner(str(tmp_path / "out" / "final"))
    thinks = first.metadata._replace(markers=True, num_latents=2, replaced_steps=final.metadata.replaced_steps)
    assert final.metadata == thinks
    assert (final.projection is None) == (first.projection is None)
    if first.projection is not None:
        assert not torch.equal(final.projection.down.weight, first.projection.down.weight)
        assert final.question_ids(["A  b "])[0] == first.question_ids(["A  b "])[0]
        assert any("projection" in name for name in module.state_dict())
    with torch.no_grad():
        context = final.encode(["How many?", "Noor owns 3 cards. How many?"])
        assert final.rollout(context).latents.isfinite().all()
