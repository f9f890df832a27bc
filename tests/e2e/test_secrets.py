"""No secret is told: not in an answer, not in a log, not at the start, whatever goes wrong on the way."""

from __future__ import annotations

import base64
import json
import time
import types
import typing
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from pydantic import SecretStr

from shared.settings import ProviderSettings, Settings, SourceSettings
from tests.support.app import app_host, with_provider
from tests.support.broker import BrokerProcess, need_broker
from tests.support.graphql import GraphQL
from tests.support.learner import Learner, first_lesson
from tests.support.local_host import LocalHost, LocalHostError
from tests.support.model_provider import ModelProvider
from tests.support.service_bus import Namespace, app_entities, broker_folder
from tests.support.source_servers import set_faults, settings_of
from tests.support.store_file import all_documents
from tests.support.tokens import AUDIENCE, ISSUER, claims

COSMOS_KEY = base64.b64encode(b"planted-cosmos-key-0123456789-0123456789").decode()
ACCESS_KEY = base64.b64encode(b"planted-service-bus-key").decode()
JWT_SECRET = "planted-jwt-secret-0123456789-0123456789"
SECRETS = {
    "COSMOS_KEY": COSMOS_KEY,
    "JWT_SECRET": JWT_SECRET,
    "PSEUDONYM_KEY": "planted-pseudonym-key-0123456789",
    "LLM__FAKE__API_KEY": "sk-planted-model-key-0123456789",
    "RESEARCH__STACKOVERFLOW__API_KEY": "planted-stackoverflow-key",
    "RESEARCH__GITHUB__API_KEY": "ghp_planted-github-key",
    "RESEARCH__DEVTO__API_KEY": "planted-devto-key",
    "RESEARCH__YOUTUBE__API_KEY": "AIza-planted-youtube-key",
    "RESEARCH__DOCS__API_KEY": "planted-docs-key",
    "RESEARCH__WIKIPEDIA__API_KEY": "planted-wikipedia-key",
    "AzureWebJobsStorage": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={ACCESS_KEY[::-1]};",
}
WITH_KEYS = ("docs", "stackoverflow", "github", "devto", "youtube", "wikipedia")


def connection_string(port: int) -> str:
    return (
        f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=planted-name;SharedAccessKey={ACCESS_KEY};"
        "UseDevelopmentEmulator=true;"
    )


def planted() -> set[str]:
    """Return what may stand nowhere: the secrets, and a connection string's key by itself."""
    return {*SECRETS.values(), ACCESS_KEY, ACCESS_KEY[::-1]}


def secret_fields(model: type[Any]) -> set[str]:
    """Return the names of a model's secret fields."""
    hints = typing.get_type_hints(model)
    return {name for name, hint in hints.items() if SecretStr in (hint, *_members(hint))}


