"""People's given names in word problems: exchanging them, gender kept, changes nothing else."""

import random
import re

# Names that are no other words, no places and no brands, and do not end in s, whose possessive is written in two ways.
WOMEN = frozenset(
    """
    Alice Amanda Amy Angela Anna Anne Annie Barbara Becky Bella Beth Betty Brenda Brittany Carla Carrie Cathy Cheryl
    Cindy Claire Clara Danielle Diana Diane Donna Dorothy Ella Elsa Emily Emma Erica Erin Fiona Gina Greta Hannah Helen
    Janet Janice Jane Jenna Jennifer Jenny Jessica Jill Joan Julia Julie Karen Kate Katie Kayla Kendra Kylie Laura
    Layla Leila Linda Lisa Lucy Lydia Mandy Margaret Maria Martha Mary Megan Melissa Mia Michelle Molly Monica Nancy
    Natalie Nicole Nina Olivia Pamela Paula Polly Rachel Rebecca Rita Sally Samantha Sandra Sarah Stephanie Susan Tanya
    Tara Theresa Tina Veronica Wendy Zoe
    """.split()  # noqa: SIM905
)
MEN = frozenset(
    """
    Aaron Adam Alan Albert Andrew Andy Anthony Barry Ben Bert Billy Bob Bobby Brad Brandon Brian Bruce Caleb Calvin Carl
    Charlie Connor Daniel Danny Dave David Derek Diego Eric Fred Freddy Gary George Gerald Greg Harry Henry Ian Ivan
    Jacob Jake Jared Jason Jeff Jeremy Jerome Jerry Jim Jimmy Joe Joey John Johnny Joseph Josh Juan Justin Ken Kenny
    Kevin Kyle Larry Leo Luke Martin Matt Michael Mike Nathan Neil Oliver Patrick Paul Peter Phil Ralph Randy Richard
    Robert Roger Ryan Sam Samuel Simon Steve Steven Ted Tim Toby Todd Tom Tommy Tony Trevor Tyler Victor William
    """.split()  # noqa: SIM905
)
# What may stand before a name, itself with a capital letter, without being a part of it.
_BEFORE = frozenset(
    "After And As At Because Before But Does Each Every For From How If In On Since So When While".split()  # noqa: SIM905
)
_WORD = re.compile(r"\w+")


def exchanged(question: str, rng: random.Random) -> dict[str, str]:
    """Other names for the people of a question, none of whom it names already; nothing where it names nobody.

    A name beside another word with a capital letter is left: it may be a part of a longer one.

    >>> exchanged("Every hour Tom Sawyer paints 3 planks.", random.Random(0))
    {}
    """
    words = set(_WORD.findall(question))
    given: dict[str, str] = {}
    for names in (WOMEN, MEN):
        own = sorted(name for name in words & names if _alone(question, name))
        given |= dict(zip(own, rng.sample(sorted(names - words), len(own)), strict=True))
    return given


def _alone(question: str, name: str) -> bool:
    followed = re.search(rf"\b{name}(?:'s)? [A-Z]", question)
    before = re.findall(rf"\b([A-Z]\w*\.?) {name}\b", question)
    return followed is None and all(word in _BEFORE for word in before)
