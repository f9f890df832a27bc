"""Names of subjects: one way to write each, and what else people call it. Compared in normalised form."""

from __future__ import annotations

import re
from functools import cache

from shared.models.specification import normalise
from shared.planning.goals.ambiguity import meaning_named

# Display name, then its other names. Spaces inside a name are fine; a bar parts the names.
_LANGUAGES = """
Python | python3 | python 3 | py | cpython | pythona | питон | пайтон | パイソン
JavaScript | js | java script | ecmascript
TypeScript | ts | type script
Java (programming language) | java
Go (programming language) | go | golang | go lang | go language
Rust (programming language) | rust | rustlang | rust lang
C (programming language) | c
C++ | cpp | c plus plus | c ++ | cplusplus
C# | c sharp | csharp | c #
F# | f sharp | fsharp | f #
R (programming language) | r | rlang | r lang | r language
Ruby (programming language) | ruby
PHP
Swift (programming language) | swift
Kotlin
Scala
Haskell
Perl
Lua
Julia (programming language) | julia
Dart (programming language) | dart
Elixir (programming language) | elixir
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
Microsoft Excel | excel | excell | ms excel
Photoshop | adobe photoshop
Git
GitHub
Linux
Docker
iOS development | ios | ios app development
Android development | android | android app development
DevOps
SEO | search engine optimization | search engine optimisation
Go (board game) | go (game) | go game | game of go | play go | playing go | baduk | weiqi | 囲碁 | 围棋 | 바둑
Apache Spark | pyspark
Apache Kafka
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
    """Return the one way to write a known subject, whatever it is called here; None for an unknown one.

    A name with several meanings is written as its usual one.
    """
    name = normalise(text)
    languages = _table(_LANGUAGES)
    known = languages.get(name) or _table(_OTHERS).get(name) or meaning_named(name)
    if known is not None:
        return known
    match = _programming.fullmatch(name)
    return languages.get((match["after"] or match["before"]).strip()) if match else None


@cache
def known_names() -> tuple[str, ...]:
    """Return every name by which a subject is known here, in normalised form."""
    return (*_table(_LANGUAGES), *_table(_OTHERS))
