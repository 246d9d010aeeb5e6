"""The page's style sheet."""

STEP_COLORS = ("#bfe3c0", "#c6dbf7", "#f9d8a8", "#e3c8f0", "#f7c6cd", "#c4ebe8", "#e6e3a8", "#d8d2cb")
"""Backgrounds of gold steps, in their order; later steps begin again."""

_STEPS = "\n".join(f".s{number} {{ background: {color}; }}" for number, color in enumerate(STEP_COLORS))

STYLE = (
    """
body { font: 15px/1.5 system-ui, "Helvetica Neue", Arial, sans-serif; color: #1d2530; background: #f4f6f8; margin: 0; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 24px 60px; }
h1 { font-size: 26px; margin: 0 0 2px; }
h2 { font-size: 18px; margin: 0 0 8px; }
.about { color: #5b6673; margin: 0 0 18px; }
.card { background: #fff; border: 1px solid #dde3e9; border-radius: 8px; padding: 18px 22px; margin: 0 0 18px; }
.verdict { border-left: 8px solid #8a94a0; }
.verdict.computation { border-left-color: #2e8b57; }
.verdict.buffer { border-left-color: #d99a1c; }
.verdict.unused, .verdict.unsound { border-left-color: #c0392b; }
.verdict p { font-size: 20px; font-weight: 600; margin: 0 0 8px; }
.verdict ul { margin: 0; padding-left: 20px; color: #3b4653; }
.beside { display: grid; grid-template-columns: minmax(0, 1fr) 370px; gap: 18px; align-items: start; }
.beside img { width: 100%; }
table { border-collapse: collapse; font-size: 12.5px; font-variant-numeric: tabular-nums; }
th { text-align: right; font-weight: 600; color: #5b6673; vertical-align: bottom; border-bottom: 1px solid #c9d1d9; }
th, td { padding: 3px 8px 3px 0; }
td { text-align: right; border-bottom: 1px solid #eef1f4; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.scroll { overflow-x: auto; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 18px; }
.question { border-top: 5px solid #2e8b57; font-size: 14px; }
.question.wrong { border-top-color: #c0392b; }
.question td { white-space: normal; text-align: left; vertical-align: top; }
.question th { text-align: left; }
.question .asked { margin: 0 0 10px; }
.question .said { margin: 10px 0 0; }
.looked { display: grid; grid-template-columns: 440px minmax(0, 1fr); gap: 16px; align-items: start; }
.looked img { width: 100%; }
.looked .step { white-space: nowrap; }
.looked ol .step { white-space: normal; }
.looked table td, .looked table th { padding-right: 8px; font-size: 12px; }
.id { color: #8a94a0; font-size: 12px; }
.step { border-radius: 4px; padding: 1px 4px; }
.word { color: #3b4653; white-space: nowrap; margin-right: 8px; }
.word small { color: #1b6ca8; }
.question td:nth-child(3) { width: 27%; }
.question td:nth-child(4) { width: 25%; }
.right { color: #2e8b57; }
.wrong-answer { color: #c0392b; }
.muted { color: #8a94a0; }
"""
    + _STEPS
)
