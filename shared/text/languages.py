"""Telling the language of a longer text from its script and its most frequent words.

For bodies of lessons, where some dozens of words stand together; the few words of a goal need the guesses of
`shared/planning/goals`. No model and no data beyond these tables: they load at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_LEAST_HITS = 5
_LEAST_WORDS = 3
"""A name that is repeated, such as that of the subject, may be a frequent word of some language."""
_LEAD = 1.4
"""The best language must have so many times the hits of the second."""

# The most frequent words of each language that few of the others use.
_WORDS = {
    "en": "the of and to is that it for with as this are be by not you which from or when can how have an",
    "de": "der die und das ist nicht ein eine zu den mit von auf für im sich dem des auch wird werden sind "
    "oder wie aus man bei wenn einen einer",
    "fr": "le la les des est et une dans que qui pour pas sur avec sont plus ce il elle du au ou nous "
    "cette par être fait",
    "es": "el la los las que y es en un una por con para no se del al como más lo son su pero este esta "
    "cuando puede hay",
    "pt": "o os as que e é um uma do da em para com não por mais dos das no na ao como mas seu sua são você "
    "quando pode isso",
    "it": "il lo la gli che è di un una per con non sono del della nel nella si come più anche questo questa "
    "dei delle alla quando può",
    "nl": "de het een en van is dat niet in op te zijn met voor die wordt worden ook aan als bij door naar "
    "maar kan deze dit je",
    "pl": "i w na z się nie jest do to że jak od po za przez są oraz który która które może dla jako czy",
    "sv": "och att det som en är av för på med till den inte om ett har kan från eller när du så också man",
    "da": "og at det som en er af for på med til den ikke om et har kan fra eller når du så også man der",
    "nb": "og at det som en er av for på med til den ikke om et har kan fra eller når du så også man der",
    "fi": "ja on ei se että joka ovat tai kun myös mutta niin kuin sen voi jos ole tämä nämä voidaan",
    "cs": "a je se na v že to jako s do pro ve by který která které jsou nebo z ale také když může",
    "hu": "a az és hogy nem is egy van meg de ha mint vagy csak ezt azt amely lehet kell",
    "ro": "și de la în este cu nu un o care pe că din sunt pentru mai ce prin sau dacă poate",
    "tr": "ve bir bu için ile de da çok olarak gibi daha olan ne kadar sonra veya değil her olur ise",
    "id": "yang dan di itu dengan untuk tidak ini dari dalam adalah pada akan dapat atau oleh juga ke sebuah",
    "vi": "là và của có được cho không một các với trong những này người để khi thì bạn về hoặc",
    "sw": "na ya wa kwa ni katika la za hii kuwa cha hiyo au lakini kama huu ambayo wakati",
}
_words = {language: frozenset(table.split()) for language, table in _WORDS.items()}
_SCRIPTS = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "zh", "CYRILLIC": "ru", "GREEK": "el",
    "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi", "THAI": "th", "BENGALI": "bn", "TAMIL": "ta",
    "GEORGIAN": "ka", "ARMENIAN": "hy",
}  # fmt: skip
# Letters that tell languages of one script apart.
_LETTERS = (
    ("ru", "uk", re.compile("[їєґі]")),
    ("ar", "ur", re.compile("[ٹڈڑںےہ]")),
    ("ar", "fa", re.compile("[پچژگ]")),
)
# Written so alike that their frequent words do not tell them apart.
_ALIKE = (
    {"da", "nb", "no", "nn"},
    {"id", "ms"},
    {"hi", "mr", "ne"},
    {"ru", "bg", "sr", "mk"},
    {"cs", "sk"},
    {"he", "yi"},
)
# Whole words: `da3f` and `is_a` hold none.
_word = re.compile(r"\b[^\W\d_]+\b")
_LEAST_LETTERS = 12


def same_language(one: str, other: str) -> bool:
    """Tell whether two primary language tags are one, or too much alike to be told apart here."""
    return one == other or any({one, other} <= group for group in _ALIKE)


def detect_language(text: str) -> str | None:
    """Return the primary tag of the language that a text is mostly in; None where the text is no evidence."""
    text = unicodedata.normalize("NFC", text).casefold()
    letters = [character for character in text if character.isalpha()]
    if len(letters) < _LEAST_LETTERS:
        return None
    names = Counter(unicodedata.name(character, "").partition(" ")[0] for character in letters)
    others = Counter({script: names[script] for script in _SCRIPTS if names[script]})
    if sum(others.values()) * 2 > len(letters) or others["HIRAGANA"] + others["KATAKANA"] > len(letters) / 8:
        return _of_script(others, text)
    return _of_words(text)


def _of_script(scripts: Counter[str], text: str) -> str:
    # Japanese is written with more Chinese characters than its own, Chinese with none of those.
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > scripts["CJK"] / 10:
        scripts["CJK"] = 0
    language = _SCRIPTS[scripts.most_common(1)[0][0]]
    for general, special, pattern in _LETTERS:
        if language == general and pattern.search(text):
            return special
    return language


def _of_words(text: str) -> str | None:
    words = Counter(_word.findall(text))
    hits = Counter({language: _hits(words, known) for language, known in _words.items()})
    (best, most), *rest = hits.most_common()
    second = max((number for language, number in rest if not same_language(language, best)), default=0)
    return best if most >= _LEAST_HITS and most >= second * _LEAD else None


def _hits(words: Counter[str], known: frozenset[str]) -> int:
    counts = [words[word] for word in known if words[word]]
    return sum(counts) if len(counts) >= _LEAST_WORDS else 0
