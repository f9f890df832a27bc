"""The Durable extension's HTTP API: what the durable client calls, and what operators call.

Status codes, bodies and their oddities are those of the extension's HttpApiHandler.
"""

import asyncio
import hmac
import ipaddress
import uuid
from collections.abc import Callable, Iterable

from aiohttp import web
from durabletask.internal import orchestrator_service_pb2 as pb

from devhost.durable.api_requests import (
    ARGUMENT,
    INTERNAL,
    Handler,
    Refused,
    answered,
    body_text,
    checked_id,
    flag,
    instance_filter,
    number,
    require_json,
)
from devhost.durable.binding import RPC_PATH, WEBHOOK_PATH, management_urls
from devhost.durable.hub_client import HubClient, InstanceExistsError
from devhost.durable.orchestration import unknown_orchestrator
from devhost.durable.status import STATUS_NAMES, history_view, status_json, token
from devhost.durable.wire import is_terminal, text_of

_PAGE_SIZE = 100
_CONTINUATION_HEADER = "x-ms-continuation-token"
_RESTART_UNKNOWN = "InstanceId does not match a valid orchestration instance."


class ManagementApi:
    """Serves the API twice: under `/durabletask/` for the app's own client, and as the webhook with a key.

    `orchestrators` names the functions that may be started, `public_url` the origin for links in answers.
    """

    def __init__(
        self,
        engine_address: str,
        orchestrators: Callable[[], Iterable[str]],
        public_url: Callable[[], str],
        hub: str,
        system_key: str,
        *,
        default_version: str | None = None,
    ) -> None:
        self._hub_client = HubClient(engine_address)
        self._orchestrators, self._public_url = orchestrators, public_url
        self._hub, self._system_key = hub, system_key
        self._default_version = default_version

    def register(self, app: web.Application) -> None:
        """Add the routes to an application that does not serve yet."""
        for prefix, guard in ((RPC_PATH.rstrip("/"), self._local), (WEBHOOK_PATH, self._keyed)):
            for method, path, handler in (
                ("POST", "/orchestrators/{name}", self._start),
                ("POST", "/orchestrators/{name}/{id}", self._start),
                ("GET", "/instances", self._query),
                ("DELETE", "/instances", self._purge_all),
                ("GET", "/instances/{id}", self._status),
                ("DELETE", "/instances/{id}", self._purge),
                ("POST", "/instances/{id}/raiseEvent/{event}", self._raise_event),
                ("POST", "/instances/{id}/{operation}", self._operate),
                ("*", "/entities{rest:(/.*)?}", self._entities),
            ):
                guarded = guard(answered(handler))
                app.router.add_route(method, prefix + path, guarded)
                app.router.add_route(method, prefix + path + "/", guarded)
            # The extension has no 405: another method on a known path is not found.
            app.router.add_route("*", prefix + "/{rest:.*}", guard(_not_found))

    async def close(self) -> None:
        """Close the connection to the engine."""
        await self._hub_client.close()

    # ------------------------------------------------------------------ who may call
    def _local(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            # The extension's local listener is bound to the loopback and asks for no key.
            if request.remote is None or not ipaddress.ip_address(request.remote).is_loopback:
                return web.Response(status=404)
            return await handler(request)

        return guarded

    def _keyed(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            key = request.headers.get("x-functions-key") or request.query.get("code", "")
            if not hmac.compare_digest(key.encode(), self._system_key.encode()):
                return web.Response(status=401)
            return await handler(request)

        return guarded

    # ------------------------------------------------------------------ starting
    async def _start(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        known = list(self._orchestrators())
        if name.casefold() not in {orchestrator.casefold() for orchestrator in known}:
            raise Refused(400, ARGUMENT, unknown_orchestrator(name, known))
        body = await body_text(request)
        if body:
            require_json(body)
        version = request.query.get("version", self._default_version)
        instance_id = checked_id(request.match_info.get("id") or uuid.uuid4().hex)
        await self._start_instance(name, instance_id, body or None, version)
        return await self._started(request, instance_id)

    async def _start_instance(
        self, name: str, instance_id: str, raw_input: str | None, version: str | None
    ) -> None:
        try:
            await self._hub_client.start(name, instance_id, raw_input, version)
        except InstanceExistsError as error:
            state = await self._hub_client.state(instance_id)
            status = STATUS_NAMES[state.orchestrationStatus] if state is not None else "Running"
            raise Refused(
                500,
                INTERNAL,
                f"An Orchestration instance with the status {status} already exists.",
                "System.InvalidOperationException",
            ) from error

    async def _started(self, request: web.Request, instance_id: str) -> web.Response:
        timeout, interval = number(request, "timeout"), number(request, "pollingInterval")
        if timeout is not None and interval is not None:
            return await self._wait(request, instance_id, timeout, interval)
        return self._check_status(request, instance_id)

    def _check_status(self, request: web.Request, instance_id: str) -> web.Response:
        # Links lead to where the caller is, unless it came by the app's local listener.
        local = request.path.startswith(RPC_PATH)
        origin = self._public_url() if local else f"{request.scheme}://{request.host}"
        urls = management_urls(origin, instance_id, self._hub, self._system_key)
        urls.pop("rewindPostUri")
        headers = {"Location": urls["statusQueryGetUri"], "Retry-After": "10"}
        return web.json_response(urls, status=202, headers=headers)

    async def _wait(
        self, request: web.Request, instance_id: str, longest: float, interval: float
    ) -> web.Response:
        """Answer with the output once the instance has ended, or after `longest` seconds with the links."""
        if interval > longest:
            raise Refused(
                400, ARGUMENT, f"Total timeout {longest:g} should be bigger than retry timeout {interval:g}"
            )
        deadline = asyncio.get_running_loop().time() + longest
        while True:
            state = await self._hub_client.state(instance_id)
            if state is not None and is_terminal(state.orchestrationStatus):
                if state.orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED:
                    return web.json_response(token(text_of(state, "output")))
                return await self._status_of(request, instance_id)
            remaining = deadline - asyncio.get_running_loop().time()
            if remaining <= 0:
                return self._check_status(request, instance_id)
            await asyncio.sleep(min(interval, remaining))

    # ------------------------------------------------------------------ reading
    async def _status(self, request: web.Request) -> web.Response:
        return await self._status_of(request, request.match_info["id"])

    async def _status_of(self, request: web.Request, instance_id: str) -> web.Response:
        state = await self._hub_client.state(instance_id)
        if state is None:
            return web.Response(status=404)
        show_input = flag(request, "showInput", default=True)
        body = status_json(state, show_input=show_input)
        if flag(request, "showHistory") and state.orchestrationStatus != pb.ORCHESTRATION_STATUS_PENDING:
            body["historyEvents"] = history_view(
                await self._hub_client.history(instance_id),
                show_input=show_input,
                show_output=flag(request, "showHistoryOutput"),
            )
        if not is_terminal(state.orchestrationStatus):
            headers = {"Location": str(request.url), "Retry-After": "5"}
            return web.json_response(body, status=202, headers=headers)
        failed = state.orchestrationStatus == pb.ORCHESTRATION_STATUS_FAILED
        as_error = failed and flag(request, "returnInternalServerErrorOnFailure")
        return web.json_response(body, status=500 if as_error else 200)

    async def _query(self, request: web.Request) -> web.Response:
        page_size = number(request, "top")
        page = await self._hub_client.query(
            instance_filter(request),
            int(page_size) if page_size is not None and page_size >= 1 else _PAGE_SIZE,
            request.headers.get(_CONTINUATION_HEADER),
        )
        show_input = flag(request, "showInput", default=True)
        return web.json_response(
            [status_json(state, show_input=show_input) for state in page.states],
            headers={_CONTINUATION_HEADER: page.continuation or ""},
        )

    # ------------------------------------------------------------------ deleting
    async def _purge(self, request: web.Request) -> web.Response:
        instance_id = request.match_info["id"]
        if await self._hub_client.state(instance_id) is None:
            return web.Response(status=404)
        return web.json_response({"instancesDeleted": await self._hub_client.purge(instance_id)})

    async def _purge_all(self, request: web.Request) -> web.Response:
        wanted = instance_filter(request)
        if wanted.created_from is None:
            return web.json_response("Please provide value for 'createdTimeFrom' parameter.", status=400)
        deleted = await self._hub_client.purge_all(wanted)
        return web.json_response({"instancesDeleted": deleted}) if deleted else web.Response(status=404)

    # ------------------------------------------------------------------ operating
    async def _raise_event(self, request: web.Request) -> web.Response:
        instance_id = request.match_info["id"]
        state = await self._hub_client.state(instance_id)
        if state is None:
            return web.Response(status=404)
        if is_terminal(state.orchestrationStatus):
            return web.Response(status=410)
        if request.content_type.lower() != "application/json":
            raise Refused(400, "Only application/json request content is supported")
        payload = await body_text(request)
        require_json(payload)
        # Verbatim: the Python client encodes twice, and the orchestrator gets a str, as on Azure (#295).
        await self._hub_client.raise_event(instance_id, request.match_info["event"], payload)
        return web.Response(status=202)

    async def _operate(self, request: web.Request) -> web.Response:
        instance_id, operation = request.match_info["id"], request.match_info["operation"].lower()
        if operation not in {"terminate", "suspend", "resume", "rewind", "restart"}:
            return web.Response(status=404)
        state = await self._hub_client.state(instance_id)
        if operation == "restart":
            return await self._restart(request, instance_id, state)
        if state is None:
            return web.Response(status=404)
        if operation == "rewind":
            return _rewind(state)
        if is_terminal(state.orchestrationStatus):
            return web.Response(status=410)
        reason = request.query.get("reason")
        if operation == "terminate":
            await self._hub_client.terminate(instance_id, reason)
        elif operation == "suspend":
            _require_suspended(state, operation, suspended=False)
            await self._hub_client.suspend(instance_id, reason)
        else:
            _require_suspended(state, operation, suspended=True)
            await self._hub_client.resume(instance_id, reason)
        return web.Response(status=202)

    async def _restart(
        self, request: web.Request, instance_id: str, state: pb.OrchestrationState | None
    ) -> web.Response:
        if state is None:
            message = f"An orchestrastion with the instanceId {instance_id} was not found."
            raise Refused(400, _RESTART_UNKNOWN, message)
        anew = flag(request, "restartWithNewInstanceId", default=True)
        new_id = uuid.uuid4().hex if anew else instance_id
        await self._start_instance(state.name, new_id, text_of(state, "input"), self._default_version)
        return await self._started(request, new_id)

    async def _entities(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a handler's signature
        raise Refused(501, "Durable entities are not emulated by the local host.")


async def _not_found(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler's signature
    return web.Response(status=404)


def _rewind(state: pb.OrchestrationState) -> web.Response:
    if state.orchestrationStatus in {pb.ORCHESTRATION_STATUS_COMPLETED, pb.ORCHESTRATION_STATUS_TERMINATED}:
        return web.Response(status=410)
    if state.orchestrationStatus != pb.ORCHESTRATION_STATUS_FAILED:
        message = "The rewind operation is only supported on failed orchestration instances."
        raise Refused(500, INTERNAL, message, "System.InvalidOperationException")
    raise Refused(501, "Rewind is not emulated by the local host: restart the instance.")


def _require_suspended(state: pb.OrchestrationState, operation: str, *, suspended: bool) -> None:
    if (state.orchestrationStatus == pb.ORCHESTRATION_STATUS_SUSPENDED) is not suspended:
        status = STATUS_NAMES[state.orchestrationStatus]
        raise Refused(
            500,
            INTERNAL,
            f"Cannot {operation} the orchestration instance {state.instanceId} because instance is in the "
            f"{status} state.",
            "System.InvalidOperationException",
        )
