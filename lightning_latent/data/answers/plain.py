r"""One spelling of a text: the signs that Unicode, LaTeX, Markdown and HTML have for the same thing."""

import re
import unicodedata

_SUPERSCRIPTS = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b", "0123456789-")
_SUPERSCRIPT = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207b]+")
_ONE_SIGN_FRACTION = re.compile("[\u00bc-\u00be\u2150-\u215e]")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\u02d7\u2796\ufe63\uff0d\ufe58", "-"),
        **dict.fromkeys("\u2015", "\u2014"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u02bc`", "'"),
        **dict.fromkeys("\u2217\u22c5\u00b7\u2715\u2716", "\u00d7"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", ""),
        **dict.fromkeys("\u3010\u3014\u300c\u300e\u27e8\u3008\u300a", "["),
        **dict.fromkeys("\u3011\u3015\u300d\u300f\u27e9\u3009\u300b", "]"),
        "\u3002": ".",
        "\u3001": ",",
        "\u2044": "/",
        "\u2215": "/",
        "\u00ba": "\u00b0",
        "\u21d2": "=",
        "\u21d4": "=",
        "\u27f9": "=",
        "\u2248": "=",
        "\u2245": "=",
        "\u2243": "=",
    }
)
# What UTF-8 looks like where it was read as another code, as in rationales that were scraped; MathQA's is tokenised.
_MISREAD = {
    "\u00c3\u2014": "\u00d7",
    "\u00e3 \u2014": "\u00d7",
    "\u00e2\u02c6\u0161": "\u221a",
    "\u00e2\u20ac\u201c": "-",
    "\u00c2": "",
}
# Between digits, before three of them: what sets thousands apart, a blank of any width or an apostrophe.
_THOUSANDS = re.compile(
    r"(?<![\d.,])([1-9]\d{0,2})((?:(?:\{,\}|,?\\[,;:! ]|~|[ \u00a0\u2007\u2008\u2009\u202f'\u2019])\d{3})+)"
    r"(?![\d']|,\d|\s*/)"
)
_NOT_DIGITS = re.compile(r"\D+")
_WRAPPING = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mbox|boldsymbol|operatorname)\s*\{([^{}]*)\}"
)
_ARGUMENT = r"\s*(?:\{\s*([^{}]*?)\s*\}|(\d))"
_FRACTION = re.compile(rf"(\d)?\\[cdt]?frac{_ARGUMENT}{_ARGUMENT}")
_ROOT = re.compile(rf"\\sqrt{_ARGUMENT}")
_POWER = re.compile(r"\^\s*\{\s*([^{}]*?)\s*\}")
_LATEX = {
    r"\\(?:left|right|displaystyle|bigl?|bigr)(?![a-zA-Z])": "",
    r"\^\s*\{?\s*\\circ\s*\}?|\\degree": "\u00b0",
    r"\\(?:times|cdot|ast)(?![a-zA-Z])": "\u00d7",
    r"\\div(?![a-zA-Z])": "\u00f7",
    r"\\pi(?![a-zA-Z])": "\u03c0",
    r"\\(?:geq?|geqslant)(?![a-zA-Z])": "\u2265",
    r"\\(?:leq?|leqslant)(?![a-zA-Z])": "\u2264",
    r"\\(?:approx|simeq|Rightarrow|implies|iff)(?![a-zA-Z])": "=",
    r"\\(?:q?quad|to|rightarrow)(?![a-zA-Z])": " ",
    r"\\\\": "\n",
    r"\\([$%&#])": r"\1",
    r"\\[()\[\],;:! ]|(?<=[\d\w])~(?=[\d\w])": " ",
}
_MATHS = re.compile(r"\$\$(.+?)\$\$|\$(?=\S)([^$\n]{1,200}?)(?<=\S)\$(?!\d)", re.DOTALL)
_BOLD_TAG = re.compile(r"</?(?:b|strong)>", re.IGNORECASE)
_TAG = re.compile(r"</?(?:p|div|span|i|em|u|code|pre|li|ul|ol|h\d|sub|final)\b[^<>]*>", re.IGNORECASE)
_RAISED = re.compile(r"<sup>\s*(-?\d+)\s*</sup>", re.IGNORECASE)
_CALCULATION = re.compile(r"<<([^<>]*)>>(\s?[\d.$])?")
_RUPEES = re.compile(r"(?<![a-z])rs(?:\s?\.)?\s*(?=-?\s?\.?\d)|(?:\bINR|\u20a8)\s?(?=\d)", re.IGNORECASE)
_ROOT_WORD = re.compile(r"\bsqrt\s?\(")
_ARROW = re.compile(r"=\s*>|(?:-\s*)+>")


def plain(text: str) -> str:
    r"""A text in one spelling. Bold stays marked by `**`, and a box by `\boxed{}`.

    >>> plain("\\boxed{\\frac{3}{4}}, 70\u202f000 \uff08C\uff09 and Rs. 5")
    '\\boxed{3/4}, 70,000 (C) and \u20b95'
    """
    for wrong, sign in _MISREAD.items():
        text = text.replace(wrong, sign)
    text = _THOUSANDS.sub(lambda m: m[1] + _NOT_DIGITS.sub(",", m[2]), text)
    text = _SUPERSCRIPT.sub(lambda m: f"^({m[0].translate(_SUPERSCRIPTS)})", text)
    text = _ONE_SIGN_FRACTION.sub(lambda m: " " + unicodedata.normalize("NFKC", m[0]), text)
    text = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)
    text = _html(_latex(text) if "\\" in text or "$" in text or "^" in text else text)
    text = _ROOT_WORD.sub("\u221a(", text)
    return _RUPEES.sub("\u20b9", _ARROW.sub("=", text.replace("US$", "$")))


def without_emphasis(text: str) -> str:
    """Take the marks of bold and italic words away, but not the stars of a product.

    >>> without_emphasis("**18** is *not* 9 * 2 * 3")
    '18 is not 9 * 2 * 3'
    """
    text = re.sub(r"\*{2,}|__+", "", text)
    return re.sub(r"(?<![\w*)])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*(])", r"\1", text)


def _latex(text: str) -> str:
    for pattern, sign in _LATEX.items():
        text = re.sub(pattern, sign, text)
    for _ in range(3):  # from the inside out: a fraction of fractions has no fourth storey
        before = text
        text = _WRAPPING.sub(r"\1", text)
        text = _ROOT.sub(lambda m: f"\u221a({m[1] or m[2]})", _POWER.sub(r"^(\1)", text))
        text = _FRACTION.sub(_written_fraction, text)
        if text == before:
            break
    return _MATHS.sub(lambda m: m[1] or m[2], text)


def _written_fraction(match: re.Match[str]) -> str:
    before, top, bottom = match[1], match[2] or match[3] or "", match[4] or match[5] or ""
    fraction = f"{top}/{bottom}" if top.isdigit() and bottom.isdigit() else f"({top})/({bottom})"
    return f"{before} {fraction}" if before else fraction


def _html(text: str) -> str:
    text = re.sub(r"(?<=\d)\*\*(?=\d)", "^", text)
    if "<" not in text:
        return text
    text = _RAISED.sub(r"^(\1)", re.sub(r"<br\s*/?>", "\n", text, flags=re.IGNORECASE))
    text = _TAG.sub("", _BOLD_TAG.sub("**", text))
    # "<<9*2=18>>18" says 18 twice; without a number behind it, the calculation says it.
    return _CALCULATION.sub(lambda m: f" {m[2]}" if m[2] else f" {m[1]} ", text)
