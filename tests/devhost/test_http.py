"""HTTP functions through a running host."""

import asyncio
import gzip
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.local_host import LocalHost

APPS = Path(__file__).parent / "apps"
GUARDED = {"STARTUP_SCHEDULE": "0 0 5 * * *", "QUEUE": "lessons"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHost]:
    notes = tmp_path_factory.mktemp("notes") / "notes"
    settings = GUARDED | {"NOTES": str(notes), "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000"}
    with LocalHost(
        APPS / "basics", settings=settings, host_settings={"CORS": "https://front.example"}
    ) as running:
        yield running


@pytest.fixture
def client(host: LocalHost) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=host.url, timeout=30) as opened:
        yield opened


def echoed(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200
    return dict(response.json())


def raw(host: LocalHost, request: bytes) -> bytes:
    """Send bytes as they are and read until the host closes."""
    parts = urlsplit(host.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


def test_a_request_arrives_whole(client: httpx.Client) -> None:
    seen = echoed(
        client.post(
            "/API/Echo/b%C3%B6b/?a=1&b=&a=2&A=3&plus=x+y",
            content=b"\x00\xff",
            headers=[("X-Twice", "one"), ("X-Twice", "two")],
        )
    )
    assert seen["method"] == "POST"
    assert seen["params"] == {"who": "böb"}
    assert seen["query"] == {"a": "1,2,3", "plus": "x y"}  # joined; an empty value does not reach Python
    assert seen["headers"]["x-twice"] == "one,two"
    assert seen["body"] == "\x00\xff"
    assert seen["url"].endswith("/API/Echo/b%C3%B6b/?a=1&b=&a=2&A=3&plus=x+y")
    assert seen["function_name"] == "echo"
    assert seen["trace_parent"].startswith("00-")


def test_the_callers_trace_goes_on(client: httpx.Client) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    seen = echoed(client.get("/api/echo/x", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"}))
    assert seen["trace_parent"].split("-")[1] == trace
    assert seen["trace_parent"].split("-")[2] != "b7ad6b7169203331"


def test_an_encoded_slash_is_not_decoded_and_dots_are_removed(client: httpx.Client, host: LocalHost) -> None:
    assert echoed(client.get("/api/echo/a%2Fb"))["params"] == {"who": "a%2Fb"}
    answer = raw(host, b"GET /api/x/../echo/dots HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert b'"who": "dots"' in answer


def test_a_compressed_body_arrives_as_it_was_sent(client: httpx.Client) -> None:
    body = gzip.compress(b"hello")
    seen = echoed(client.post("/api/echo/x", content=body, headers={"Content-Encoding": "gzip"}))
    assert seen["body"].encode("latin-1") == body


def test_a_chunked_body_does_not_arrive(host: LocalHost) -> None:
    """The real host reads a body only where there is a Content-Length."""
    answer = raw(
        host,
        b"POST /api/echo/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"5\r\nhello\r\n0\r\n\r\n",
    )
    assert b'"body": ""' in answer


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/api/echo/x"), ("HEAD", "/api/echo/x"), ("OPTIONS", "/api/echo/x"), ("GET", "/api/nothing"),
     ("GET", "/api"), ("GET", "/echo/x"), ("GET", "/api/status/abc"), ("GET", "/durabletask/instances"),
     ("GET", "/runtime/x")],
)  # fmt: skip
def test_what_no_function_takes_is_404_with_an_empty_body(
    client: httpx.Client, method: str, path: str
) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.content) == (404, b"")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_a_function_without_methods_takes_all_under_its_own_name(client: httpx.Client, method: str) -> None:
    assert client.request(method, "/api/default_route").text == f"no route, any method: {method}"


@pytest.mark.parametrize("path", ["/api/boom", "/api/none", "/api/number"])
def test_a_failing_function_is_a_bare_500_and_a_traceback_in_the_log(
    client: httpx.Client, host: LocalHost, path: str
) -> None:
    response = client.get(path)
    assert (response.status_code, response.content) == (500, b"")
    log = host.log()
    assert "Traceback (most recent call last):" in log
    words = {
        "boom": "the secret of the traceback",
        "none": 'Python type "NoneType"',
        "number": 'Python type "int"',
    }
    assert words[path.rpartition("/")[2]] in log


@pytest.mark.parametrize(
    ("returned", "status", "body"),
    [
        ("plain", 200, "plain"),
        ('{"a":[1,{}]}', 200, '{\n  "a": [\n    1,\n    {}\n  ]\n}'),
        ('"quoted"', 200, "quoted"),
        ("true", 200, "True"),
        ("null", 200, ""),
        ('{"body": "teapot", "status": 418}', 418, "teapot"),
    ],
)
def test_a_returned_str_is_read_as_json_as_the_real_host_reads_it(
    client: httpx.Client, returned: str, status: int, body: str
) -> None:
    response = client.get("/api/text", params={"value": returned})
    assert (response.status_code, response.text) == (status, body)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


def test_an_output_parameter(client: httpx.Client) -> None:
    assert client.get("/api/out").status_code == 204
    response = client.get("/api/out?set=1")
    assert (response.status_code, response.text) == (201, "set by Out")


def test_cookies_each_have_their_header(client: httpx.Client) -> None:
    response = client.get("/api/cookies")
    assert response.headers.get_list("set-cookie") == ["a=1; HttpOnly; Path=/", "b=2; Secure"]


def test_a_body_where_the_status_allows_none_is_a_500(client: httpx.Client) -> None:
    assert client.get("/api/status/204").status_code == 204
    assert client.get("/api/status/204?body=x").status_code == 500
    assert client.get("/api/status/503?body=x").text == "x"


def test_the_body_limit(client: httpx.Client) -> None:
    assert client.post("/api/echo/x", content=b"x" * 1000).status_code == 200
    response = client.post("/api/echo/x", content=b"x" * 1001)
    assert (response.status_code, response.content) == (413, b"")


def test_a_line_end_in_a_path_is_a_character_like_any_other(client: httpx.Client) -> None:
    assert echoed(client.get("/api/echo/a%0Ab"))["params"] == {"who": "a\nb"}


def test_a_large_header(client: httpx.Client) -> None:
    assert client.post("/api/echo/x", content=b"x", headers={"X-Large": "x" * 30_000}).status_code == 200
    assert client.post("/api/echo/x", content=b"x", headers={"X-Large": "x" * 40_000}).status_code == 400


def test_function_keys(client: httpx.Client, host: LocalHost) -> None:
    keys = host.keys()
    own, default = keys["functions"]["guarded"]["default"], keys["functionKeys"]["default"]
    response = client.get("/api/guarded")
    assert (response.status_code, response.content) == (401, b"")
    for key in (own, default, keys["masterKey"]):
        assert client.get("/api/guarded", headers={"x-functions-key": key}).text == "in"
        assert client.get("/api/guarded", params={"code": key}).text == "in"
    # The header is the one that counts, also where it is wrong.
    assert (
        client.get("/api/guarded", params={"code": own}, headers={"x-functions-key": "no"}).status_code == 401
    )
    assert (
        client.get("/api/guarded", params={"code": keys["functions"]["inner"]["default"]}).status_code == 401
    )
    assert client.get("/api/inner", params={"code": own}).status_code == 401
    assert client.get("/api/inner", params={"code": keys["masterKey"]}).text == "innermost"


def test_cors(client: httpx.Client) -> None:
    asked = {"Origin": "https://front.example", "Access-Control-Request-Method": "PUT"}
    preflight = client.options("/api/echo/x", headers=asked | {"Access-Control-Request-Headers": "x-one"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://front.example"
    assert preflight.headers["access-control-allow-methods"] == "PUT"
    assert preflight.headers["access-control-allow-headers"] == "x-one"
    stranger = client.options("/api/echo/x", headers=asked | {"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in stranger.headers
    response = client.get("/api/echo/x", headers={"Origin": "https://front.example"})
    assert response.headers["access-control-allow-origin"] == "https://front.example"
    assert response.headers["vary"] == "Origin"


def test_the_home_page(client: httpx.Client) -> None:
    response = client.get("/")
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, "text/html")


def test_admin_needs_the_master_key(client: httpx.Client, host: LocalHost) -> None:
    master = {"x-functions-key": host.master_key()}
    other = {"x-functions-key": host.keys()["functionKeys"]["default"]}
    for method, path in (
        ("GET", "/admin/host/status"),
        ("GET", "/admin/functions"),
        ("POST", "/admin/functions/echo"),
    ):
        assert client.request(method, path).status_code == 401
        assert client.request(method, path, headers=other).status_code == 401
    assert client.get("/admin/host/ping").status_code == 200
    assert client.get("/admin/host/status", headers=master).json()["state"] == "Running"
    names = [function["name"] for function in client.get("/admin/functions", headers=master).json()]
    assert "echo" in names
    assert client.get("/admin/functions/ECHO/status", headers=master).json() == {}
    assert client.get("/admin/functions/nothing", headers=master).status_code == 404


def test_functions_are_triggered_by_hand(client: httpx.Client, host: LocalHost) -> None:
    master = {"x-functions-key": host.master_key()}
    for function, value in (("new_year", None), ("on_message", {"lesson": 1})):
        response = client.post(f"/admin/functions/{function}", json={"input": value}, headers=master)
        assert response.status_code == 202
    assert client.post("/admin/functions/new_year", content=b"x", headers=master).status_code == 400
    assert client.post("/admin/functions/nothing", json={}, headers=master).status_code == 404
    assert client.post("/admin/functions/echo", json={}, headers=master).status_code == 400
    host.wait_for_log("Executed 'Functions.new_year' (Succeeded")
    host.wait_for_log("Executed 'Functions.on_message' (Succeeded")


def test_logs_carry_function_and_invocation(client: httpx.Client, host: LocalHost) -> None:
    invocation = echoed(client.get("/api/echo/logged"))["invocation_id"]
    line = next(line for line in host.log().splitlines() if "echo for logged" in line)
    assert f"Function.echo.User [{invocation[:8]}]" in line
    assert " info " in line
    assert "printed by echo" in host.log()
    assert "printed by echo" not in "\n".join(host.output)


def test_the_function_table(host: LocalHost) -> None:
    table = "\n".join(host.output)
    assert f"[GET,POST,PUT] {host.url}/api/echo/{{who}}/{{rest?}}" in table
    assert "Service Bus  lessons" in table
    assert "0 0 5 * * *" in table
    assert host.output[-1] == f"listening on {host.url}"
    assert sum(line.startswith("listening on") for line in host.output) == 1


@pytest.fixture(scope="module")
def refused() -> Iterator[LocalHost]:
    with LocalHost(APPS / "refused", env={"AzureWebJobs.switched_off.Disabled": "true"}) as running:
        yield running


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("administer", "The specified route conflicts with one or more built in routes."),
        ("running", "The specified route conflicts with one or more built in routes."),
        ("1digit", "'1digit' is not a valid function name."),
        ("host", "'host' is not a valid function name."),
        ("second", "The route specified conflicts with the route defined by function 'first'."),
        ("one_method", "The route specified conflicts with the route defined by function 'any_method'."),
        ("zulu", "The route specified conflicts with the route defined by function 'alpha'."),
        ("TWIN", "The function or proxy name 'TWIN' must be unique within the function app."),
        ("slashed", "cannot appear consecutively"),
        ("brace", "incomplete parameter"),
        ("unknown_constraint", "The constraint reference 'prime' could not be resolved to a type."),
        ("bad_schedule", "The schedule expression '61 * * * * *' was not recognized"),
        ("unset_schedule", "'%NOT_SET%' does not resolve to a value."),
        ("storage_queue", "The binding type(s) 'queueTrigger' are not registered."),
    ],
)
def test_what_the_real_host_refuses_is_in_error_in_its_words(
    refused: LocalHost, function: str, words: str
) -> None:
    line = next(line for line in refused.output if line.strip().startswith(f"{function} "))
    assert f"in error: {words}" in line or ("in error: " in line and words in line)
    response = httpx.get(
        f"{refused.url}/admin/functions/{function}/status", headers={"x-functions-key": refused.master_key()}
    )
    assert words in response.json()["errors"][0]


def test_the_others_still_load(refused: LocalHost) -> None:
    assert httpx.get(f"{refused.url}/api/good").status_code == 200
    assert httpx.get(f"{refused.url}/api/same/1").status_code == 200
    assert httpx.put(f"{refused.url}/api/same/1").status_code == 200
    assert httpx.post(f"{refused.url}/api/same/1").status_code == 404
    assert httpx.get(f"{refused.url}/api/administer").status_code == 404
    assert httpx.delete(f"{refused.url}/api/any/1").status_code == 200
    assert httpx.get(f"{refused.url}/api/twin").status_code == 200
    assert httpx.get(f"{refused.url}/api/other-twin").status_code == 404


def test_a_disabled_function_answers_only_the_master_key(refused: LocalHost) -> None:
    url = f"{refused.url}/api/switched-off"
    assert httpx.get(url).status_code == 404
    assert httpx.get(url, headers={"x-functions-key": refused.master_key()}).status_code == 200


@pytest.fixture(scope="module")
def strict() -> Iterator[LocalHost]:
    with LocalHost(APPS / "strict") as running:
        yield running


def test_no_prefix_and_no_precedence_of_literals(strict: LocalHost) -> None:
    assert httpx.get(f"{strict.url}/items/special").text == "parameter special"


def test_custom_headers_are_added_and_do_not_replace(strict: LocalHost) -> None:
    for path in ("/framed", "/nothing", "/"):
        assert httpx.get(strict.url + path).headers["x-content-type-options"] == "nosniff"
    assert httpx.get(f"{strict.url}/framed").headers["x-frame-options"] == "SAMEORIGIN"
    assert httpx.get(f"{strict.url}/items/1").headers["x-frame-options"] == "DENY"


def test_hsts_is_sent_only_over_https_and_never_for_this_machine(strict: LocalHost) -> None:
    https = {"X-Forwarded-Proto": "https", "Host": "app.example"}
    response = httpx.get(f"{strict.url}/items/1", headers=https)
    assert response.headers["strict-transport-security"] == "max-age=864000; includeSubDomains"
    assert "strict-transport-security" not in httpx.get(f"{strict.url}/items/1").headers
    local = httpx.get(f"{strict.url}/items/1", headers={"X-Forwarded-Proto": "https"})
    assert "strict-transport-security" not in local.headers


async def test_too_many_requests_are_turned_away(strict: LocalHost) -> None:
    async with httpx.AsyncClient(base_url=strict.url, timeout=30) as client:
        responses = await asyncio.gather(*(client.get("/sleep/0.5") for _ in range(8)))
    codes = sorted(response.status_code for response in responses)
    assert codes == [200] * 4 + [429] * 4
    turned_away = next(response for response in responses if response.status_code == 429)
    assert turned_away.headers["x-function-scaleout"] == "1"


def test_a_time_out_ends_the_app_process_and_fails_what_it_was_running(strict: LocalHost) -> None:
    before = strict.app_process_ids()
    response = httpx.get(f"{strict.url}/sleep/30", timeout=30)
    assert (response.status_code, response.content) == (500, b"")
    assert "Timeout value of 0:00:02 exceeded by function 'Functions.sleep'" in strict.log()
    assert httpx.get(f"{strict.url}/items/1", timeout=30).status_code == 200
    assert strict.app_process_ids() != before
