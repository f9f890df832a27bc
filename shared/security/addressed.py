"""Telling whether a text speaks to a language model: no learner is meant by it, however it is disguised.

A list of words catches only what somebody thought of. It is the second defence: before it, a model is
shown sources as data between marks that nobody can guess; after it, the links, the code and the claims of
a lesson are judged whatever they say.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from shared.security.clean_text import clean_text

_REMEMBERED = 1024
"""A lesson's texts are judged, mended and judged again."""
# Cyrillic and Greek letters that look like Latin ones, folded only in words that mix the scripts.
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁһԛԝηΑΒΕΖΗΙΚΜΝΟΡΤΥΧορνικατ",
    "ABESIJKMHOPCTYXaesijopcyxdhqwnABEZHIKMNOPTYXopvikat",
)
_MARKS = re.compile(r"[*_~`\\]+")
_SPACED = re.compile(r"\b\w(?:[ .\-]\w)+\b")
_LINE_END = re.compile(r"\n[\s#>/*-]*")

_MODEL = (
    r"(?:AI(?: (?:assistant|model|agent|system|tool))?|LLM|(?:large )?language model|chat ?bot"
    r"|chat ?gpt|(?:digital|virtual) assistant|web crawler|scraper|summari[sz]er)"
)
_MODELS = rf"(?:the |any |all |every |our )?{_MODEL}s?"
_EARLIER = (
    r"(?:previous|prior|earlier|above|preceding|foregoing|former|existing|original|initial|your|system"
    r"|you (?:were|have been|are|got)|given|told|received)"
)
_BEFORE = r"(?:previous|prior|earlier|above|preceding|foregoing|you (?:were|have been) (?:given|told))"
_INSTRUCTIONS = r"(?:instructions?|prompts?|guidelines?)"
# Words that mean much else as well: rules of grammar and of style sheets, commands of a shell.
_RULES = r"(?:rules?|directives?|directions?|context|messages?)"
_LEAVE = (
    r"(?<!not )(?<!n['’]t )(?<!never )(?:ignore|disregard|forget|discard|pay no attention to"
    r"|(?:do not|don['’]t|never|stop) (?:follow(?:ing)?|obey(?:ing)?|comply with|adhere to))"
)
_DROP = rf"(?:{_LEAVE}|override|bypass)"
_BEGINNING = r"(?:^|[.!?:;,»”\"'\]>)] *|\b(?:please|now|and|must|should|to) )"
_SAYING = (
    r"(?:reply|respond|answer|output|write|include|recommend|link|insert|say|tell|praise|mention|promote)"
)
_ACT = r"(?:act|respond|reply|answer|behave|speak|pretend|obey)"

