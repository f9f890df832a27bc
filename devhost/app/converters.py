"""Values in and out of functions, through the SDK's own converters, as the Python worker calls them."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum

from devhost.channel import Message

# The worker's own binding type of what is annotated `str` or `bytes`: it passes the SDK's converters by.
GENERIC = "generic"


def converter_of(binding_type: str) -> Any:
    """The SDK's converter of a binding type, or None where it has none."""
    return func.get_binding_registry().get(binding_type)  # type: ignore[no-untyped-call]


def has_implicit_output(binding_type: str) -> bool:
    """Whether a trigger's return value is an output without a $return binding (durable triggers)."""
    return bool(getattr(converter_of(binding_type), "has_implicit_output", lambda: False)())


def decode(binding_type: str, datum: Datum, metadata: Mapping[str, Datum]) -> Any:
    """The object that a function receives for a binding; raises where worker or SDK cannot build it."""
    if binding_type == GENERIC:
        if datum.type not in {"string", "bytes", "json"}:
            raise ValueError('unexpected type of data received for the "generic" binding ', repr(datum.type))
        return datum.value
    converter = converter_of(binding_type)
    try:
        return converter.decode(datum, trigger_metadata=metadata)
    except NotImplementedError:
        raise TypeError(
            "unable to decode incoming TypedData: unsupported combination of TypedData field "
            f"{datum.type!r} and "
            f"expected binding type {converter}"
        ) from None


def encode(binding_type: str, value: object) -> Datum:
    """What a function's value becomes on its way to the host; raises TypeError for a type it cannot carry."""
    if binding_type == GENERIC:
        if isinstance(value, str | bytes):
            return Datum(value, "string" if isinstance(value, str) else "bytes")
        raise TypeError(f"a parameter annotated str or bytes was set to {type(value).__name__}")
    converter = converter_of(binding_type)
    try:
        datum: Datum = converter.encode(value, expected_type=None)
    except NotImplementedError:
        raise TypeError(
            f'unable to encode outgoing TypedData: unsupported type "{converter}" for Python type '
            f'"{type(value).__name__}"'
        ) from None
    return datum


def trigger_datum(message: Message) -> Datum:
    """The trigger's value from an `invoke` message; its `data` names the form the payload has."""
    form = message["data"]
    if form == "http":
        return _http_datum(message["http"], message.payload)
    if form == "bytes":
        return Datum(message.payload, "bytes")
    if form == "collection_bytes":
        return Datum(SimpleNamespace(bytes=_split(message.payload, message["lengths"])), form)
    if form == "collection_string":
        texts = [body.decode("utf-8", "replace") for body in _split(message.payload, message["lengths"])]
        return Datum(SimpleNamespace(string=texts), form)
    return Datum(message.payload.decode("utf-8", "replace"), form)


def metadata_datum(value: object) -> Datum:
    """A field of trigger metadata: text stays text, anything else is JSON (as the host sends it)."""
    return Datum(value, "string") if isinstance(value, str) else Datum(json.dumps(value), "json")


def http_output(datum: Datum) -> tuple[dict[str, Any], bytes]:
    """An encoded HTTP answer as header fields and payload for the channel."""
    if datum.type == "string":
        return {"form": "text"}, str(datum.value).encode("utf-8", "replace")
    if datum.type == "bytes":
        return {"form": "response", "status": "200", "headers": {}, "cookies": []}, bytes(datum.value)
    answer = datum.value
    cookies = [morsel.OutputString() for jar in answer["cookies"] or () for morsel in jar.values()]
    return {
        "form": "response",
        "status": answer["status_code"].value,
        "headers": {name: header.value for name, header in answer["headers"].items()},
        "cookies": cookies,
    }, bytes(answer["body"].value)


def _http_datum(http: Mapping[str, Any], body: bytes) -> Datum:
    """An HTTP request as the worker presents it: the body is always bytes."""

    def texts(name: str) -> dict[str, Datum]:
        return {key: Datum(value, "string") for key, value in http[name].items()}

    return Datum(
        {
            "method": Datum(http["method"], "string"),
            "url": Datum(http["url"], "string"),
            "headers": texts("headers"),
            "query": texts("query"),
            "params": texts("params"),
            "body": Datum(body, "bytes"),
        },
        "http",
    )


def _split(payload: bytes, lengths: list[int]) -> list[bytes]:
    bodies, start = [], 0
    for length in lengths:
        bodies.append(payload[start : start + length])
        start += length
    return bodies
