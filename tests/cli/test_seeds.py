"""Comparisons of several reasoners in one table, by a command."""

import json
from pathlib import Path

import pytest

from lightning_latent.cli import main
from lightning_latent.evaluation.run import write_run
from tests.evaluation.runs import make_run


@pytest.fixture(autouse=True)
def comparisons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, plain, learned in (("1", "xx..", "xxx."), ("2", "x...", "xxx."), ("3", "xx..", "x.xx")):
        for method, right in (("Coconut", plain), ("map", learned)):
            run = make_run(method, right)
            write_run(Path(f"runs/{seed}/{method}/test"), run.about, run.answers)
        main(["compare", f"runs/{seed}/Coconut", f"runs/{seed}/map"])


def test_comparisons_become_a_table_and_three_files(capsys: pytest.CaptureFixture[str]) -> None:
    main(["compare", "runs/1/comparison.json", "runs/2", "runs/3"])
    seeds = json.loads(Path("runs/seeds.json").read_text())
    assert seeds["comparisons"] == [f"runs/{seed}/comparison.json" for seed in (1, 2, 3)]
    assert seeds["methods"]["map"]["gain"] == pytest.approx((0.25 + 0.5 + 0.25) / 3)
    assert {path.name for path in Path("runs").glob("seeds.*")} == {"seeds.json", "seeds.md", "seeds.csv"}
    out = capsys.readouterr().out
    assert "+25.0 to +50.0" in out and "the table is in runs: seeds.json, .md and .csv" in out
    main(["compare", "runs/1", "runs/2", "--output", "out"])
    assert len(json.loads(Path("out/seeds.json").read_text())["comparisons"]) == 2


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["runs/1"], "at least two reasoners"),
        (["runs/1", "runs/1/comparison.json"], "runs/1/comparison.json is named 2 times"),
        (["runs/1", "nowhere/comparison.json"], "nowhere/comparison.json: no such file"),
        (["runs/1", "runs/2/map/test"], "comparisons go together with comparisons alone"),
        (["runs/1", "runs/2", "--against", "map"], "comparisons go together with comparisons alone"),
        (["runs/1", "broken"], "broken/comparison.json: not a comparison"),
        (["runs/1", "empty"], "empty/comparison.json: not a comparison; compare the runs again"),
    ],
)
def test_bad_input_is_one_line_and_code_2(args: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in (("broken", "{"), ("empty", "{}")):
        Path(name).mkdir()
        Path(name, "comparison.json").write_text(text)
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_:
        main(["compare", *args])
    assert exit_.value.code == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1 and errors[0].startswith("error: ") and message in errors[0]
    assert not list(Path().rglob("seeds.*"))