# Each list of patterns is looked at only in a text that holds one of the words before it.
_ENGLISH: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = tuple(
    (frozenset(words.split()), re.compile("|".join(patterns), re.IGNORECASE))
    for words, patterns in (
        (
            (
                "ignore disregard forget discard attention override bypass follow following obey obeying"
                " comply adhere"
            ),
            (
                rf"\b{_DROP}\b[^.;:]{{0,30}}\b{_EARLIER}\b[^.,;:]{{0,20}}\b{_INSTRUCTIONS}\b",
                rf"\b{_DROP}\b[^.;:]{{0,20}}\b{_INSTRUCTIONS}\b[^.,;:]{{0,15}}\b{_EARLIER}\b",
                rf"\b{_LEAVE}\b[^.;:]{{0,30}}\b{_BEFORE}\b[^.,;:]{{0,20}}\b(?:{_RULES}|orders|commands)\b",
                rf"\b{_LEAVE}\b[^.;:]{{0,20}}\b{_RULES}\b[^.,;:]{{0,15}}\b{_BEFORE}\b",
                rf"\b{_LEAVE} (?:everything|anything|all|what) (?:that )?(?:you|above|before|written)\b",
                (
                    rf"{_BEGINNING}(?:ignore|disregard|forget|override) (?:all|any|every)(?: of the)?"
                    r" (?:instructions?|prompts?|directives?|guidelines?)\b"
                ),
            ),
        ),
        (
            (
                "ignorepreviousinstructions ignoreallpreviousinstructions ignoreaboveinstructions"
                " ignorealltheaboveinstructions ignoreyourinstructions ignoreallinstructions"
            ),
            (r"\bignore\w*instructions\b",),
        ),
        (
            "reveal print repeat output show leak",
            (
                (
                    r"\b(?:reveal|print|repeat|output|show|leak)\b[^.]{0,30}"
                    r"\b(?:system prompt|hidden prompt|your (?:instructions|prompt))\b"
                ),
                (
                    r"\b(?:repeat|print|output|reveal) (?:everything|all (?:of )?(?:the )?(?:words|text))"
                    r" (?:above|before this)\b"
                ),
            ),
        ),
        (
            "stop cease quit",
            (
                (
                    r"\b(?:stop|cease|quit) (?:writing|generating|composing|summari[sz]ing) (?:the|this|your)"
                    r" (?:lesson|article|answer|summary|response|quiz|course)\b"
                ),
            ),
        ),
        (
            (
                "ai ais llm llms model models chat chatbot chatbots bot bots chatgpt gpt dan crawler crawlers"
                " scraper scrapers summariser summarisers summarizer summarizers assistant assistants"
                " developer"
            ),
            (
                (
                    rf"\byou are (?:now )?(?:an? |the )?(?:{_MODEL}|gpt|dan|(?:helpful|shopping|unrestricted)"
                    r" assistant|in developer mode)\b"
                ),
                rf"\bif you(?: are|['’]re) (?:an? |the |any )?(?:{_MODEL}|bot|crawler)\b",
                rf"\bas an? {_MODEL},? you\b",
                rf"\bdear (?:{_MODEL}|assistant|model|crawler)s?\b",
                (
                    r"\b(?:note|message|instructions?|attention|warning|reminder|request|hint)s? (?:to|for)"
                    rf" {_MODELS}\b"
                ),
                (
                    r"\b(?:note|attention|warning|reminder|important)(?: (?:to|for)|[:,])"
                    rf" (?:{_MODELS}|(?:the |any |all )?(?:assistant|model|crawler|bot)s?)\s*[:,–—-]"
                ),
                (
                    rf"\b{_MODEL}s?\b[^.]{{0,30}}\b(?:reading|processing|parsing|indexing|crawling"
                    r"|summari[sz]ing|reads?) (?:this|these|our)\b"
                ),
                (
                    rf"\b{_MODEL}s?\b[^.]{{0,30}}\b(?:must|should|shall|has to|have to)\b[^.]{{0,40}}"
                    rf"\b{_SAYING}\b"
                ),
            ),
        ),
        (
            "this above these",
            (
                (
                    r"\b(?:when|if|while|before|after|whenever)(?: you(?: are|['’]re)?)?"
                    r" (?:summari[sz]|index|process|answer|writ|quot|cit|translat|teach|paraphras)\w*"
                    r" (?:\w+ ){0,3}(?:this|the above|these)"
                    r" (?:page|web ?site|site|document|article|text|content|passage|source)s?\b"
                ),
            ),
        ),
        (
            "now new real true actual",
            (
                (
                    rf"\bfrom now on,? (?:you (?:will|must|should|have to|are to) (?:only |always )?{_ACT}\b"
                    rf"|(?:only |always )?{_ACT}\b|you are (?:an?|the|my)\b)"
                ),
                r"\byour (?:new|real|true|actual) (?:task|instructions?|objective|directive) (?:is|are)\b",
                r"\bnew (?:system (?:rules|instructions|prompt|message)|instructions?)\s*:",
            ),
        ),
    )
)
# The same order, to drop what was said, in other languages: parts of words that such an order holds.
_OTHERS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (tuple(parts.split()), re.compile(pattern, re.IGNORECASE))
    for parts, pattern in (
        (
            "anweisung instruktion regel vorgabe befehl",
            (
                r"\b(?:ignorier(?:e|t|en sie)|missachte[nt]?|vergiss|vergesst|vergessen sie)\b[^.]{0,40}"
                r"\b(?:anweisung(?:en)?|instruktionen|regeln|vorgaben|befehle)\b"
            ),
        ),
        (
            "instructions consignes règles",
            (
                r"\b(?:ignore[zr]?|oublie[zr]?|ne (?:tiens|tenez) pas compte)\b[^.]{0,25}"
                r"\b(?:toutes?|les|vos|tes|ces|des)\b[^.]{0,20}\b(?:instructions|consignes|règles)\b"
            ),
        ),
        (
            "instrucciones reglas indicaciones",
            (
                r"\b(?:ignor[ae]n?|olvid[ae]n?|haz caso omiso)\b[^.]{0,40}"
                r"\b(?:instrucciones|reglas|indicaciones)\b"
            ),
        ),
        (
            "instruções regras orientações",
            r"\b(?:ignor[ae]|esque[çc]a|desconsider[ae])\b[^.]{0,40}\b(?:instruções|regras|orientações)\b",
        ),
        (
            "istruzioni regole indicazioni",
            r"\b(?:ignora(?:te)?|dimentica(?:te)?)\b[^.]{0,40}\b(?:istruzioni|regole|indicazioni)\b",
        ),
        (
            "negeer vergeet",
            r"\b(?:negeer|vergeet)\b[^.]{0,40}\b(?:instructies|aanwijzingen|regels|opdrachten)\b",
        ),
        (
            "ignorer ignorér glöm glem",
            r"\b(?:ignorera|ignorér|ignorer|glöm|glem)\b[^.]{0,40}\b(?:instru[kx]\w+|anvisning\w*|regler)\b",
        ),
        (
            "ignoruj zapomnij zapomeň pomiń",
            (
                r"\b(?:z?ignoruj(?:cie|te)?|zapomnij|zapomeň\w*|pomiń)\b[^.]{0,40}"
                r"\b(?:instrukcj\w+|instrukce|polece\w+|pokyn\w+|zasad\w*)\b"
            ),
        ),
        ("talimat", r"\btalimat\w*[^.]{0,30}\b(?:yok say|görmezden gel|unut|dikkate alma)"),
        ("abaikan", r"\babaikan\b[^.]{0,40}\b(?:instruksi|petunjuk|perintah)\b"),
        ("bỏ", r"\bbỏ qua\b[^.]{0,40}(?:hướng dẫn|chỉ dẫn|chỉ thị)"),
        (
            "игнорируй забудь",
            r"\b(?:игнорируй(?:те)?|забудь(?:те)?)\b[^.]{0,40}\b(?:инструкци|указани|правил|команд)",
        ),
        ("ігноруй забудь", r"\b(?:ігноруй(?:те)?|забудь(?:те)?)\b[^.]{0,40}\b(?:інструкці|вказівк|правил)"),
        (
            "忽略 无视 忘记 無視 忽視 忘記",
            r"(?:忽略|无视|忘记|無視|忽視|忘記)[^。]{0,20}(?:指令|指示|提示|说明|說明|规则|規則)",
        ),
        ("指示 命令 指令 プロンプト", r"(?:指示|命令|指令|プロンプト)[^。]{0,15}(?:無視|忘れ)"),
        ("지시 명령 지침 프롬프트", r"(?:지시|명령|지침|프롬프트)[^.]{0,15}(?:무시|잊)"),
        ("تجاهل انس", r"(?:تجاهل|انس)[^.]{0,40}(?:تعليمات|أوامر|توجيهات)"),
        ("התעלם התעלמו", r"(?:התעלם|התעלמו)[^.]{0,40}הוראות"),
        ("निर्देश", r"निर्देश[^।]{0,30}(?:अनदेखा|नज़रअंदाज़|भूल)"),
    )
)
# What marks a turn of a conversation with a model, or the edge of its sources.
_TURNS = re.compile(
    r"<\|(?:im_start|im_end|system|user|assistant|endoftext|start_header_id|eot_id)[^>]*\|>"
    r"|\[/?INST\]|<<\/?SYS>>|<\/?(?:start|end)_of_turn>"
    r"|\b(?:BEGIN|END) (?:SYSTEM|SOURCES|INSTRUCTIONS?)\b"
    r"|^[^\w\n]{0,20}SYSTEM(?: (?:PROMPT|MESSAGE|OVERRIDE|NOTE))?\s*:\s"
    r"|^[^\w\n]{0,20}(?i:system|assistant|developer) (?i:prompt|message|override|note)\s*:\s"
    r"|^[^\w\n]{0,20}(?i:system|assistant|developer)\s*:\s+"
    r"(?i:you|your|please|new|ignore|repeat|always|never|from now)\b"
    r"|##[ \t]?(?:Instruction|System|Response)[ \t]?:"
    r"|\b(?:Human|User|HUMAN|USER)\s*:[^\n]{0,400}\b(?:Assistant|ASSISTANT)\s*:"
    r"|[\"']role[\"']\s*:\s*[\"'](?:system|developer|assistant|user)[\"']\s*,\s*[\"']content[\"']",
    re.MULTILINE,
)


