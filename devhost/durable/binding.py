"""The URLs of the management API, as the Durable extension writes them into the durable client binding."""

import json
from urllib.parse import quote_plus

WEBHOOK_PATH = "/runtime/webhooks/durabletask"
RPC_PATH = "/durabletask/"
# The Python SDK replaces this word by the instance id.
_ID_PLACEHOLDER = "INSTANCEID"
_CONNECTION = "Storage"


def client_binding_json(public_url: str, rpc_url: str, hub: str, system_key: str) -> str:
    """Return what a durable client parameter receives (extension: BindingHelper).

    `public_url` is where learners and operators reach the host, `rpc_url` where the app's own client does;
    both without a path.
    """
    base = public_url.rstrip("/") + WEBHOOK_PATH
    create = f"{base}/orchestrators/{{functionName}}[/{{instanceId}}]"
    code = f"code={quote_plus(system_key)}"
    return json.dumps(
        {
            "taskHubName": hub,
            "creationUrls": {
                "createNewInstancePostUri": f"{create}?{code}",
                "createAndWaitOnNewInstancePostUri": (
                    f"{create}?timeout={{timeoutInSeconds}}&pollingInterval={{intervalInSeconds}}&{code}"
                ),
            },
            "managementUrls": management_urls(public_url, _ID_PLACEHOLDER, hub, system_key),
            "baseUrl": base,
            "requiredQueryStringParameters": code,
            # The SDK appends paths to it: the trailing slash matters.
            "rpcBaseUrl": rpc_url.rstrip("/") + RPC_PATH,
        }
    )


def management_urls(origin: str, instance_id: str, hub: str, system_key: str) -> dict[str, str]:
    """Return the links to one instance (extension: HttpApiHandler.GetClientResponseLinks)."""
    instance = f"{origin.rstrip('/')}{WEBHOOK_PATH}/instances/{quote_plus(instance_id)}"
    query = f"taskHub={quote_plus(hub)}&connection={_CONNECTION}&code={quote_plus(system_key)}"
    return {
        "id": instance_id,
        "statusQueryGetUri": f"{instance}?{query}",
        "sendEventPostUri": f"{instance}/raiseEvent/{{eventName}}?{query}",
        "terminatePostUri": f"{instance}/terminate?reason={{text}}&{query}",
        "rewindPostUri": f"{instance}/rewind?reason={{text}}&{query}",
        "purgeHistoryDeleteUri": f"{instance}?{query}",
        "restartPostUri": f"{instance}/restart?{query}",
        "suspendPostUri": f"{instance}/suspend?reason={{text}}&{query}",
        "resumePostUri": f"{instance}/resume?reason={{text}}&{query}",
    }
