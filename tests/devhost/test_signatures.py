"""What a function's signature may say, by the Python worker's rules, and what text parameters receive."""

from pathlib import Path

import httpx
import pytest
from azure.functions.meta import Datum

from devhost.app.converters import GENERIC, decode, encode
from devhost.app.signature import FunctionLoadError, bind
from tests.devhost.signatures import SIGNATURES
from tests.support.local_host import LocalHost


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_is_taken_or_refused_in_the_workers_words(name: str) -> None:
    source, refusal = SIGNATURES[name]
    module: dict[str, object] = {"__name__": "function_app"}
    exec(source, module)  # noqa: S102 - the function as an app's author writes it
    [function] = module["app"].get_functions()  # type: ignore[attr-defined]
    if refusal is None:
        bind(function)
        return
    with pytest.raises(FunctionLoadError) as raised:
        bind(function)
    assert str(raised.value).startswith("cannot load the function function: ")
    assert refusal in str(raised.value)


@pytest.mark.parametrize("form", ["string", "json"])
def test_what_is_annotated_as_text_receives_text(form: str) -> None:
    assert decode(GENERIC, Datum('{"a": 1}', form), {}) == '{"a": 1}'


def test_text_and_bytes_go_out_as_they_are() -> None:
    assert encode(GENERIC, "a") == Datum("a", "string")
    assert encode(GENERIC, b"a") == Datum(b"a", "bytes")
    with pytest.raises(TypeError, match="was set to int"):
        encode(GENERIC, 1)


def test_a_request_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text(SIGNATURES["http str"][0])
    with LocalHost(tmp_path) as host:
        assert httpx.get(f"{host.url}/api/r").status_code == 500
        assert "unexpected type of data received for the" in host.log()
