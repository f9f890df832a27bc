"""On which page of docs.python.org each topic of `pydoc_data.topics` stands.

A topic's label is the label of its section in the documentation's sources (Sphinx builds the topics from
those labels), hence also the anchor of that section on its page.
"""

from __future__ import annotations

DOCUMENTATION = "https://docs.python.org/3/"

_TOPICS_BY_PAGE = {
    "reference/simple_stmts.html": (
        "assert assignment augassign break continue del global import nonlocal pass raise return yield"
    ),
    "reference/compound_stmts.html": "async class compound else for function if try while with",
    "reference/expressions.html": (
        "atom-identifiers atom-literals attribute-references await binary bitwise booleans calls "
        "comparisons conversions dict exprlists in lambda lists operator-summary power shifting slicings "
        "subscriptions unary"
    ),
    "reference/executionmodel.html": "dynamic-features exceptions execmodel naming",
    "reference/lexical_analysis.html": "floating id-classes identifiers imaginary integers numbers strings",
    "reference/datamodel.html": (
        "attribute-access callable-types context-managers customization numeric-types objects sequence-types "
        "specialnames types"
    ),
    "library/stdtypes.html": (
        "bltin-code-objects bltin-ellipsis-object bltin-null-object bltin-type-objects specialattrs "
        "string-methods truth typesfunctions typesmapping typesmethods typesmodules typesseq typesseq-mutable"
    ),
    "library/string.html": "formatstrings",
    "library/pdb.html": "debugger",
}

PAGE_OF_TOPIC = {label: page for page, labels in _TOPICS_BY_PAGE.items() for label in labels.split()}


def page_url(label: str) -> str:
    """Return the address of a topic, or of a page of the library by its label `library/...`.

    A topic that is not in the table (a later Python's) gets the documentation's start page.
    """
    if label.startswith("library/"):
        return f"{DOCUMENTATION}{label}"
    page = PAGE_OF_TOPIC.get(label)
    return f"{DOCUMENTATION}{page}#{label}" if page else DOCUMENTATION
