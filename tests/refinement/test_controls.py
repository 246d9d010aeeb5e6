import torch

from lightning_latent.refinement.controls import first, mean, other, random_directions, zero


def test_what_replaces_latents_by_hand() -> None:
    latents = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 10.0]], [[9.0, 1.0], [2.0, 1.0]]])
    assert zero(latents).tolist() == [[[0.0, 0.0]] * 2] * 3
    assert mean(latents).tolist() == [[[5.0, 3.0], [4.0, 5.0]]] * 3
    assert torch.equal(other(latents), latents[[2, 0, 1]])
    assert torch.equal(first(latents), latents[:, [0, 0]])


def test_random_directions_depend_on_the_questions_text_and_the_seed_alone() -> None:
    questions = ["Why?", "How?", "Why so?"]
    before = torch.get_rng_state()
    directions = random_directions(questions, steps=4, size=300, seed=0)
    assert torch.equal(torch.get_rng_state(), before)
    torch.testing.assert_close(directions.norm(dim=-1), torch.ones(3, 4))
    assert torch.equal(random_directions(questions[::-1], steps=4, size=300, seed=0), directions.flip(0))
    drawn = torch.cat([directions, random_directions(questions, steps=4, size=300, seed=1)]).flatten(0, 1)
    # Of 24 steps of questions and seeds no two go the same way.
    cosines = drawn @ drawn.T - torch.eye(24)
    assert cosines.abs().max() < 0.3


def test_text_that_is_no_unicode_has_a_direction_too() -> None:
    assert random_directions(["\ud800"], steps=1, size=2, seed=0).isfinite().all()