def _members(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else ()


def test_every_setting_that_is_secret_is_planted() -> None:
    """A new one that is planted nowhere fails here."""
    aliases = {str(Settings.model_fields[name].alias) for name in secret_fields(Settings)}
    assert aliases == {"COSMOS_KEY", "JWT_SECRET", "PSEUDONYM_KEY", "ServiceBusConnection"}
    assert secret_fields(ProviderSettings) == secret_fields(SourceSettings) == {"api_key"}
    assert aliases - {"ServiceBusConnection"} <= set(SECRETS)
    names = [name.split("__")[1].casefold() for name in SECRETS if name.startswith("RESEARCH__")]
    assert sorted(names) == sorted(WITH_KEYS)


class Told:
    """Everything that callers were told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def keep(self, response: httpx.Response) -> None:
        response.read()
        self.texts.append(f"{response.status_code} {response.headers} {response.text}")

    def listen(self, http: httpx.Client) -> None:
        hooks = http.event_hooks
        http.event_hooks = {**hooks, "response": [*hooks["response"], self.keep]}


def token(user_id: str, **changes: Any) -> str:
    return jwt.encode(claims(user_id, **changes), JWT_SECRET, "HS256")


def hostile_tokens(user_id: str) -> list[str]:
    good = token(user_id)
    return [
        token(user_id, exp=1),
        token(user_id, aud="another-api"),
        token(user_id, note="x" * 9000),
        jwt.encode(claims(user_id), "planted-forged-secret-0123456789-0123456789", "HS256"),
        jwt.encode(claims(user_id), JWT_SECRET, "HS256", {"kid": "planted-kid"}) + "x",
        f"{good}x",
        good.rpartition(".")[0],
    ]


def settings_with_secrets(provider: ModelProvider, origin: str, port: int) -> dict[str, str]:
    return {
        **with_provider(provider),
        **settings_of(origin),
        **SECRETS,
        "RESEARCH__WIKIPEDIA__BASE_URL": f"{origin}/wikipedia",
        "RESEARCH_SOURCES": ",".join((*WITH_KEYS, "pydoc")),
        "ServiceBusConnection": connection_string(port),
        "AUTH_MODE": "jwt",
        "JWT_ALGORITHMS": "HS256",
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
    }


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    need_broker()
    with BrokerProcess(broker_folder(tmp_path), app_entities()) as broker:
        yield broker


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_no_secret_is_told_while_everything_works_and_fails(
    tmp_path: Path, origin: str, broker: BrokerProcess
) -> None:
    user_id, told = f"learner-{uuid.uuid4()}", Told()
    good = token(user_id, roles=["admin"])
    with ModelProvider() as provider:
        settings = settings_with_secrets(provider, origin, broker.port)
        with (
            app_host(tmp_path, settings=settings) as host,
            Learner(host.url, user_id, token=good) as learner,
        ):
            told.listen(learner.http)
            keys = host_keys(host)
            roadmap = work(learner, provider, origin)
            knock(host, learner, told, first_lesson(roadmap)["id"])
            fail(learner, roadmap, provider, origin, broker)
            assert host.stop() == 0
            log, output = host.log(), "\n".join(host.output)
        sent = {request.headers["authorization"] for request in provider.requests}
    assert sent == {f"Bearer {SECRETS['LLM__FAKE__API_KEY']}"}, "the secrets were really in use"
    for expected in ("request.refused", "audit.lesson_for_back_end", "QueueUnavailable", "provider.failed"):
        assert expected in log, expected
    tokens = [good, *hostile_tokens(user_id)]
    parts = {part[:40] for text in tokens for part in text.split(".")[1:] if part}
    answers = "\n".join(told.texts)
    assert answers.count("\n") > 50
    stored = json.dumps(all_documents(tmp_path / "skillsync.db"))
    for place, text in {"log": log, "output": output, "answers": answers, "store": stored}.items():
        found = [secret for secret in (*planted(), *keys, *parts, "planted-kid") if secret in text]
        assert found == [], place


def host_keys(host: LocalHost) -> set[str]:
    """Return every access key of the host."""
    groups = host.keys()
    found = {groups["masterKey"]}
    for name in ("functionKeys", "systemKeys"):
        found |= set(groups[name].values())
    assert all(len(key) > 20 for key in found)
    return found


def work(learner: Learner, provider: ModelProvider, origin: str) -> dict[str, Any]:
    """Do everything that uses a secret while all goes well."""
    roadmap = learner.roadmap(goal="I want to learn Python")
    lesson_id = first_lesson(roadmap)["id"]
    learner.generate(lesson_id)
    assert learner.await_lesson(lesson_id)["generation_status"] == "completed"
    GraphQL(learner).roadmap(roadmap["roadmap_id"])
    learner.http.post(f"/lessons/{lesson_id}/vote", json={"value": 1})
    for path in ("/ready", "/ops/metrics", "/ops/tasks", "/ops/dead-letters", "/me/export", "/openapi.json"):
        assert learner.http.get(path).status_code == 200, path
    with httpx.Client(trust_env=False, timeout=10) as http:
        asked = json.dumps(http.get(f"{origin}/requests").json())
    for source in ("YOUTUBE", "STACKOVERFLOW", "GITHUB"):
        assert SECRETS[f"RESEARCH__{source}__API_KEY"] in asked, "it is really in use"
    return roadmap


def knock(host: LocalHost, learner: Learner, told: Told, lesson_id: str) -> None:
    """Send tokens and keys, right and wrong, in every place that takes some."""
    for bad in hostile_tokens(learner.user_id):
        for scheme in ("Bearer", "Basic", "Token"):
            refused = learner.http.get("/roadmaps", headers={"Authorization": f"{scheme} {bad}"})
            assert refused.status_code == 401
    body = {"lesson_id": lesson_id, "user_id": learner.user_id}
    right = host.function_key()
    for query, headers in (
        ({"code": right}, {}),
        ({}, {"x-functions-key": right}),
        ({"code": f"{right}x"}, {}),
        ({}, {"x-functions-key": host.master_key()[:-1]}),
    ):
        learner.http.post("/generate_lesson_content", params=query, headers=headers, json=body)
    with httpx.Client(base_url=host.url, trust_env=False, timeout=30) as http:
        told.listen(http)
        for path in ("/admin/host/status", "/admin/functions", "/runtime/webhooks/durabletask/instances"):
            http.get(path, headers={"x-functions-key": host.master_key()})
            http.get(path, params={"code": f"{host.master_key()}x"})
            http.get(path, params={"code": host.keys()["systemKeys"]["durabletask_extension"]})


def fail(
    learner: Learner, roadmap: dict[str, Any], provider: ModelProvider, origin: str, broker: BrokerProcess
) -> None:
    """Let everything that a secret opens refuse it, break, or be away."""
    modules = roadmap["modules"]
    provider.script("401", step="lesson")
    set_faults(origin, everything="500")
    learner.generate(modules[1]["lessons"][0]["id"])
    learner.await_lesson(modules[1]["lessons"][0]["id"])
    set_faults(origin, everything="drop")
    learner.generate(modules[2]["lessons"][0]["id"])
    learner.await_lesson(modules[2]["lessons"][0]["id"])
    Namespace(broker.connection_string).send(b"not json", "m-1")
    broker.go_away()
    learner.http.post(f"/modules/{modules[0]['module_id']}/generate")
    assert learner.http.get("/ops/dead-letters").status_code == 503
    assert learner.http.get("/ready").status_code in (200, 503)
    time.sleep(2)


def test_no_secret_is_told_by_a_store_that_cannot_be_reached(tmp_path: Path) -> None:
    told = Told()
    settings = {"COSMOS_ENDPOINT": "http://127.0.0.1:9", "COSMOS_KEY": COSMOS_KEY, "COSMOS_DATABASE": "d"}
    with app_host(tmp_path, settings=settings) as host, Learner(host.url, "ada") as ada:
        told.listen(ada.http)
        assert ada.http.get("/roadmaps").status_code == 503
        assert ada.http.get("/ready").status_code == 503
        host.stop()
        texts = [host.log(), *host.output, *told.texts]
    assert "store_unavailable" in texts[0]
    assert not [text for text in texts if "Traceback" in text], "a fault says what and where, in one line"
    assert not [text for text in texts if COSMOS_KEY in text]


WRONG = [
    {"AUTH_MODE": "jwt", "JWT_ALGORITHMS": "HS256", "JWT_SECRET": "planted-short"},
    {"AUTH_MODE": "jwt", "JWT_JWKS_URL": "https://id.example/keys", "JWT_SECRET": JWT_SECRET},
    {"AUTH_MODE": "jwt", "JWT_JWKS_URL": "https://planted-user:planted-password@id.example/keys"},
    {"ServiceBusConnection": f"Endpoint=http://a/;SharedAccessKeyName=n;SharedAccessKey={ACCESS_KEY}"},
    {"COSMOS_ENDPOINT": "http://cosmos.example:8081", "COSMOS_KEY": COSMOS_KEY},
    {
        "LLM_CHAIN": "fake",
        "LLM__FAKE__BASE_URL": "http://models.example",
        "LLM__FAKE__MODEL": "m",
        "LLM__FAKE__API_KEY": SECRETS["LLM__FAKE__API_KEY"],
    },
    {
        "RESEARCH_SOURCES": "youtube",
        "RESEARCH__YOUTUBE__BASE_URL": "http://videos.example",
        "RESEARCH__YOUTUBE__API_KEY": SECRETS["RESEARCH__YOUTUBE__API_KEY"],
    },
]


@pytest.mark.parametrize("wrong", WRONG, ids=" ".join)
def test_a_start_that_fails_names_the_setting_and_not_what_it_holds(
    tmp_path: Path, wrong: dict[str, str]
) -> None:
    with pytest.raises(LocalHostError) as failed, app_host(tmp_path, settings=wrong):
        pass
    text = str(failed.value)
    assert any(name in text for name in wrong), text[-500:]
    assert not [secret for secret in {"planted", *planted()} if secret in text]
