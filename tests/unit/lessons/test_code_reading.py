"""What can be said of code without running it."""

from __future__ import annotations

import pytest

from shared.lessons.code import Step, free_names, is_steady, parse_session, unknown_names


@pytest.mark.parametrize(
    "session",
    [
        ">>> for i in [1, 2]:\n...     print(i)\n...\n1\n2",
        ">>> print(sys.exception())\nNone",
        ">>> 6 / 2 / 3\n1.0",
    ],
)
def test_what_prints_the_same_everywhere_is_steady(session: str) -> None:
    assert is_steady(session)


@pytest.mark.parametrize(
    "session",
    [
        ">>> object()\n<object object at 0x7f3c>",
        ">>> random.choice([1, 2])\n2",
        ">>> stdev(data)\n4.38961843444...",
        ">>> sys.version\n'3.11'",
        ">>> os.getcwd()\n'here'",
        ">>> subprocess.getoutput('ls /bin/ls')\n'/bin/ls'",
        ">>> print(1)  # doctest: +SKIP\n1",
    ],
)
def test_what_depends_on_machine_time_or_chance_is_not(session: str) -> None:
    assert not is_steady(session)


def test_an_empty_prompt_is_no_step() -> None:
    assert parse_session(">>> 1 + 1\n2\n>>> ") == [Step("1 + 1", "2")]
    assert parse_session(">>>\n>>> 3\n3") == [Step("3", "3")]


@pytest.mark.parametrize(
    ("program", "explained", "unknown"),
    [
        ("try:\n    foo\nfinally:\n    del N", set(), {"foo", "N"}),
        (
            "with self.assertRaises(SomeException) as cm:\n    do_something()",
            set(),
            {"self", "SomeException", "do_something"},
        ),
        ("class Box(Protocol):\n    pass", set(), {"Protocol"}),
        ("class Box(Protocol):\n    pass", {"Protocol"}, set()),
        ("def half(n):\n    if n % 2:\n        raise OddError(n)\n    return n // 2", set(), set()),
        ("import math\nprint(math.pi)", set(), set()),
        ("print(json.dumps(1))", set(), set()),
        ("match command:\n    case [first, *rest]:\n        print(first, rest)", set(), {"command"}),
        ("try:\n    pass\nexcept ValueError as error:\n    print(error)", set(), set()),
    ],
)
def test_a_program_needs_its_names(program: str, explained: set[str], unknown: set[str]) -> None:
    assert free_names(program, explained) == unknown


def test_a_session_may_call_what_its_page_is_about_but_needs_its_values() -> None:
    assert unknown_names([Step("m = mean([1, 2])", ""), Step("m", "1.5")]) == set()
    assert unknown_names([Step("m = mean(data)", "")]) == {"data"}
    assert unknown_names([Step("Color.RED", "")]) == {"Color"}
