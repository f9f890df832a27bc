"""Licences that allow quoting at length, by SPDX identifier, and where they stand."""

from __future__ import annotations

# Permissive and share-alike licences; NonCommercial and NoDerivatives are not among them.
_OPEN_LICENCES_TABLE = """
    0BSD AFL-3.0 Apache-2.0 Artistic-2.0 BSD-2-Clause BSD-3-Clause BSD-3-Clause-Clear BSL-1.0
    CC-BY-3.0 CC-BY-4.0 CC-BY-SA-2.5 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 ECL-2.0 ISC MIT MIT-0
    MulanPSL-2.0 NCSA PSF-2.0 PostgreSQL Python-2.0 Unlicense UPL-1.0 WTFPL Zlib
"""
OPEN_LICENCES = frozenset(_OPEN_LICENCES_TABLE.split())


def licence_url(identifier: str) -> str:
    """Return where SPDX explains a licence; empty for a text that is no identifier of an open licence."""
    return f"https://spdx.org/licenses/{identifier}.html" if identifier in OPEN_LICENCES else ""
