"""What each adapter makes of its rows, apart from the contract that all of them keep."""

import random

import pytest

from lightning_latent.data import GSM8K, AquaRat, Benchmark, MathQA, ProntoQA, ProsQA, StrategyQA
from lightning_latent.data.streaming.row_source import open_rows

from ..fixtures import FIXTURES


def read(benchmark: Benchmark, file: str):
    return list(open_rows(str(FIXTURES / file), benchmark, default_split="test", streaming=True))


def test_mathqa_formula_and_rationale():
    formula, rationale = (read(MathQA(steps=steps), "mathqa/tiny.json") for steps in ("formula", "rationale"))
    assert formula[0].question.endswith("in 5 hours ?\nA) 60 km\nB) 65 km\nC) 70 km\nD) 75 km\nE) 1,080 km")
    assert formula[0].answer == "D) 75 km"
    assert formula[0].steps == ("divide(n0,n1)", "multiply(#0,n2)")
    assert rationale[0].steps == ("in one hour she rides 45 / 3 = 15 km", "in 5 hours she rides 15 * 5 = 75 km")
    assert formula[1].options[1] == "B) rs . 480"
    assert rationale[1].steps == ("the discount is 640 * 25 / 100 = rs . 160", "the price is 640 - 160 = rs . 480")


def test_mathqa_program_has_the_numbers_put_in():
    formula, rationale = (read(MathQA(steps=steps), "mathqa/tiny_lila.jsonl") for steps in ("formula", "rationale"))
    assert formula[0].steps == ("t0 = 90 / 450", "answer = t0 * 100.0")
    assert formula[1].steps == ("t0 = 12.5 / 100.0", "answer = t0 * 64")
    assert rationale[0].steps == ("90 / 450 * 100 = 20 %",)


def test_aqua_rationale_and_tsv():
    examples = read(AquaRat(), "aqua_rat/tiny.json") + read(AquaRat(), "aqua_rat/tiny_flan.tsv")
    assert examples[0].steps == ("A quarter takes 30/3 = 10 minutes.", "The whole takes 4*10 = 40 minutes.")
    assert examples[2].steps == ("25*36 = 900",)
    assert examples[3].question.startswith("A train of 120 m passes a pole in 6 seconds. What is its speed?\nA) 12 m/s")
    assert examples[3].steps == ("Speed = 120/6", "= 20 m/s")
    assert examples[4].answer == "C) 17, 13"


def test_aqua_line_breaks_and_blank_options():
    row = {
        "question": "Is x > 0? @NL (1) x > 1@NL(2) x < 2",
        "options": ["A)1 @NL only", "B)2", "C)3", "D)4", "E)"],
        "rationale": "x > 1 .@NL So x > 0.\nANSWER:E",
        "correct": "E",
    }
    example = AquaRat().parse(row, index=0)
    assert example.question.startswith("Is x > 0?\n(1) x > 1\n(2) x < 2\nA) 1 only\nB) 2")
    assert example.steps == ("x > 1 .", "So x > 0.")
    assert example.answer == example.options[-1] == "E)"
    assert AquaRat().matches(AquaRat().extract("### E)"), "E)")


def test_strategyqa_keeps_its_ids_and_decomposition():
    examples = read(StrategyQA(), "strategyqa/tiny.json")
    assert [example.id for example in examples] == [f"strategyqa/tiny/aa0{n}" for n in (1, 2, 3)]
    assert [example.answer for example in examples] == ["yes", "no", "no"]
    assert examples[2].steps == ("What does a flame need?", "Is #1 found under water?")
    assert StrategyQA().parse({"question": "q?", "answer": "True"}, index=0).steps == ()


def test_prontoqa_forms_become_one():
    coconut, logic, reasoners = (
        read(ProntoQA(), f"prontoqa/{file}") for file in ("tiny.json", "tiny_logic_llm.json", "tiny_reasoners.json")
    )
    assert logic[0].steps == coconut[0].steps
    assert logic[0].question == "Each wug is a dax. Daxes are not green. Omar is a wug. True or false: Omar is green."
    assert (logic[0].answer, logic[1].answer) == ("False", "True")
    assert logic[0].id == "prontoqa/tiny_logic_llm/Tiny_1"
    assert reasoners[0].question.endswith("Sam is a trout. True or false: Sam is furry.")
    assert reasoners[1].id == "prontoqa/tiny_reasoners/example2"