@lru_cache(maxsize=_REMEMBERED)
def speaks_to_a_model(text: str) -> bool:
    """Tell whether a text holds an order to a language model, or a mark of a conversation with one.

    Letters of other scripts that look like Latin ones, full-width letters, invisible ones, entities,
    emphasis within words and letters set apart do not hide it.
    """
    unescaped = clean_text(html.unescape(text))
    if _TURNS.search(text) or (unescaped != text and _TURNS.search(unescaped)):
        return True
    plain = _LINE_END.sub(" ", _folded(unescaped))
    joined = _SPACED.sub(_without_gaps, plain)
    return any(_holds_an_order(reading) for reading in dict.fromkeys((plain, joined)))


def _holds_an_order(text: str) -> bool:
    lowered = text.casefold()
    words = frozenset(re.findall(r"\w+", lowered))
    return any(not known.isdisjoint(words) and found.search(text) for known, found in _ENGLISH) or any(
        any(part in lowered for part in parts) and found.search(text) for parts, found in _OTHERS
    )


def _folded(text: str) -> str:
    """Return a text in the letters a reader takes it for."""
    text = _MARKS.sub("", unicodedata.normalize("NFKC", text))
    return text if text.isascii() else re.sub(r"\w+", _in_one_script, text)


def _in_one_script(word: re.Match[str]) -> str:
    letters = word.group()
    is_mixed = re.search("[A-Za-z]", letters) and not letters.isascii()
    return letters.translate(_LOOKALIKES) if is_mixed else letters


def _without_gaps(spaced: re.Match[str]) -> str:
    return re.sub(r"[ .\-]", "", spaced.group())
