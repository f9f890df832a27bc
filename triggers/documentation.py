"""HTTP: what the API is, for programs and for people.

Made when it is first asked for, and kept: cold start is a feature.
"""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus

import azure.durable_functions as df
import azure.functions as func

from triggers.answers import public_answer
from triggers.endpoints import Access, Answer, endpoint

blueprint = df.Blueprint()


@endpoint(
    blueprint,
    "GET",
    "openapi.json",
    access=Access.OPEN,
    answers=(Answer(HTTPStatus.OK, texts=("application/json",)),),
)
async def get_openapi() -> func.HttpResponse:
    """Read this description of the API (OpenAPI 3.1)."""
    return public_answer(_openapi(), "application/json")


@endpoint(
    blueprint,
    "GET",
    "docs",
    access=Access.OPEN,
    answers=(Answer(HTTPStatus.OK, texts=("text/html",)),),
)
async def get_docs() -> func.HttpResponse:
    """Read this description of the API as a page for people."""
    return public_answer(_page(), "text/html")


@cache
def _openapi() -> str:
    from triggers.openapi.document import api_document

    return json.dumps(api_document(), ensure_ascii=False)


@cache
def _page() -> str:
    from triggers.openapi.document import api_document
    from triggers.openapi.page import to_html

    return to_html(api_document())
