import pytest
import torch

from lightning_latent.errors import UserError
from lightning_latent.reasoner import LatentReasoner
from lightning_latent.refinement.reference import Reference
from tests.refinement import naive
from tests.refinement.models import LATENTS, QUESTIONS, make_reasoner


@torch.no_grad()
def test_reads_a_candidate_and_forgets_it(strong: LatentReasoner) -> None:
    """Candidates of one step may be asked about in any number; only what was fed in the end is remembered."""
    reference = Reference(strong)
    reference.begin(QUESTIONS)
    fed: list[torch.Tensor] = []
    for step in range(LATENTS):
        for _ in range(step + 1):
            candidate = torch.randn(len(QUESTIONS), 16, dtype=torch.float64)
            seen = reference.next_latent(fed, candidate)
            for row, question in enumerate(QUESTIONS):
                latents = torch.stack([*(latent[row] for latent in fed), candidate[row]])
                expected = naive.read(strong, question, latents)[-1]
                torch.testing.assert_close(seen[row], expected, rtol=0, atol=1e-10)
        fed.append(torch.randn(len(QUESTIONS), 16, dtype=torch.float64))


@torch.no_grad()
def test_all_slots_at_once_are_the_slots_one_by_one(strong: LatentReasoner) -> None:
    latents = torch.randn(len(QUESTIONS), LATENTS, 16, dtype=torch.float64)
    steps = list(latents.unbind(1))
    reference = Reference(strong)
    reference.begin(QUESTIONS)
    following, proposed = reference.next_latents(latents), reference.same_latents(latents)
    for t in range(LATENTS):
        torch.testing.assert_close(following[:, t], reference.next_latent(steps[:t], steps[t]), rtol=0, atol=1e-10)
    reference.begin(QUESTIONS)
    for t in range(LATENTS):
        torch.testing.assert_close(proposed[:, t], reference.same_latent(steps[:t]), rtol=0, atol=1e-10)
    torch.testing.assert_close(reference.same_latents(latents[:, :1]), proposed[:, :1], rtol=0, atol=1e-10)


def test_latents_must_fit_into_its_context_too() -> None:
    reference = Reference(make_reasoner(1, positions=12))
    tokens = len(reference.reasoner.tokenizer(QUESTIONS[0] + "\n")["input_ids"]) + 1
    with pytest.raises(UserError, match=rf"question of {tokens} tokens \(and 3 .* context of 12"):
        reference.begin(QUESTIONS[:1])
    assert tokens <= 12 < tokens + LATENTS
