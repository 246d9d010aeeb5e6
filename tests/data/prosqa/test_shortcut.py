"""The depth rule, against its definition read forwards."""

from lightning_latent.data import BalancedProsQA, GeneratedProsQA, ProsQA
from lightning_latent.data.prosqa.shortcut import deeper_candidate
from tests.data.prosqa.test_counterfactual import facts


def depths(edges: list[tuple[str, str]]) -> dict[str, int]:
    """Steps to each name from the nearest that nothing points to, going forwards from all of these at once."""
    heads = {other for _, other in edges}
    level, found, steps = {one for one, _ in edges} - heads, {}, 0
    while level:
        found |= dict.fromkeys(level, steps)
        level, steps = {other for one, other in edges if one in level} - set(found), steps + 1
    return found


def test_the_deeper_candidate_is_the_one_farther_below_a_beginning() -> None:
    decided = right = 0
    for example in GeneratedProsQA(size=300, split="evaluation", num_nodes=11, min_hops=2, max_hops=4):
        depth = depths(facts(example.question))
        first, second = (depth[option.removesuffix(".").split()[-1]] for option in example.options)
        answer = ProsQA().shortcut(example)
        assert answer == (None if first == second else example.options[first < second])
        decided += answer is not None
        right += answer == example.answer
    assert decided > 150 and right / decided > 0.85


def test_it_cannot_decide_balanced_questions() -> None:
    questions = list(BalancedProsQA(size=50, split="evaluation"))
    assert [ProsQA().shortcut(example) for example in questions] == [None] * 50


def test_a_circle_has_an_end_and_other_texts_no_answer() -> None:
    circle = "Every terpus is a gorpus. Every gorpus is a terpus. Tom is a lempus. Is Tom a gorpus or lempus?"
    assert deeper_candidate(circle) in (None, "Tom is a lempus.")
    assert deeper_candidate("How many?") is None
