"""Adapters within the frozen model: gradients against autograd of a model whose weights are written out."""

import pytest
import torch
from transformers.pytorch_utils import Conv1D

from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentReasoner
from lightning_latent.reasoner.identity import weights_hash
from lightning_latent.refinement import LowRankWeights
from lightning_latent.refinement.likelihood import answer_loss
from lightning_latent.refinement.loop import refine_stepwise
from tests.refinement import naive
from tests.refinement.models import (
    EXAMPLES,
    LATENTS,
    QUESTIONS,
    make_data,
    make_learned,
    make_module,
    make_reasoner,
    make_trainer,
    ready,
)

ANSWERS = [example.answer for example in EXAMPLES]
NOTHING = [{name: torch.zeros(16, 16, dtype=torch.float64) for name in "AB"} | {"b": torch.zeros(16)}] * LATENTS


def written_out(learned: LowRankWeights) -> tuple[LatentReasoner, list[torch.Tensor], list[torch.Tensor]]:
    """The same model without adapters, its weights `W + (B A)^T` (GPT-2 keeps them transposed), and A and B of each."""
    reasoner = make_reasoner(0)
    layers = [module for module in reasoner.model.modules() if isinstance(module, Conv1D)]
    downs = [parameter.detach().clone().requires_grad_() for parameter in learned.down.parameters()]
    ups = [parameter.detach().clone().requires_grad_() for parameter in learned.up.parameters()]
    for layer, down, up in zip(layers, downs, ups, strict=True):
        weight = layer.weight.detach() + (up @ down).T
        del layer.weight
        layer.weight = weight
    return reasoner, downs, ups


def test_gradient_is_autograds_of_the_naive_likelihood() -> None:
    """Through question, latents and answer."""
    reasoner = make_reasoner(0)
    learned = LowRankWeights(rank=2)
    make_learned(learned, reasoner, std=0.2)
    thoughts = refine_stepwise(reasoner, reasoner.encode(QUESTIONS), learned=learned)
    loss, _ = answer_loss(reasoner, thoughts.context, ANSWERS)
    loss.backward()

    plain, downs, ups = written_out(learned)
    expected = sum(naive.likelihood_loss(plain, q, a, NOTHING) for q, a in zip(QUESTIONS, ANSWERS, strict=True))
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)
    for mine, theirs in zip([*learned.down.parameters(), *learned.up.parameters()], [*downs, *ups], strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-7, atol=1e-9)
        assert theirs.grad.any()


def test_the_frozen_weights_stay_what_they_are() -> None:
    reasoner = make_reasoner(0)
    before = {name: parameter.clone() for name, parameter in reasoner.model.named_parameters()}
    learned = LowRankWeights(rank=2)
    make_learned(learned, reasoner)
    own = {id(parameter) for parameter in learned.parameters()}
    left = {name: p for name, p in reasoner.model.named_parameters() if id(p) not in own}
    assert not any(parameter.requires_grad for parameter in left.values())
    for name, parameter in left.items():
        assert torch.equal(parameter, before[name.replace(".base_layer", "")])
    assert len(left) == len(before)


def test_a_fit_changes_nothing_of_whose_weights_they_are(saved, tmp_path) -> None:
    module = make_module(saved, learn=LowRankWeights(rank=2), learning_rate=0.05)
    make_trainer(tmp_path).fit(module, make_data())
    assert not module.learn.is_identity
    assert module.identities["reasoner"]["sha256"] == weights_hash(make_module(saved).reasoner.model)  # loaded anew


def test_plain_scores_are_the_frozen_weights_from_the_question_to_the_answer(saved, tmp_path) -> None:
    module = ready(make_module(saved, learn=LowRankWeights(rank=2)), tmp_path)
    for parameter in module.learn.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    asked = [example._replace(options=("gorpus.", "Bob is a lempus.")) for example in EXAMPLES]
    plain, own = ready(make_module(saved), tmp_path).score_options(asked), module.score_options(asked)
    assert module.score_options(asked, plain=True) == plain != own
    assert module.score_options(asked) == own  # back at work


def test_adapters_that_are_lost_fall_back_to_the_frozen_weights(saved, tmp_path) -> None:
    module = ready(make_module(saved, learn=LowRankWeights(rank=2)), tmp_path)
    next(module.learn.up.parameters()).data[0] = float("inf")
    answers = module.answer(EXAMPLES)
    plain = ready(make_module(saved), tmp_path).answer(EXAMPLES)
    assert all(answer.fallback for answer in answers)
    assert [answer.text for answer in answers] == [answer.text for answer in plain]


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_every_linear_layer_but_the_head_has_an_adapter(family: str) -> None:
    reasoner = make_reasoner(0, family=family)
    learned = LowRankWeights(rank=2).build(reasoner)
    assert len(learned.down) == len(learned.up) == 2 * {"gpt2": 4, "llama": 7}[family]


def test_a_rank_below_one_is_refused() -> None:
    with pytest.raises(UserError, match="the rank of LowRankWeights is 0; it must be at least 1"):
        LowRankWeights(rank=0)
