"""The curriculum against the published description of what each stage trains on."""

import itertools
import math

import pytest

from lightning_latent.training.curriculum import Curriculum, Layout, Stage, draw_stage, learning_rate_factor


def lay(mode="coconut", *, stage, steps, c=2, pad=True) -> Layout:
    plan = Curriculum(mode=mode, latents_per_step=c, max_latent_stage=3, pad_latent_to_max=pad)
    return plan.layout(stage=stage, num_steps=steps)


@pytest.mark.parametrize(
    ("stage", "steps", "pad", "thoughts", "skipped"),
    [
        (0, 4, True, 0, 0),  # all in words, between empty markers
        (1, 4, True, 1, 1),
        (3, 4, True, 3, 3),
        (3, 2, True, 3, 2),  # as many thoughts as the stage, even where there are fewer steps
        (3, 2, False, 3, 2),  # whatever the option, which is about the stage beyond
        (4, 5, True, 3, 5),  # beyond the last latent stage: no step remains
        (4, 2, True, 3, 2),
        (4, 2, False, 2, 2),
        (4, 5, False, 3, 5),
        (9, 5, True, 3, 5),
        (2, 0, True, 2, 0),
    ],
)
def test_steps_become_thoughts(stage, steps, pad, thoughts, skipped):
    for mode, c in itertools.product(("coconut", "pause"), (1, 2)):
        assert lay(mode, stage=stage, steps=steps, c=c, pad=pad) == (thoughts * c, skipped, True)


def test_the_baselines_have_neither_thoughts_nor_markers():
    for stage in (0, 2, 4):
        assert lay("cot", stage=stage, steps=4) == (0, 0, False)
        assert lay("no_cot", stage=stage, steps=4) == (0, 4, False)


def test_without_latents_per_step_words_go_and_nothing_comes():
    assert lay(stage=2, steps=4, c=0) == Layout(0, 2, False)
    assert lay(stage=4, steps=4, c=0) == Layout(0, 4, False)


def stages(epochs, **options) -> list[Stage]:
    plan = Curriculum(max_latent_stage=2, first_stage_epochs=3, epochs_per_stage=2, **options)
    return [plan.stage_at(epoch, max_epochs=10) for epoch in epochs]


def test_stages_follow_each_other_and_the_last_takes_what_remains():
    assert [stage.number for stage in stages(range(10))] == [0, 0, 0, 1, 1, 2, 2, 3, 3, 3]
    assert stages([0.0, 1.5, 3.0, 4.5, 7.0, 8.5, 10.0]) == [
        (0, 0.0),
        (0, 0.5),
        (1, 0.0),
        (1, 0.75),
        (3, 0.0),
        (3, 0.5),
        (3, 1.0),
    ]


def test_training_may_start_at_any_stage():
    assert [stage.number for stage in stages(range(6), initial_stage=2)] == [2, 2, 3, 3, 3, 3]
    assert [stage.number for stage in stages(range(3), initial_stage=3)] == [3, 3, 3]
    assert stages(range(3), initial_stage="last") == stages(range(3), initial_stage=3)


def test_the_epochs_in_words_are_those_of_stage_0():
    for options in (
        {},
        {"initial_stage": 1},
        {"max_latent_stage": 0},
        {"max_latent_stage": 0, "drop_remaining_steps": False},
    ):
        plan = Curriculum(**{"max_latent_stage": 2, "first_stage_epochs": 3, **options})
        words = [plan.stage_at(epoch, max_epochs=10).number == 0 for epoch in range(10)]
        assert words == [epoch < plan.epochs_in_words for epoch in range(10)]
    assert Curriculum(mode="cot").epochs_in_words == Curriculum(mode="no_cot").epochs_in_words == math.inf


def test_the_learning_rate_warms_up_once_and_falls_at_the_end_of_each_stage():
    def factor(step, progress, cooldown=0.2):
        return learning_rate_factor(
            step=step, warmup_steps=4, progress=progress, cooldown=cooldown, cooldown_factor=0.1
        )

    assert [factor(step, 0.0) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert factor(9, 0.79) == 1.0 and factor(9, 0.8) == factor(9, 1.0) == 0.1
    assert factor(1, 0.9) == 0.05
    assert factor(9, 1.0, cooldown=0.0) == 1.0


def test_a_share_of_examples_draws_its_stage_uniformly():
    drawn = [draw_stage(9, num_steps=3, uniform_prob=0.5, seed=f"q/{number}/0") for number in range(4000)]
    assert abs(drawn.count(9) / 4000 - 0.5) < 0.035
    assert all(abs(drawn.count(stage) / 4000 - 0.125) < 0.025 for stage in range(4))
    assert drawn[0] == draw_stage(9, num_steps=3, uniform_prob=0.5, seed="q/0/0")
    assert {draw_stage(2, num_steps=3, uniform_prob=0.0, seed=str(number)) for number in range(50)} == {2}
