"""Making passages of an article's plain text (TextExtracts): paragraphs under `== Heading ==` lines."""

from __future__ import annotations

import re

from shared.models.research import Passage
from shared.research.fetching.prose import plain_prose
from shared.text.sentences import split_sentences

MAX_TEXT = 900
MAX_PASSAGES = 60
# Shorter paragraphs are captions, stubs of lists, remains of formulas. A Han or Kana character says as much
# as a word's half, so their texts count double.
MIN_TEXT = 40

_heading = re.compile(r"(={2,6})\s*([^=\n]{1,200}?)\s*\1")
_dense = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# Formulas come twice: once in pieces over many lines, once as LaTeX in braces.
_formula = re.compile(r"\{\\(?:display|text)style|\\[a-zA-Z]+\{")

# What stands at an article's end and is about sources, not about the subject; by language of the edition.
_APPENDIX_TABLE = """
references|external links|see also|further reading|notes|bibliography|sources|citations|footnotes
notes and references|works cited
einzelnachweise|weblinks|literatur|siehe auch|anmerkungen|belege|quellen
références|liens externes|voir aussi|notes et références|bibliographie|articles connexes|annexes
referencias|enlaces externos|véase también|bibliografía|notas
referências|ligações externas|ver também|bibliografia
note|collegamenti esterni|voci correlate|altri progetti
referenties|externe links|zie ook|bronnen
przypisy|linki zewnętrzne|zobacz też
примечания|ссылки|см. также|литература
脚注|外部リンク|関連項目|参考文献|出典
参考资料|外部链接|参见|注释|参考資料|外部連結|參見|註釋
kaynakça|dış bağlantılar|ayrıca bakınız
المراجع|وصلات خارجية|انظر أيضا|مراجع
"""
_APPENDICES = frozenset(_APPENDIX_TABLE.strip().replace("\n", "|").split("|"))


def article_passages(text: str, title: str) -> list[Passage]:
    """Return an article's paragraphs under their headings, without appendices and formulas."""
    passages: list[Passage] = []
    heading, skipped_level = title, 0
    for line in text.splitlines():
        paragraph = " ".join(line.split())
        match = _heading.fullmatch(paragraph)
        if match:
            level = len(match[1])
            if not skipped_level or level <= skipped_level:
                skipped_level = level if match[2].casefold() in _APPENDICES else 0
            heading = match[2]
        elif not skipped_level and _is_prose(paragraph):
            passages.extend(
                Passage(heading=plain_prose(heading), text=part) for part in _parts(plain_prose(paragraph))
            )
            if len(passages) >= MAX_PASSAGES:
                break
    return passages[:MAX_PASSAGES]


def _is_prose(paragraph: str) -> bool:
    return len(paragraph) + len(_dense.findall(paragraph)) >= MIN_TEXT and not _formula.search(paragraph)


def _parts(paragraph: str) -> list[str]:
    """Split a long paragraph between sentences."""
    if len(paragraph) <= MAX_TEXT:
        return [paragraph]
    parts: list[str] = []
    for sentence in split_sentences(paragraph[: 20 * MAX_TEXT]):
        if parts and len(parts[-1]) + len(sentence) < MAX_TEXT:
            parts[-1] += f" {sentence}"
        else:
            parts.append(sentence[:MAX_TEXT])
    return parts
