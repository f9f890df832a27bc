"""Backslashes that a model meant as such, and that JSON would read as line ends, tabs or worse.

`"\\frac"` with one backslash is valid JSON: a form feed and "rac". So the names of LaTeX commands that no
text would hold after a control character, and Windows paths that prove themselves by an escape JSON does not
know, get the backslash they lack; real line ends stay. Linear in the text.
"""

from __future__ import annotations

import re

_COMMANDS = (
    r"(?:frac|forall|beta|binom|boldsymbol|times|theta|therefore|nabla|rightarrow)(?![A-Za-z])"
    r"|(?:begin|bar|text[a-z]{0,4}|tilde)\{"
)
# An odd number of backslashes: those before the last one are escaped already.
_LATEX = re.compile(rf"(?<!\\)((?:\\\\)*)\\(?={_COMMANDS})")
_PATH = re.compile(r"(?<![A-Za-z\\])[A-Z]:(?:\\[\w.-]{1,100})+")
_UNKNOWN_ESCAPE = re.compile(r'\\(?![bfnrt"/]|u[0-9A-Fa-f]{4})')


def with_meant_backslashes(text: str) -> str:
    """Return a JSON text in which such backslashes are escaped."""
    if "\\" not in text:
        return text
    return _PATH.sub(_escaped_path, _LATEX.sub(r"\1\\\\", text))


def _escaped_path(found: re.Match[str]) -> str:
    path = found.group()
    return path.replace("\\", "\\\\") if _UNKNOWN_ESCAPE.search(path) else path
