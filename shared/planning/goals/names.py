"""Names of subjects: one way to write each, and what else people call it. Compared in normalised form."""

from __future__ import annotations

import re
from functools import cache

from shared.models.specification import normalise

# Display name, then its other names. Spaces inside a name are fine; a bar parts the names.
_LANGUAGES = """
Python | python3 | python 3 | py | cpython | pyhton | phyton | pyton | pythona | питон | пайтон | パイソン
JavaScript | js | java script | javascipt | javscript | ecmascript
TypeScript | ts | type script
Java
Go | golang | go lang | go language
Rust | rustlang | rust lang
C
C++ | cpp | c plus plus | c ++ | cplusplus
C# | c sharp | csharp | c #
F# | f sharp | fsharp | f #
R | rlang | r lang | r language
Ruby
PHP
Swift
Kotlin
Scala
Haskell
Perl
Lua
Julia
Dart
Elixir
Erlang
Clojure
COBOL
Fortran
MATLAB
Objective-C | objective c | objc
Visual Basic | vb | visual basic
SQL | structured query language
HTML | html5
CSS | css3
Bash | bash scripting | shell scripting
Assembly | assembler
"""
_OTHERS = """
.NET | dotnet | dot net | .net framework | .net core | asp.net | net framework
Node.js | node | nodejs | node js
React | reactjs | react.js | react js
Vue.js | vue | vuejs | vue js
Angular | angularjs | angular.js
Next.js | nextjs | next js
Django
Kubernetes | k8s
PostgreSQL | postgres | postgresql
MySQL | my sql
MongoDB | mongo | mongo db
TCP/IP | tcp ip | tcpip
CI/CD | ci cd | cicd
UX design | ux | user experience design
UI design | ui
Machine learning | ml | machinelearning | maschinelles lernen
Artificial intelligence | ai | a.i.
Natural language processing | nlp
Deep learning | deeplearning
Amazon Web Services | aws
Google Cloud | gcp | google cloud platform
Microsoft Azure | azure
Microsoft Excel | excel | ms excel
Photoshop | adobe photoshop
Git
GitHub
Linux
Docker
iOS development | ios | ios app development
Android development | android | android app development
DevOps
SEO | search engine optimization | search engine optimisation
"""
_programming = re.compile(
    r"(?:the )?(?P<after>.+?)(?: programming(?: language)?| programmer| coding| code| language| scripting"
    r"| programmierung| programmieren|-programmierung|编程|編程|编程语言|プログラミング| programlama"
    r"| programlamayı)"
    r"|(?:programming|programmieren|coding|code|scripting|program|programmation|programmer|programación"
    r"|programar|programação|programmazione|programmare|programmeren|programowanie|программирование|программировать)"
    r"(?: in| with| mit| en| em| con| w| na| на| met)? (?P<before>.+)"
)


@cache
def _table(names: str) -> dict[str, str]:
    """Return the display name of each name in a table."""
    rows = ([cell.strip() for cell in line.split("|")] for line in names.strip().splitlines())
    return {normalise(name): row[0] for row in rows for name in row}


def canonical_name(text: str) -> str | None:
    """Return the one way to write a known subject, whatever it is called here; None for an unknown one."""
    name = normalise(text)
    languages = _table(_LANGUAGES)
    known = languages.get(name) or _table(_OTHERS).get(name)
    if known is not None:
        return known
    match = _programming.fullmatch(name)
    return languages.get((match["after"] or match["before"]).strip()) if match else None
