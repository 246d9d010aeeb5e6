"""Pictures have what they are to show, named axes among it, and leave nothing open."""

import pytest
from matplotlib import pyplot

from lightning_latent.reasoner.open_thoughts import Word
from lightning_latent.showing.movement_figure import TITLES, movement_figure
from lightning_latent.showing.thought_figure import thought_figure
from lightning_latent.showing.words import Thought

STEPS = ("Bob is a lempus.", "Every lempus is a yumpus.")
THOUGHTS = [
    Thought([Word(" lempus.", 0.9)], " lempus.", [0], [0.75, 0.25]),
    Thought([Word("\n", 0.9)], "\n", [], [0.0, 0.5]),
    Thought([Word("###", 0.9)], "", [], [0.0, 0.0]),
]


def test_bars_of_each_latent_are_whole_and_its_word_stands_on_it() -> None:
    figure = thought_figure({"plain": THOUGHTS, "refined": THOUGHTS}, STEPS, title="so it is", moved=[0.1, 0.2, 0.3])
    plain, refined, moved = figure.axes
    for axis in (plain, refined):
        assert sum(bar.get_height() for bar in axis.patches) == pytest.approx(3 * 100)
        assert [text.get_text() for text in axis.texts] == ["lempus.", "\\n", ""]
        assert "question's" in axis.get_ylabel()
    assert (plain.get_title(loc="left"), refined.get_title(loc="left")) == ("plain", "refined")
    assert [bar.get_height() for bar in moved.patches] == pytest.approx([10, 20, 30])
    assert moved.get_xlabel() == "latent" and [int(tick) for tick in moved.get_xticks()] == [1, 2, 3]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "step 1: Bob is a lempus.",
        "step 2: Every lempus is a yumpus.",
        "words of no gold step",
    ]
    assert figure.get_suptitle() == "so it is" and pyplot.get_fignums() == []


def test_one_way_of_thinking_alone_has_one_row() -> None:
    assert len(thought_figure({"as thought": THOUGHTS}, ()).axes) == 1


@pytest.mark.parametrize("kind", TITLES)
def test_one_evaluation_is_bars_and_several_are_a_heatmap(kind: str) -> None:
    (bars,) = movement_figure(kind, [(5, [0.1, 0.2, 0.3])]).axes
    assert [bar.get_height() for bar in bars.patches] == [0.1, 0.2, 0.3] and bars.get_title() == TITLES[kind]
    heatmap = movement_figure(kind, [(5, [0.1, 0.2, 0.3]), (10, [0.4, 0.5, 0.6])]).axes[0]
    assert heatmap.images[0].get_array().tolist() == [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]
    assert (heatmap.get_xlabel(), heatmap.get_ylabel()) == ("training step", "latent")
    assert [label.get_text() for label in heatmap.get_xticklabels()] == ["5", "10"]