YES_OR_NO = [
    ("### yes", "yes"),
    ("### No.", "no"),
    ("### False", "no"),
    ("Is #1 greater than #2?\n### no", "no"),
    ("Is #1 greater than #2?", ""),
    ("So the answer is yes, there is no doubt.", "yes"),
    ("Yes. There is no doubt.", "yes"),
    ("A snail is slow. Thus, no.", "no"),
    ("Nobody knows yesterday's snow.", ""),
    ("### Step 1\nIs it? Yes.\nSo the answer is no.", "no"),
    ("Is #1 greater than #2? The answer: no", "no"),
    ("### Answer\n**No**", "no"),
    ("No, because snails are slow.", "no"),
    ("I have no idea.", ""),
    ("There is no way to tell.", ""),
    ("No one knows. Still, yes.", "yes"),
    ("### not true", "no"),
    ("It cannot be true.", "no"),
    ("That isn't false.", "yes"),
    ("The answer is yes or no.", ""),
    ("yes/no", ""),
    ("###", ""),
    ("", ""),
]
TRUE_OR_FALSE = [
    ("### True", "True"),
    ("### false.", "False"),
    ("Omar is not green.\n### False", "False"),
    ("### Omar", ""),
    ("True or false: Omar is green. Omar is not green. False", "False"),
    ("The statement is not true.", "False"),
    ("", ""),
]


@pytest.mark.parametrize(("benchmark", "texts"), [(StrategyQA(), YES_OR_NO), (ProntoQA(), TRUE_OR_FALSE)])
def test_words_that_answer(benchmark, texts):
    for text, answer in texts:
        assert benchmark.extract(text) == answer, text


MALFORMED = [
    (MathQA(), {"Problem": "q", "options": "a ) 1", "correct": "a"}, "do not read"),
    (
        MathQA(),
        {"Input": "q", "Options": "a ) 1 , b ) 2 , c ) 3 , d ) 4 , e ) 5", "Correct": "a"},
        "Output Program",
    ),
    (
        AquaRat(),
        {"question": "q", "options": ["A)1"], "correct": "A", "rationale": ""},
        "1 options instead of five",
    ),
    (AquaRat(), {"question": "q", "options": list("abcde"), "correct": "F"}, "the correct option is 'F'"),
    (AquaRat(), {"text": "q\\nOptions:\\n(A) 1\t(A)"}, "three fields between tabs, not 2"),
    (AquaRat(), {"text": "q\t(A)\tr"}, "the first field must read"),
    (StrategyQA(), {"question": "q", "answer": "perhaps"}, "must be true or false, not 'perhaps'"),
    (ProntoQA(), {"question": "q", "steps": [], "answer": "Maybe"}, "must be True or False, not 'Maybe'"),
    (ProntoQA(), {"test_example": 3}, "must be an object"),
    (
        ProntoQA(),
        {"context": "c", "question": "q", "options": ["A) True"], "answer": "B", "explanation": []},
        "none of the options",
    ),
]


def test_malformed_rows_say_why():
    for benchmark, row, reason in MALFORMED:
        with pytest.raises(ValueError, match=reason):
            benchmark.parse(row, index=0)


GOLDS = {"gsm8k": "18", "prosqa": "Tom is a lempus.", "strategyqa": "no", "prontoqa": "True"}
PIECES = (
    "### #### # #2 answer Answer: ANS the is was not no yes or true false A (B) C) d option choice correct because "
    r"\boxed{ \text{ \frac{1}{2} } { $ ** ` \( - + * / = . , ; : % degrees rs cm dozen pi a Tom lempus "
    "0 1 18 1,000 1{,}000 .5 e3 e9999999 1/2 \u00bd \u00b2 \u2044 \u0663 \u00b0 \u2212"
)


@pytest.mark.parametrize(
    "benchmark",
    [GSM8K(), MathQA(), AquaRat(), StrategyQA(), ProntoQA(), ProsQA()],
    ids=lambda benchmark: benchmark.name,
)
def test_any_text_can_be_judged(benchmark):
    rng, pieces, gold = random.Random(0), PIECES.split(), GOLDS.get(benchmark.name, "C) 18 cm")
    texts = [piece * 1000 for piece in pieces] + ["so the " * 3000]
    for _ in range(2000):
        words = [rng.choice(pieces) + rng.choice(("", " ", " ", "\n")) for _ in range(rng.randrange(12))]
        texts.append("".join(words))
    for text in texts:
        answer = benchmark.extract(text)
        assert isinstance(answer, str), text
        assert isinstance(benchmark.matches(answer, gold), bool), text
        assert isinstance(benchmark.matches(text, gold), bool), text
        assert not benchmark.matches("", gold)
