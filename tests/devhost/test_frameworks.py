"""Web frameworks behind one catch-all function, as `AsgiFunctionApp` and `WsgiFunctionApp` make it."""

from pathlib import Path

import httpx

from tests.support.local_host import LocalHost

APPS = Path(__file__).parent / "apps"


def test_an_asgi_framework_answers_every_path_and_is_started_first() -> None:
    with LocalHost(APPS / "asgi") as host:
        response = httpx.post(f"{host.url}/a/b?x=1", content="hello")
        assert (response.status_code, response.headers["x-from"]) == (201, "framework")
        assert response.json() == {
            "method": "POST",
            "path": "/a/b",
            "query": "x=1",
            "body": "hello",
            "events": ["lifespan.startup"],
        }
        assert httpx.get(f"{host.url}/").json()["path"] == "/"


def test_a_wsgi_framework_answers_every_path() -> None:
    with LocalHost(APPS / "wsgi") as host:
        response = httpx.put(f"{host.url}/a/b?x=1", content="hello")
        assert (response.status_code, response.headers["x-from"]) == (202, "framework")
        assert response.text == "PUT /a/b x=1 hello"


def test_under_a_prefix_their_route_is_refused_as_by_the_real_host() -> None:
    env = {"AzureFunctionsJobHost__extensions__http__routePrefix": "api"}
    with LocalHost(APPS / "wsgi", env=env) as host:
        assert "template separator character '/' cannot appear consecutively" in "\n".join(host.output)
        assert httpx.get(f"{host.url}/api/a").status_code == 404
