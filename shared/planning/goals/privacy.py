"""What a goal says of the learner: names, employers, instructions. None of it may become part of a subject.

Subject and focus are part of what is shared, so they are filtered here whoever read them out of the goal. A
filter of words cannot know every name; it knows how people introduce one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.models.specification import normalise
from shared.planning.goals.text import has_words, trimmed

_CAPITAL = r"[A-ZÀ-ÖØ-ÞĀ-ŽА-ЯΑ-Ω][\w'’&.-]*"
_CAPITALS = rf"{_CAPITAL}(?: (?:(?:&|and|und|of|de|von|van|der) )?{_CAPITAL}){{0,4}}"
_WORDS = r"[^\W\d_][\w'’-]*(?: (?!and\b|und\b|et\b|y\b|e\b|i\b|from\b|aus\b|de\b)[^\W\d_][\w'’-]*)?"

# "I am Interested In ..." in capitals is no name.
_NO_NAME = r"(?!\w+(?:ing|ed|ous|er)\b|(?:New|Ready|Not|Very|So|The|An?|In|At|From|Keen|Here)\b)"
_named = re.compile(
    rf"(?i:\b(?:my (?:full )?name(?: is|'s)|i am called|call me|mein name ist|ich hei(?:ß|ss)e|je m'appelle"
    rf"|mon nom est|me llamo|mi nombre es|mi chiamo|(?:o )?meu nome é|me chamo|ik heet|mijn naam is"
    rf"|nazywam się|mam na imię|jag heter|меня зовут|benim adım|adım))\s+(?P<name>{_WORDS})"
    r"|(?:我叫|我的名字是|我是)(?P<han>[\u4e00-\u9fff]{2,3})(?=[,。,\s]|我)"
    r"|(?:私の名前は|わたしは)(?P<kana>[^\s、。]{1,10}?)(?:です|と申します)"
    rf"|\b(?i:i am|i'm|this is|ich bin|je suis|soy|sono|sou)\s+{_NO_NAME}"
    rf"(?P<alone>{_CAPITAL} {_CAPITAL}|{_CAPITAL}(?=[,.!]))"
    rf"|\b(?i:my|our|mein\w*|mon|ma|mi|mio|mia|meu|minha)\s+(?i:wife|husband|partner|son|daughter|child|boss"
    rf"|friend|colleague|teacher|mother|father|sister|brother|frau|mann|sohn|tochter|chefin|chef|freund\w*"
    rf"|femme|mari|fils|fille|esposa|marido|hijo|hija|moglie|marito|figlio|figlia),?\s+(?P<other>{_CAPITALS})"
    rf"|(?i:\b(?:regards|cheers|greetings|thanks|thank you|grüße|gruß|cordialement|saludos|saluti)),?\s+"
    rf"(?P<signed>{_CAPITALS})\s*$",
    re.MULTILINE,
)
_FORMS = r"(?:GmbH|AG|KG|Ltd|Limited|Inc|LLC|LLP|PLC|plc|Corp|Corporation|Co|SARL|SAS|SpA|BV|NV|AB|Oy|Pty)"
_employed = re.compile(
    rf"(?P<firm>{_CAPITAL}(?:,? (?:& )?{_CAPITAL}){{0,4}}?,? {_FORMS})\b"
    rf"|(?i:\b(?:work(?:s|ing|ed)? (?:\w+ ){{0,4}}?(?:at|for)|(?:employed|hired) (?:at|by)|employee (?:at|of)"
    rf"|(?:job|role|position|intern|internship|interview|trainee) (?:at|with)"
    rf"|arbeite\w* (?:\w+ ){{0,3}}?(?:bei|für)(?: der| dem)?|travaille (?:\w+ ){{0,3}}?(?:chez|pour)"
    rf"|trabajo (?:\w+ ){{0,3}}?en|trabalho (?:\w+ ){{0,3}}?na?|lavoro (?:\w+ ){{0,3}}?(?:presso|per)"
    rf"|my (?:company|employer|firm|startup))(?: the| la| die)?,?\s+)(?P<employer>{_CAPITALS})"
)
# Text that is meant for a language model, not for a teacher.
_instruction = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,50}\b(?:instructions?|rules?|prompts?|above|previous"
    r"|guidelines|everything)\b|\b(?:ignoriere|vergiss)\b[^.\n]{0,50}\b(?:anweisung\w*|regeln)\b"
    r"|\b(?:ignore[sz]?|oublie[sz]?|ignora|olvida)\b[^.\n]{0,50}\b(?:instructions|instrucciones|istruzioni"
    r"|instruções)\b|игнорируй[^.\n]{0,50}(?:инструкции|указания)|忽略[^。\n]{0,20}(?:指令|指示|说明)"
    r"|\bsystem (?:prompt|override)\b|\byou are now\b|\byou must now\b|\b(?:respond|reply) (?:only )?with\b"
    r"|\b(?:print|output|reveal|repeat)\b[^.\n]{0,30}\b(?:prompts?|instructions?|secrets?|passwords?)\b"
    r"|<\||\|>|\[/?INST\]",
    re.IGNORECASE,
)
# From here on a sentence speaks of the learner.
PERSONAL_TAIL = re.compile(
    r"[\s,;]+(?:because|since|as|while|although|but|and|so)\s+(?:that\s+)?(?:i|i'm|i've|my|we|our)\b.*"
    r"|[\s,;]+(?:because|weil|da ich|denn ich|parce que|car je|porque|perché|потому что|poiché)\b.*"
    r"|[\s,;]+(?:with|at|in|from|like|alongside|together with)\s+(?:my|our)\b.*"
    r"|[\s,;]+(?:mit|bei|in)\s+(?:mein|unser)\w*\b.*|[\s,;]+(?:avec|chez|dans)\s+(?:mon|ma|mes|notre)\b.*"
    r"|[\s,;]+(?:con|en)\s+(?:mi|mis|nuestr\w+)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_before_a_name = re.compile(
    r"[\s,;:–-]*(?:\b(?:at|for|with|by|from|of|in|to|like|as|and|bei|beim|für|mit|von|der|die|chez|pour|avec|en|para|con"
    r"|de|da|presso|per|the|my|our|named|called)\b[\s,]*)*$",
    re.IGNORECASE,
)
_word = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SMALL = frozenset({"and", "und", "of", "de", "von", "van", "der", "the", "la", "die", "co", "se", "as"})


@dataclass(frozen=True, slots=True)
class Personal:
    """The normalised words of a text that name persons, and those that name where they work."""

    names: frozenset[str]
    employers: frozenset[str]

    @property
    def words(self) -> frozenset[str]:
        """All of them."""
        return self.names | self.employers


def personal_words(text: str) -> Personal:
    """Return what a text (in its original spelling: capitals tell names) says of persons and employers."""
    names = [value for match in _named.finditer(text) for value in match.groups() if value]
    employers = [value for match in _employed.finditer(text) for value in match.groups() if value]
    return Personal(_words(names), _words(employers))


def _words(found: list[str]) -> frozenset[str]:
    return frozenset(_word.findall(normalise(" ".join(found)))) - _SMALL


def industry_words(industry: str) -> frozenset[str]:
    """Return the words of an industry that must not be shared: all, unless it is a plain branch of trade.

    "Health care" is one; a firm's name, an address or a whole sentence is not.
    """
    words = _word.findall(normalise(industry))
    plain_branch = len(words) <= 3 and industry.replace(" ", "").replace("&", "").isalpha()
    if plain_branch and not personal_words(industry).words:
        return frozenset()
    return frozenset(word for word in words if len(word) > 2)


def without_introductions(text: str) -> str:
    """Return a text without the phrases in which people give a name ("My name is ..."); "my friend" stays."""
    return _named.sub(lambda match: match[0].removesuffix(match["other"] or match[0]) + " ", text)


def without_instructions(sentence: str) -> str:
    """Return a sentence up to where it is addressed to a language model."""
    return _instruction.split(sentence, maxsplit=1)[0]


def without_words(text: str, words: frozenset[str]) -> str:
    """Cut a text before the first of these words; if nothing is left so, take what stands behind them."""
    for match in _word.finditer(text):
        if _is_one_of(match[0], words):
            before = trimmed(_before_a_name.sub("", text[: match.start()]))
            return before if has_words(before) else trimmed(without_words(text[match.end() :], words))
    return text


def mentions(text: str, words: frozenset[str]) -> bool:
    """Tell whether one of these words stands in a text."""
    return any(_is_one_of(found, words) for found in _word.findall(text))


def _is_one_of(word: str, words: frozenset[str]) -> bool:
    word = normalise(word)
    return word in words or re.sub(r"['’]?s$", "", word) in words
