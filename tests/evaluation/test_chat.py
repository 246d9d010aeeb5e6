"""Chat templates as they come: without a system role, broken, with the beginning of sequence written twice."""

import pytest

from lightning_latent.evaluation.chat import chat, check_template, encode_chats
from tests.malformed import one_line
from tests.models import words

PLAIN = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
REFUSING = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + PLAIN
)
SILENT = "{% for m in messages %}{% if m['role'] == 'user' %}{{ m['content'] }}\n{% endif %}{% endfor %}"


def told(template: str | None, *, system: str | None = None) -> str | None:
    tokenizer = words()
    tokenizer.chat_template = template
    return one_line(lambda: check_template(tokenizer, path="there", system=system))


@pytest.mark.parametrize(
    ("template", "system", "said"),
    [
        (None, None, "no chat template"),
        (REFUSING, "Be brief.", "model.system: 'there' takes no system message (System role not supported)"),
        (SILENT, "Be brief.", "model.system: the chat template of 'there' leaves system messages out"),
        ("{{ nothing.at.all }}", None, "fails"),
        ("{% if %}", None, "fails"),
        ("always the same", None, "leaves the question out"),
    ],
)
def test_a_template_that_does_not_do_is_told(template, system, said):
    assert said in (told(template, system=system) or "")


@pytest.mark.parametrize(
    ("template", "system"), [(PLAIN, None), (PLAIN, "Be brief."), (REFUSING, None), (SILENT, None)]
)
def test_a_template_that_does_is_no_matter(template, system):
    assert told(template, system=system) is None


def test_a_beginning_that_is_written_twice_counts_once():
    tokenizer = words()
    tokenizer.bos_token = "<<"
    tokenizer.chat_template = "{{ bos_token }} " + PLAIN
    [once] = encode_chats(tokenizer, [chat(tokenizer, "Is Tom a gorpus?", system=None)])
    tokenizer.chat_template = "{{ bos_token }} " + tokenizer.chat_template
    [twice] = encode_chats(tokenizer, [chat(tokenizer, "Is Tom a gorpus?", system=None)])
    assert twice == once and once.count(tokenizer.bos_token_id) == 1
