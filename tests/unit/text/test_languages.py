"""The language of a longer text: its own, whatever the names in it look like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.languages import detect_language

ENGLISH = "With {0} you can do what is asked for. Try {0} first: {0} is small, {0} has tests, and {0} grows."
SAMPLES = {
    "de": "Die Schleife ist ein Mittel, mit dem man eine Liste nicht von Hand durchgeht.",
    "fr": "La boucle est une structure qui permet de parcourir les listes et les nombres.",
    "es": "El bucle es una estructura que se usa para recorrer las listas y no solo con los números.",
    "pt": "O laço é uma estrutura que se usa para percorrer as listas, e não só com os números do programa.",
    "it": "Il ciclo è una struttura che si usa per scorrere la lista e non solo con i numeri.",
    "sv": "En slinga är ett sätt att gå igenom en lista, och den används inte bara för tal som är med.",
    "en": "The loop is a way to walk through a list, and it is not only for the numbers that are in it.",
}


@pytest.mark.parametrize(("language", "text"), SAMPLES.items())
def test_a_text_is_in_its_own_language(language: str, text: str) -> None:
    assert detect_language(text) == language


def test_too_little_text_is_no_evidence() -> None:
    assert detect_language("The loop and it is") is None
    assert detect_language("a b c") is None


@pytest.mark.parametrize("name", ["da3ecc19", "f44cf1da", "Da", "Il", "Vi", "der_die_das", "La La Land"])
def test_a_name_does_not_change_the_language(name: str) -> None:
    assert detect_language(ENGLISH.format(name)) in ("en", None)
    assert detect_language(SAMPLES["en"] + ENGLISH.format(name)) == "en"


@given(st.from_regex(r"[0-9a-f]{8}", fullmatch=True))
def test_a_number_in_hexadecimal_is_no_word(name: str) -> None:
    assert detect_language(ENGLISH.format(f"Subject {name}")) in ("en", None)
