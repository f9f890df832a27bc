"""What models really send, and that nothing missing is invented."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Literal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import Field

from shared.errors import ReplyError
from shared.llm.replies import MAX_ERRORS, MAX_REPLY_CHARACTERS, parse_reply
from shared.models.base import Model


class Step(Model):
    name: str = Field(min_length=1)
    minutes: int = Field(ge=0)


class Recipe(Model):
    title: str
    kind: Literal["soup", "cake"]
    steps: list[Step] = Field(min_length=1)


STEPS = [{"name": "Cut", "minutes": 5}, {"name": "Cook", "minutes": 20}]
GOOD = {"title": "Leek soup", "kind": "soup", "steps": STEPS}
TEXT = json.dumps(GOOD)
DRAFT = json.dumps({**GOOD, "title": "A draft"})
EXPECTED = Recipe.model_validate(GOOD)

READABLE = {
    "as it should be": TEXT,
    "indented": json.dumps(GOOD, indent=2),
    "byte order mark": "\ufeff" + TEXT,
    "fenced": f"```json\n{TEXT}\n```",
    "fence without language": f"```\n{TEXT}\n```",
    "unclosed fence": f"```json\n{TEXT}",
    "text around": f"Sure! Here it is:\n\n{TEXT}\n\nDo you want {{more}} of these?",
    "braces before": f"In {{curly}} words, and {{ one that stays open: {TEXT}",
    "thinking before": f"<think>I could write {{}} or {DRAFT}. Hm.</think>\n{TEXT}",
    "thinking in capitals": f"<THINKING>\n{DRAFT}\n</THINKING>{TEXT}",
    "thinking without its opening tag": f"First {DRAFT}, no.\n</think>\n\n{TEXT}",
    "thinking after": f"{TEXT}\n<think>Was {DRAFT} better?</think>",
    "thinking around": f"<think>{TEXT}</think>",
    "thinking unclosed": f"<think>Maybe {DRAFT}? Better so: {TEXT}",
    "thinking that breaks off inside braces": f'<think>{{"title": "half </think>{TEXT}',
    "thinking twice": f"<think>{DRAFT}</think><think>again {DRAFT}</think>{TEXT}",
    "draft and final": f"{DRAFT}\nNo, better:\n{TEXT}",
    "another object first": f'{{"plan": "write a recipe"}}\n{TEXT}',
    "another object last": f'{TEXT}\n{{"confidence": 0.9}}',
    "the schema echoed": f'{{"type": "object", "properties": {{"title": {{}}}}}}\n{TEXT}',
    "trailing commas": TEXT.replace("}]", "},]").replace("]}", "],}"),
    "single quotes": str(GOOD),
    "comment": TEXT[:-1] + "// done\n}",
    "names without quotes": TEXT.replace('"title"', "title").replace('"steps"', "steps"),
    "missing comma": TEXT.replace('"soup", ', '"soup" '),
    "one string of JSON": json.dumps(TEXT),
    "fields nobody asked for": json.dumps(
        {**GOOD, "note": "hi", "steps": [{**step, "tool": "knife"} for step in STEPS]}
    ),
    "numbers as text": TEXT.replace("20", '"20"'),
    "within an object of one field": json.dumps({"recipe": GOOD}),
    "a tag of a draft and a tag of the answer": f"<draft>{DRAFT}</draft><answer>{TEXT}</answer>",
    "broken first, right second": f'{{"title": , "kind": ]}}\n{TEXT}',
}


@pytest.mark.parametrize("reply", READABLE.values(), ids=READABLE)
def test_readable(reply: str) -> None:
    assert parse_reply(reply, Recipe) == EXPECTED


@pytest.mark.parametrize(
    "title",
    [
        "Use ```json\n{}\n``` fences",
        "The <think> tag and its </think> end",
        'A "quoted" {brace} and a ] bracket',
        "日本語 😀 \\ C:\\temp",
        "two\nlines",
    ],
)
@pytest.mark.parametrize("frame", ["{}", "<think>hm {{</think>\n{}", "Here:\n```json\n{}\n```\nDone."])
def test_what_stands_in_strings_stays(title: str, frame: str) -> None:
    reply = frame.replace("{}", json.dumps({**GOOD, "title": title}))
    assert parse_reply(reply, Recipe).title == title


def test_real_line_ends_in_strings_are_read() -> None:
    assert parse_reply(TEXT.replace("Leek soup", "Leek\nsoup"), Recipe).title == "Leek\nsoup"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (r"The \alpha of \frac{1}{2}\nnext line", "The \\alpha of \\frac{1}{2}\nnext line"),
        (r"$a \times b$ \theta\tand a tab", "$a \\times b$ \\theta\tand a tab"),
        (r"\begin{aligned} \text{so} \nabla f", r"\begin{aligned} \text{so} \nabla f"),
        (r"\\frac stays, and so does \\times", r"\frac stays, and so does \times"),
        (r"C:\new\data\temp\nnext line", "C:\\new\\data\\temp\\nnext line"),
        (r"C:\Users\ada\file.txt is a path.\nSo.", "C:\\Users\\ada\\file.txt is a path.\nSo."),
        (r"Answer C:\nno path\there", "Answer C:\nno path\there"),
        (r"print(\"a\\nb\")\nnabla = 1", 'print("a\\nb")\nnabla = 1'),
    ],
)
def test_backslashes_that_were_meant_stay(sent: str, meant: str) -> None:
    reply = TEXT.replace("Leek soup", sent)
    assert parse_reply(reply, Recipe).title == meant


def test_python_literals_are_read() -> None:
    class Flags(Model):
        warm: bool
        note: str | None

    assert parse_reply("{'warm': True, 'note': None}", Flags) == Flags(warm=True, note=None)


def test_escaped_json_and_fences_inside_a_string_stay_text() -> None:
    title = f"Send {json.dumps({'a': 1})} in a\n```json\n{DRAFT}\n```\nfence"
    assert parse_reply(json.dumps({**GOOD, "title": title}), Recipe).title == title


def test_json_sent_as_a_json_string_is_unwrapped() -> None:
    assert parse_reply(json.dumps(TEXT), Recipe) == EXPECTED


def test_unescaped_quotes_are_repaired() -> None:
    assert parse_reply(TEXT.replace("Leek soup", 'The "best" soup'), Recipe).title == 'The "best" soup'


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        ("", "no complete JSON object"),
        ("I would rather not.", "no complete JSON object"),
        ("[1, 2, 3]", "no complete JSON object"),
        ("null", "no complete JSON object"),
        (TEXT.replace("Cook", ""), "steps.1.name"),
        (TEXT.replace("soup", "stew", 2), "kind"),
        (TEXT.replace('"kind": "soup", ', ""), "kind: Field required"),
        ("{}", "title: Field required"),
        (TEXT.replace("20", "NaN"), "steps"),
    ],
)
def test_complaints_name_the_field(reply: str, complaint: str) -> None:
    with pytest.raises(ReplyError) as caught:
        parse_reply(reply, Recipe)
    assert any(complaint in error for error in caught.value.errors)


def test_the_complaints_are_bounded_and_hold_nothing_of_the_values() -> None:
    reply = json.dumps({**GOOD, "steps": [{"name": "SECRET", "minutes": "SECRET"}] * 500})
    with pytest.raises(ReplyError) as caught:
        parse_reply(reply, Recipe)
    assert len(caught.value.errors) == MAX_ERRORS
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("length", range(len(TEXT)))
def test_a_reply_cut_off_anywhere_is_never_whole(length: int) -> None:
    with pytest.raises(ReplyError):
        parse_reply(TEXT[:length], Recipe)


@pytest.mark.parametrize("length", range(1, len(TEXT), 7))
def test_a_fenced_and_broken_reply_cut_off_anywhere_is_never_whole(length: int) -> None:
    broken = TEXT.replace('"kind"', "kind")
    with pytest.raises(ReplyError):
        parse_reply(f"Here:\n```json\n{broken[:length]}\n```", Recipe)


@pytest.mark.parametrize(
    "reply",
    [
        TEXT.replace('"Leek soup"', '"""Leek soup"""'),
        TEXT.replace('{"name": "Cook", "minutes": 20}', "..."),
        TEXT.replace(', {"name": "Cook", "minutes": 20}', ", ..."),
        TEXT.replace('"Leek soup"', '"Leek" soup of the old country'),
        TEXT.replace('"Cut",', '"Cut", and then "rinse",'),
    ],
)
def test_a_repair_that_loses_words_is_none(reply: str) -> None:
    with pytest.raises(ReplyError):
        parse_reply(reply, Recipe)


def test_an_ellipsis_within_a_string_is_text() -> None:
    reply = TEXT.replace("Leek soup", "Leek, ..., soup").replace('"kind"', "kind")
    assert parse_reply(reply, Recipe).title == "Leek, ..., soup"


def test_an_object_within_another_is_taken_only_where_nothing_stands_beside_it() -> None:
    with pytest.raises(ReplyError):
        parse_reply(json.dumps({"draft": GOOD, "note": "not final"}), Recipe)


def test_a_draft_in_the_thinking_never_stands_in_for_a_broken_answer() -> None:
    with pytest.raises(ReplyError):
        parse_reply(f'<think>{DRAFT}</think>{{"title": "Leek soup"}}', Recipe)


HOSTILE = {
    "braces": "{" * 300_000,
    "brackets": "[" * 300_000,
    "opened objects": '{"a":' * 60_000,
    "closed nesting": '{"a":' * 20_000 + "1" + "}" * 20_000,
    "broken nesting": "{a:" * 30_000 + "1" + "}" * 30_000,
    "quotes": '{"' * 150_000,
    "one quote of many": '{"a": "' + 'b" c' * 70_000 + '"}',
    "backslashes": '{"a": "' + "\\" * 299_999 + '"}',
    "tags": "<think>" * 40_000,
    "closing tags": "</think>" * 40_000,
    "almost tags": "<" + " " * 300_000 + "x",
    "many objects": "{}" * 150_000,
    "many broken objects": "{a}" * 100_000,
    "white space after quotes": '{"' + '" ' * 100_000 + " " * 100_000,
    "digits": '{"a": ' + "9" * 300_000 + "}",
    "pairs without commas": '{"title": "x"' + ' "a": 1' * 10_000 + "}",
    "single quotes": "{" + "'a':'x'," * 12_000 + "}",
    "half surrogates": '{"title": "\\ud800"}' * 10_000,
    "too long": "x" * (MAX_REPLY_CHARACTERS + 1),
    "long and broken": '{"title": "' + "word " * 15_000 + '" "kind": "soup", "steps": []}',
    "escaped string of braces": json.dumps("{" * 200_000),
}


@pytest.mark.parametrize("reply", HOSTILE.values(), ids=HOSTILE)
def test_hostile_replies_end_and_fail(reply: str) -> None:
    started = time.process_time()
    with pytest.raises(ReplyError):
        parse_reply(reply, Recipe)
    # Generous: it tells a bounded from an unbounded amount of work, not a fast from a slow machine.
    assert time.process_time() - started < 20


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
    lambda text: text.strip() != ""
)
recipes = st.builds(
    Recipe,
    title=names,
    kind=st.sampled_from(["soup", "cake"]),
    steps=st.lists(st.builds(Step, name=names, minutes=st.integers(0, 10**6)), min_size=1, max_size=4),
)
prose = st.text(st.characters(exclude_categories=["Cs"]), max_size=80).filter(
    lambda text: "{" not in text and '"' not in text and "<" not in text and "◁" not in text
)


@given(recipe=recipes, before=prose, after=prose, ascii_only=st.booleans(), indent=st.sampled_from([None, 2]))
def test_any_object_among_prose_is_found_as_it_is(
    recipe: Recipe, before: str, after: str, ascii_only: bool, indent: int | None
) -> None:
    reply = before + json.dumps(recipe.to_json(), ensure_ascii=ascii_only, indent=indent) + after
    assert parse_reply(reply, Recipe) == recipe


@given(recipe=recipes, draft=recipes, thoughts=prose)
def test_the_answer_wins_over_drafts_in_the_thinking(recipe: Recipe, draft: Recipe, thoughts: str) -> None:
    reply = f"<think>{thoughts}{json.dumps(draft.to_json())}</think>{json.dumps(recipe.to_json())}"
    assert parse_reply(reply, Recipe) == recipe


@settings(max_examples=300)
@given(
    reply=st.text(
        st.sampled_from(list("{}[]\":,\\'`<>/ \nabc01")) | st.characters(exclude_categories=["Cs"]),
        max_size=300,
    )
)
def test_any_text_gives_an_object_or_a_reply_error(reply: str) -> None:
    with contextlib.suppress(ReplyError):
        assert isinstance(parse_reply(reply, Recipe), Recipe)


@given(recipe=recipes, data=st.data())
def test_any_cut_of_any_reply_fails(recipe: Recipe, data: st.DataObject) -> None:
    reply = json.dumps(recipe.to_json())
    length = data.draw(st.integers(0, len(reply) - 1))
    assume(length < len(reply))
    with pytest.raises(ReplyError):
        parse_reply(reply[:length], Recipe)
