"""Print the API's reference in Markdown: `make api-docs` writes docs/api.md with it."""

from __future__ import annotations

import sys

import function_app  # noqa: F401 - it fills the route table
from triggers.openapi.document import api_document
from triggers.openapi.reference import to_markdown

sys.stdout.write(to_markdown(api_document()))
