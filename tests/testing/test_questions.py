"""The check of callbacks that answer says what is wrong with one."""

import pytest

from lightning_latent.refinement.hooks import QuestionCallback
from lightning_latent.testing import check_question_callback


class Bad(QuestionCallback):
    """Breaks one rule."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self.calls: list[object] = []

    def answer(self, batch, module):
        answers = module.answer_once(batch)
        match self.rule:
            case "order":
                return answers[::-1]
            case "option":
                return [answer._replace(answer="perhaps") for answer in answers]
            case "time":
                return [answer._replace(seconds=0.0) for answer in answers]
            case "keeps":
                self.calls.append(module.read(batch))
            case "batch":
                return [answer._replace(tokens=len(batch)) for answer in answers]
            case "empty":
                return answers or [None]
        return answers


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("order", "Bad answers .+ where the batch asks .+; answer each question in its place"),
        ("option", "Bad answers question .+ by 'perhaps', which is none of its options"),
        ("time", "Bad says that question .+ took 0.0 seconds"),
        ("keeps", r"Bad holds on to calls\.0 after a batch"),
        ("batch", r"Bad answers question .+ otherwise when it is asked alone: Answer\("),
        ("empty", "Bad answers an empty batch"),
    ],
)
def test_the_message_says_which_rule_is_broken(rule, message):
    with pytest.raises(AssertionError, match=message):
        check_question_callback(Bad(rule))


def test_one_that_keeps_to_all_passes():
    check_question_callback(Bad("no"))
