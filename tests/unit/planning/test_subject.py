"""What a goal is about, as people write goals."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.planning.goals.names import _LANGUAGES, _OTHERS, _table
from shared.planning.subject import (
    MAX_FOCUS_CHARACTERS,
    MAX_SUBJECT_CHARACTERS,
    interpret_goal,
)


@pytest.mark.parametrize(
    "goal",
    [
        "I want to learn Python!",
        "python",
        "PYTHON",
        "learn PYTHON please",
        "Teach me Python programming",
        "  Python  ",
        "Python3",
        "I'd like to learn Python",
        "I would really like to learn Python, please.",
        "Hello, can you teach me the Python programming language?",
        "How do I learn Python from scratch?",
        "I want to learn how to code in Python",
        "I am a nurse and I want to learn Python",
        "Hi! My name is Anna. I want to learn Python. Thanks!",
        "Please help me learn Python in 3 months",
        "Python for beginners",
        "I worked as a nurse in several hospitals of three countries, and now I really want to learn Python",
        "**Python**",
        "# Python",
        "`python`",
        "<b>Python</b>",
        "[Python](https://python.org)",
        "“Python”",
        "«python»",
        "🐍 Python 🚀🚀",
        "#python",
        "Ｐｙｔｈｏｎ",
        "Pyt\u200bhon",
        "\u202ePython\u202c",
        "My goal is to master python",
        "Introduction to Python",
        "Ich möchte Python lernen",
        "Ich würde gerne Python programmieren lernen, bitte",
        "Bring mir Python bei",
        "Wie lerne ich Python?",
        "Je veux apprendre Python",
        "J'aimerais apprendre le Python, s'il vous plaît",
        "Comment apprendre Python ?",
        "Quiero aprender Python desde cero",
        "Me gustaría aprender a programar en Python",
        "Quero aprender Python",
        "Vorrei imparare Python",
        "Ik wil graag Python leren",
        "Chcę nauczyć się Pythona",
        "Я хочу выучить Python",
        "хочу изучить питон с нуля",
        "Pythonを学びたい",
        "Pythonを勉強したいです。",
        "Python入門",
        "我想学习Python",
        "我想学Python编程",
        "请教我Python",
        "Python öğrenmek istiyorum",
        "Python'u öğrenmek istiyorum lütfen",
        "أريد أن أتعلم Python",
        "Python을 배우고 싶어요",
        "मैं Python सीखना चाहता हूँ",
        "Saya ingin belajar Python",
        "Tôi muốn học Python",
    ],
)
def test_one_subject_in_many_words(goal: str) -> None:
    meaning = interpret_goal(goal)
    assert (meaning.subject, meaning.normalised_subject, meaning.focus) == ("Python", "python", "")


@pytest.mark.parametrize(
    ("goal", "subject"),
    [
        ("Go", "Go (programming language)"),
        ("I want to learn Go", "Go (programming language)"),
        ("golang", "Go (programming language)"),
        ("R", "R (programming language)"),
        ("I want to learn R.", "R (programming language)"),
        ("C", "C (programming language)"),
        ("I want to learn C. Thanks!", "C (programming language)"),
        ("C#", "C#"),
        ("c sharp", "C#"),
        ("C♯", "C#"),
        ("C++", "C++"),
        ("learn C++!", "C++"),
        ("c plus plus", "C++"),
        (".NET", ".NET"),
        ("I want to learn .NET, please", ".NET"),
        ("dotnet", ".NET"),
        ("F#", "F#"),
        ("日本語", "日本語"),
        ("日本語を学びたい", "日本語"),
        ("「日本語」", "日本語"),
        ("Node.js", "Node.js"),
        ("nodejs", "Node.js"),
        ("TCP/IP", "TCP/IP"),
        ("js", "JavaScript"),
        ("k8s", "Kubernetes"),
        ("history of war", "History of war"),
        ("the history of war", "History of war"),
        ("malware analyst", "Malware analyst"),
        ("I want to become a malware analyst", "Malware analyst"),
        ("machine learning", "Machine learning"),
        ("learning theory", "Learning theory"),
        ("study skills", "Study skills"),
        ("master data management", "Master data management"),
        ("A* search", "A* search"),
        ("a cappella singing", "A cappella singing"),
        ("A/B testing", "A/B testing"),
        ("PHOTOGRAPHY", "Photography"),
        ("NASA", "NASA"),
        ("iOS", "iOS development"),
        ("Go (game)", "Go (board game)"),
        ("Newton's laws of motion", "Newton's laws of motion"),
        ("text to speech", "Text to speech"),
        ("how to train a dog", "Train a dog"),
        ("I want to learn the guitar", "Guitar"),
        ("learn to swim", "Swim"),
        ("I want to speak Spanish", "Spanish"),
        ("e-commerce", "E-commerce"),
        ("हिन्दी", "हिन्दी"),
        ("العربية", "العربية"),
        ("ich will Gitarre lernen", "Gitarre"),
        ("je veux apprendre l'histoire de la guerre", "Histoire de la guerre"),
        ("quiero aprender la guitarra", "Guitarra"),
        ("我想学习心理学", "心理学"),
        ("хочу выучить испанский", "Испанский"),
        ("programming in Rust", "Rust (programming language)"),
        ("Java", "Java (programming language)"),
        ("R&D management", "R&D management"),
        ("2D animation", "2D animation"),
        ("1. Python\n2. Go", "Python"),
        ("ethics of AI", "Ethics of AI"),
        ("jQuery plugins", "jQuery plugins"),
        ("I wanna get into woodworking as a hobby", "Woodworking"),
        ("Become a web developer in 6 months", "Web developer"),
        ("I have an interview next week and need to learn SQL quickly", "SQL"),
        ("Learn Photoshop for free online", "Photoshop"),
        ("Как научиться программировать на Python?", "Python"),
        ("料理を学びたい", "料理"),
        ("St. Petersburg", "St. Petersburg"),
        ("ISO 27001", "ISO 27001"),
        ("World War 1914-1918", "World War 1914-1918"),
        ("wanna lern pyhton", "Python"),
        ("# Goal\n- learn *Docker*", "Docker"),
        ("excell", "Microsoft Excel"),
    ],
)
def test_subjects_survive(goal: str, subject: str) -> None:
    assert interpret_goal(goal).subject == subject


@pytest.mark.parametrize(
    ("goal", "subject", "focus"),
    [
        ("Python for data analysis", "Python", "data analysis"),
        ("I want to learn Python to build websites", "Python", "build websites"),
        ("Python, especially pandas", "Python", "pandas"),
        ("learn SQL so that I can analyse sales", "SQL", "analyse sales"),
        ("English for nurses", "English", "nurses"),
        ("Ich möchte Python für Datenanalyse lernen", "Python", "datenanalyse"),
        ("Ich möchte Python lernen, um Webseiten zu bauen", "Python", "webseiten zu bauen"),
        ("Je veux apprendre Python pour la science des données", "Python", "la science des données"),
        ("Quiero aprender Python para análisis de datos", "Python", "análisis de datos"),
        ("データ分析のためにPythonを学びたい", "Python", "データ分析"),
        ("Veri analizi için Python öğrenmek istiyorum", "Python", "veri analizi"),
        ("Python to build websites for shops", "Python", "build websites for shops"),
        ("Excel for my own work at Example Ltd", "Microsoft Excel", ""),
        ("SQL for reports (me@example.com, +49 170 1234567)", "SQL", "reports"),
        ("Python for fun", "Python", ""),
        ("Python because I was told to", "Python", ""),
    ],
)
def test_what_narrows_a_subject(goal: str, subject: str, focus: str) -> None:
    meaning = interpret_goal(goal)
    assert (meaning.subject, meaning.focus) == (subject, focus)


@pytest.mark.parametrize(
    "goal",
    ["", "   ", "!!!", "🎉🎉🎉", "...", "<b></b>", "\u200b\u202e", "+++", "I want to learn ", "please", "——"],
)
def test_a_goal_that_names_nothing_says_so(goal: str) -> None:
    with pytest.raises(ValueError, match="Say what you want to learn"):
        interpret_goal(goal)


@pytest.mark.parametrize(
    ("goal", "language"),
    [
        ("I want to learn Python", "en"),
        ("Python", "en"),
        ("日本語", "en"),
        ("I want to learn 日本語", "en"),
        ("Deutsch", "en"),
        ("Work at height safety", "en"),
        ("Subject 978659da", "en"),
        ("da3f8de1", "en"),
        ("Leonardo da Vinci", "en"),
        ("Do yoga", "en"),
        ("Ich möchte Python lernen", "de"),
        ("Je veux apprendre Python", "fr"),
        ("Quiero aprender Python", "es"),
        ("Quero aprender fotografia", "pt"),
        ("Voglio imparare Python", "it"),
        ("Ik wil Python leren", "nl"),
        ("Chcę nauczyć się fotografii", "pl"),
        ("Я хочу выучить Python", "ru"),
        ("Я хочу вивчити їжу", "uk"),
        ("Pythonを学びたい", "ja"),
        ("我想学习Python", "zh"),
        ("Python öğrenmek istiyorum", "tr"),
        ("أريد أن أتعلم Python", "ar"),
        ("Python을 배우고 싶어요", "ko"),
    ],
)
def test_the_goals_language(goal: str, language: str) -> None:
    assert interpret_goal(goal).language == language


WORDS = """
i want to learn python for the a go c++ c# .net please thanks how study teach me lernen für ich
möchte um zu je veux apprendre pour le を学びたい 我想学习 日本語 (x) ** * # + ' - , . ! ? in 3 weeks
basics course programming
"""
words = st.sampled_from(WORDS.split())
goals = st.one_of(
    st.text(max_size=120),
    st.lists(words, max_size=14).map(" ".join),
    st.lists(words, max_size=14).map("".join),
)


@given(goals)
@example("learn learn learn")
@example("learn " * 90 + "go")
@example("a the a the x")
@example("ﬁ ﷺ for ß")
@example("ŉ")
@example("a¼^A")
@example("İstanbul")
@example("x *y* **z")
def test_interpreting_a_subject_again_changes_nothing(goal: str) -> None:
    try:
        meaning = interpret_goal(goal)
    except ValueError:
        return
    again = interpret_goal(meaning.subject)
    assert again.subject == meaning.subject
    assert again.normalised_subject == meaning.normalised_subject
    assert 0 < len(meaning.subject) <= MAX_SUBJECT_CHARACTERS
    assert len(meaning.focus) <= MAX_FOCUS_CHARACTERS


@pytest.mark.parametrize("name", sorted({**_table(_LANGUAGES), **_table(_OTHERS)}))
def test_every_known_name_leads_to_one_subject(name: str) -> None:
    meaning = interpret_goal(name)
    assert interpret_goal(f"I want to learn {name}!").subject == meaning.subject
    assert interpret_goal(meaning.subject).subject == meaning.subject


@pytest.mark.parametrize(
    "goal",
    [
        "i want to learn " * 50_000,
        "a " * 100_000,
        "<" * 100_000,
        "[" * 100_000,
        "*" * 100_000,
        "learn " + "x" * 100_000,
        "for " * 50_000,
        "i " * 50_000,
        "(" * 50_000 + "x",
        "1 " * 50_000,
        "我想" * 50_000,
        "." * 100_000 + "x",
    ],
    ids=lambda goal: goal[:12],
)
@pytest.mark.timeout(
    60
)  # each takes milliseconds; one that grew with the square of its length would take hours
def test_hostile_goals_are_read_in_bounded_time(goal: str) -> None:
    with contextlib.suppress(ValueError):
        assert len(interpret_goal(goal).subject) <= MAX_SUBJECT_CHARACTERS
