"""Instruction-tuned models: a batch answers as each question alone, and tokens are counted to the stop."""

import json
from pathlib import Path

import lightning as L
import pytest
import torch

from lightning_latent.callbacks import Predictions
from lightning_latent.data import GSM8K, LatentDataModule
from lightning_latent.data.example import Example
from lightning_latent.errors import UserError
from lightning_latent.evaluation import Answer, PromptedModel, read_run
from lightning_latent.evaluation.chat import stop_tokens
from lightning_latent.evaluation.prompted import prompt, until_stop
from lightning_latent.reasoner.loading import load_model
from tests.data.fixtures import FIXTURES
from tests.models import save_plain

TEMPLATE = (
    "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
EXAMPLES = [
    Example("a", "How many?", (), "3"),
    Example("b", "How many apples are there in one day for them, and what is the price of a cup of it?", (), "4"),
    Example("c", "Is it 5?", (), "5"),
]


def ready(path: str, **options) -> PromptedModel:
    module = PromptedModel(path=path, **{"benchmark": GSM8K(), "max_new_tokens": 12, "dtype": "float32", **options})
    module.configure_model()
    return module


def answers(module: PromptedModel, examples: list[Example]) -> list[Answer]:
    return [answer._replace(seconds=0.0) for answer in module.answer(examples)]


@pytest.fixture(scope="module", params=["gpt2", "qwen2"])
def directory(request, tmp_path_factory):
    return save_plain(tmp_path_factory.mktemp("instruct"), request.param, chat_template=TEMPLATE)


@torch.no_grad()
def test_a_batch_answers_as_each_question_alone(directory):
    module = ready(directory)
    together = answers(module, EXAMPLES)
    assert together == [answers(module, [example])[0] for example in EXAMPLES]
    assert all(1 <= answer.tokens <= 12 and answer.latents == 0 for answer in together)
    assert [(a.id, a.question, a.gold) for a in together] == [(e.id, e.question, e.answer) for e in EXAMPLES]
    assert module.answer([]) == []


@torch.no_grad()
def test_it_is_asked_in_its_own_template_and_decoded_greedily(directory):
    model, tokenizer = load_model(directory, dtype="float32", attention="sdpa")
    module = ready(directory, style="short", system="Be good.", max_new_tokens=6)
    question = prompt(EXAMPLES[0].question, style="short", form="a number")
    ids = tokenizer(f"[system] Be good.\n[user] {question}\n[assistant] ")["input_ids"]
    new: list[int] = []
    while len(new) < 6 and (not new or new[-1] != tokenizer.eos_token_id):
        new.append(int(model(input_ids=torch.tensor([ids + new])).logits[0, -1].argmax()))
    (answer,) = module.answer(EXAMPLES[:1])
    assert answer.tokens == len(new)
    assert answer.text == tokenizer.decode(new, skip_special_tokens=True)
    assert answer.answer == GSM8K().extract(answer.text)
    assert answer.correct == GSM8K().matches(answer.answer, EXAMPLES[0].answer)


@torch.no_grad()
def test_generation_settings_of_the_checkpoint_change_nothing(tmp_path):
    plain = save_plain(tmp_path / "plain", "qwen2", chat_template=TEMPLATE)
    odd = save_plain(tmp_path / "odd", "qwen2", chat_template=TEMPLATE)
    settings = Path(odd) / "generation_config.json"
    added = {"repetition_penalty": 1.1, "no_repeat_ngram_size": 1, "suppress_tokens": list(range(40, 90))}
    added |= {"do_sample": True, "temperature": 0.7, "top_k": 20, "num_beams": 3, "min_new_tokens": 11}
    settings.write_text(json.dumps(json.loads(settings.read_text()) | added))
    made = []
    for directory in (plain, odd):
        module = ready(directory)
        ids = module.tokenizer(["How many apples?"], return_tensors="pt")["input_ids"]
        made.append(module.model.generate(input_ids=ids, attention_mask=torch.ones_like(ids)).tolist())
    assert made[0] == made[1]
    assert answers(ready(plain), EXAMPLES) == answers(ready(odd), EXAMPLES)


def test_a_model_without_a_template_is_refused(tmp_path):
    path = save_plain(tmp_path, "llama")
    with pytest.raises(UserError, match="has no chat template"):
        ready(path)


def test_it_is_a_run_like_any_other(directory, tmp_path):
    """The trainer answers by it, and its folder says whose answers they are."""
    data = LatentDataModule(benchmark=GSM8K(), test=str(FIXTURES / "gsm8k" / "tiny.jsonl"), eval_batch_size=3)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    trainer = L.Trainer(**quiet, callbacks=[Predictions()], default_root_dir=tmp_path)
    trainer.test(PromptedModel(path=directory, style="short", max_new_tokens=4), data, verbose=False)
    run = read_run(tmp_path)
    assert run.method == f"{directory}, short"
    assert len(run.answers) == 4 and set(run.about["models"]) == {"model"}


def test_rows_end_at_the_first_of_several_stop_tokens():
    assert until_stop([4, 5, 9, 7, 7], [7, 9]) == [4, 5, 9]
    assert until_stop([4, 5], [7]) == [4, 5]
    assert until_stop([7, 7], [7]) == [7]


def test_stop_tokens_are_the_models(tmp_path):
    model, tokenizer = load_model(save_plain(tmp_path, "llama"), dtype="float32", attention="sdpa")
    assert stop_tokens(model, tokenizer) == [0]
    model.generation_config.eos_token_id = [3, 4]
    assert stop_tokens(model, tokenizer) == [3, 4, 0]  # the tokenizer's own is no less one


def test_the_styles_differ():
    asked = {style: prompt("Why?", style=style, form="yes or no") for style in ("cot", "concise", "short")}
    assert len(set(asked.values())) == 3
    assert all(text.startswith("Why?\n") and "yes or no" in text and '"### "' in text for text in asked.values())
    assert "step by step" in asked["cot"] and "step by step" not in asked["short"]


def test_a_question_beyond_the_context_is_named(directory):
    module = ready(directory)
    long = Example("gsm8k/x/7", "How many apples are there? " * 200, (), "3")
    with pytest.raises(UserError, match=r"gsm8k/x/7: .* exceed the model's context of 2048"):
        module.answer([EXAMPLES[0], long])


def test_what_is_no_number_is_no_answer(directory):
    module = ready(directory)
    module.model.get_output_embeddings().weight.data[5] = float("nan")
    assert [(answer.text, answer.answer, answer.tokens) for answer in module.answer(EXAMPLES[:2])] == [("", "", 0)] * 2
