"""Guessing the language that a goal is written in, from its script and its most frequent words.

Small and honest: without evidence it says English, and the name of a language in that language is no
evidence, since those who want to learn Japanese do not yet read it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

DEFAULT = "en"

_WORDS = {
    "en": "i i'm want to learn the how of and for my please teach me would like is with about help study at",
    "de": "ich möchte will würde lernen und der das für wie mir bitte mit über eine einen gerne bring",
    "fr": "je j'aimerais veux voudrais apprendre les et pour avec comment sur moi souhaite s'il plaît est du",
    "es": "quiero aprender el los para con cómo gustaría sobre quisiera enséñame estudiar una del y favor",
    "pt": "quero aprender os para com como gostaria sobre eu uma estudar ensine-me do da não você",
    "it": "voglio imparare il gli per come vorrei della con studiare una mi piacerebbe favore",
    "nl": "ik wil leren het een voor met hoe graag van mij zou willen alsjeblieft",
    "pl": "chcę nauczyć uczyć się dla jak chciałbym chciałabym proszę naucz mnie poznać",
    "tr": "istiyorum öğrenmek için ve bir nasıl lütfen bana öğret",
    "sv": "jag vill lära mig och att för hur",
    "da": "jeg vil gerne lære og at hvordan",
    "cs": "chci se naučit jak prosím bych chtěl chtěla",
    "ro": "vreau să învăț despre pentru",
    "id": "saya ingin belajar tentang untuk mau",
    "vi": "tôi muốn học về cho cách",
    "fi": "haluan oppia miten ja",
    "hu": "szeretnék tanulni meg és hogyan",
}
_words = {language: frozenset(words.split()) for language, words in _WORDS.items()}
# Letters that hardly any other of these languages writes.
_LETTERS = {"ñ": "es", "ã": "pt", "õ": "pt", "ß": "de", "ł": "pl", "ę": "pl", "ż": "pl", "ğ": "tr", "ı": "tr",
            "ș": "ro", "ř": "cs", "ů": "cs", "ő": "hu", "ű": "hu", "đ": "vi"}  # fmt: skip
_SCRIPTS = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar",
    "HEBREW": "he", "DEVANAGARI": "hi", "THAI": "th", "BENGALI": "bn", "TAMIL": "ta", "GEORGIAN": "ka",
    "ARMENIAN": "hy",
}  # fmt: skip
_ENDONYM_TABLE = """
deutsch français español português italiano nederlands polski türkçe svenska dansk norsk suomi čeština magyar
română русский українська ελληνικά עברית العربية عربي فارسی हिन्दी हिंदी ไทย
日本語 中文 汉语 漢語 普通话 한국어
"""
_endonyms = frozenset([*_ENDONYM_TABLE.split(), "tiếng việt", "bahasa indonesia"])
# Whole words: an identifier such as `da3f` holds none.
_word = re.compile(r"\b[^\W\d_]+(?:['-][^\W\d_]+)*\b")
_TELLING_LETTERS = 3
"""A shorter word that stands alone may be a name's, or English: Da Vinci, do yoga."""


def guess_language(text: str) -> str:
    """Return a language tag of two letters for a text; "en" where nothing speaks for another."""
    words = _word.findall(unicodedata.normalize("NFC", text).lower())
    if " ".join(words) in _endonyms:
        return DEFAULT
    scores = Counter[str]()
    for language, known in _words.items():
        found = known.intersection(words)
        tells = language == DEFAULT or len("".join(found)) >= _TELLING_LETTERS
        scores[language] = len(found) if tells else 0
    for letter, language in _LETTERS.items():
        scores[language] += letter in text.lower()
    (best, most), (_, second) = scores.most_common(2)
    if most > second:
        return best
    return DEFAULT if most else _language_of_script(text)


def _language_of_script(text: str) -> str:
    names = Counter(
        unicodedata.name(character, "").partition(" ")[0] for character in text if character.isalpha()
    )
    if names["HIRAGANA"] + names["KATAKANA"]:
        return "ja"
    known = [(names[script], language) for script, language in _SCRIPTS.items() if names[script] > 1]
    if names["CJK"] > 1:
        known.append((names["CJK"], "zh"))
    best = max(known, default=(0, DEFAULT))[1]
    if best == "ru" and re.search("[їєґі]", text.lower()):
        return "uk"
    if best == "ar" and re.search("[پچژگ]", text):
        return "fa"
    return best
