"""Functions with annotations of every kind, and what the Python worker says to each: None, or its refusal.

`tests/conformance` holds the same table against Microsoft's own runtime.
"""

from typing import Final

_HEAD = (
    "from typing import *\n"
    "import azure.functions as func, azure.durable_functions as df\n"
    "app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)\n"
)


def _activity(annotation: str) -> str:
    return f"@app.activity_trigger(input_name='x')\ndef function(x: {annotation}): return x\n"


def _http(parameter: str, answer: str) -> str:
    arrow = f" -> {answer}" if answer else ""
    return f"@app.route(route='r')\ndef function({parameter}){arrow}: return 'x'\n"


def _timer(annotation: str) -> str:
    decorator = "@app.timer_trigger(arg_name='t', schedule='0 * * * * *')"
    return f"{decorator}\ndef function(t: {annotation}): pass\n"


def _queue(annotation: str, more: str = "") -> str:
    decorator = f"@app.service_bus_queue_trigger(arg_name='m', queue_name='q', connection='C'{more})"
    return f"{decorator}\ndef function(m: {annotation}): pass\n"


def _output(parameter: str) -> str:
    return (
        "@app.function_name('function')\n"
        "@app.generic_trigger(arg_name='req', type='httpTrigger', route='r')\n"
        "@app.generic_output_binding(arg_name='out', type='http')\n"
        f"def function(req, {parameter}): pass\n"
    )


_NO_TYPE = "has invalid non-type annotation"
_NO_TYPE_RETURNED = "has invalid non-type return annotation"
_RETURNED = 'does not match binding type "http"'

SIGNATURES: Final[dict[str, tuple[str, str | None]]] = {
    name: (_HEAD + source, refusal)
    for name, source, refusal in [
        *(
            (f"activity {annotation}", _activity(annotation), None)
            for annotation in ("str", "dict", "None", "Any", "List[str]", "Dict[str, Any]", "'str'", "list")
        ),
        *(
            (f"activity {annotation}", _activity(annotation), _NO_TYPE)
            for annotation in (
                "list[str]",
                "dict[str, int]",
                "Optional[dict]",
                "dict | None",
                "Union[int, str]",
                "Tuple[int, str]",
                "TypeVar('T')",
            )
        ),
        *(
            (f"http -> {answer}", _http("req: func.HttpRequest", answer), None)
            for answer in ("func.HttpResponse", "str", "")
        ),
        *(
            (f"http -> {answer}", _http("req: func.HttpRequest", answer), _RETURNED)
            for answer in ("dict", "None", "int", "bytes", "Any")
        ),
        *(
            (f"http -> {answer}", _http("req: func.HttpRequest", answer), _NO_TYPE_RETURNED)
            for answer in ("Optional[str]", "Union[str, func.HttpResponse]", "Awaitable[str]")
        ),
        ("http str", _http("req: str", ""), None),
        ("http Optional", _http("req: Optional[func.HttpRequest]", ""), _NO_TYPE),
        ("http dict", _http("req: dict", ""), "annotation"),
        ("timer str", _timer("str"), None),
        ("timer int", _timer("int"), "annotation"),
        ("queue str", _queue("str"), None),
        ("queue many", _queue("List[func.ServiceBusMessage]", ", cardinality='many'"), None),
        ("queue many list", _queue("list[func.ServiceBusMessage]", ", cardinality='many'"), _NO_TYPE),
        ("queue dict", _queue("dict"), "annotation"),
        ("out str", _output("out: func.Out[str]"), None),
        ("out bare", _output("out: func.Out"), "has invalid Out annotation"),
        ("out no Out", _output("out: str"), 'is declared to have the "out" direction'),
        ("out int", _output("out: func.Out[int]"), "annotation"),
        ("in Out", _http("req: func.Out[str]", ""), 'is declared to have the "in" direction'),
    ]
}
