"""GSM8K in its three forms, and numbers as answers."""

import pytest

from lightning_latent.data.benchmarks.gsm8k import GSM8K

ORIGINAL = {
    "question": "Ida packs 40 boxes of 25 pears. How many pears is that?",
    "answer": "Each box has 25 pears.\nThat is 40*25 = <<40*25=1000>>1,000 pears.\n#### 1,000",
}


def test_three_forms_give_one_example():
    line = {"text": ORIGINAL["question"] + "||<<40*25=1000>> #### 1,000\n"}
    coconut = {"question": ORIGINAL["question"], "steps": ["<<40*25=1000>>"], "answer": "1,000"}
    examples = {GSM8K().parse(row, index=5) for row in (ORIGINAL, line, coconut)}
    assert len(examples) == 1
    assert examples.pop().steps == ("<<40*25=1000>>",)


def test_sentences_lose_their_marks():
    example = GSM8K(steps="sentences").parse(ORIGINAL, index=0)
    assert example.steps == ("Each box has 25 pears.", "That is 40*25 = 1,000 pears.")
    assert example.answer == "1,000"  # its tokens are those of the file


WITHOUT_CHAIN = [
    {"question": "How many?", "answer": "There are four.\n#### 4"},
    {"text": "How many?||#### 4"},
    {"text": "How many?|| #### 4"},
    {"question": "How many?", "steps": [""], "answer": "4"},
]


def test_no_chain_gives_no_steps():
    for row in WITHOUT_CHAIN:
        assert GSM8K().parse(row, index=0).steps == (), row


def test_text_line_of_natural_language_keeps_its_sentences():
    example = GSM8K().parse({"text": "How many?||One is 1. Two more is 1+2 = 3. #### 3"}, index=0)
    assert example.steps == ("One is 1.", "Two more is 1+2 = 3.")


MALFORMED = [
    ({"text": "no bars here"}, "must read 'question"),
    ({"text": "||<<1+1=2>> #### 2"}, "must read 'question"),
    ({"text": "q||<<1+1=2>>"}, "no answer after '####'"),
    ({"question": "q", "answer": "two"}, "no answer after '####'"),
    ({"question": "q", "answer": "#### two"}, "'two' is not a number"),
    ({"question": "q"}, "no field 'answer'"),
]


def test_malformed_rows_say_why():
    for row, reason in MALFORMED:
        with pytest.raises(ValueError, match=reason):
            GSM8K().parse(row, index=0)


TEXTS = [
    ("### 1,000", "1,000"),
    ("<<40*25=1000>>\n### $1000.0 pears, not 25", "$1000.0"),
    ("### -3", "-3"),
    ("### 3/4 of a pie", "3/4"),
    ("### none of them", ""),
    ("###", ""),
    ("16-3 = 13 and 13*2 = 26.", "26"),
    ("The answer is 18. That took 2 steps.", "18"),
    ("## Step 1..\n## Step 2..\nThe final answer is: $\\boxed{18}$", "18"),
    ("### Solution\n..16-3-4=9, 9*2=18.\n**Answer: 18**", "18"),
    ("Problem #2. The total is 18.", "18"),
    ("### 1. Count\n9 eggs\n### 2. Add\nSo 18", "18"),
    ("### 18\n9 eggs at $2 make 18.00", "18"),
    ("<<16-3-4=9>> <<9*2=18>> #### 18", "18"),
    ("### 9 * 2 = 18", "18"),
    ("The answer is 9 + 9 = 18.", "18"),
    ("### 18 = 9 * 2", "18"),
    ("### 9*2 = $18 a day for 7 days", "$18 a day"),
    ("### 2/4 = 1/2", "1/2"),
    ("The answer is 18, since 3 * 18 = 54", "18"),
    ("The answer is 18. I hope this answer helps.", "18"),
    ("To answer the 2 questions: 3 + 15 = 18", "18"),
    ("- 18", "18"),
    ("Answer:\n- 18", "18"),
    ("### Answer\n18", "18"),
    (r"### $\frac{3}{4}", "$3/4"),
    (r"\boxed{1{,}000}", "1,000"),
    ("### 3\u00bd", "3 1/2"),
    ("I do not know.", ""),
    ("", ""),
]


def test_extraction():
    for text, answer in TEXTS:
        assert GSM8K().extract(text) == answer, text


def test_comparison_is_by_value():
    benchmark = GSM8K()
    assert all(benchmark.matches(text, "1000") for text in ("1,000.0", "$1000", "1000.", "2000/2"))
    assert not any(benchmark.matches(text, "1000") for text in ("-1000", "100", "1,00", "", "1000 or 2000"))
    assert not any(benchmark.matches(text, "18") for text in ("1/2e3", "0/6e1", "9" * 4301, "1e9999999", "18/0"))
