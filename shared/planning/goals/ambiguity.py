"""Names that mean several subjects: what each is taken to mean, and what else it could have been.

A meaning is written so that it stands by itself ("Go (board game)"): it is part of what is shared and what
sources are asked for. Every meaning can be sent back as a request's `subject`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from shared.models.specification import normalise

# A name, its meanings indented below it, the usual one first. Behind a colon stand words that, in the goal
# or in the learner's industry, speak for that meaning; @software and @nature stand for the lists below.
_TABLE = """
go
    Go (programming language): @software
    Go (board game): board game games baduk weiqi stones strategy play
c
    C (programming language): @software
    Vitamin C: vitamin vitamins nutrition diet health
r
    R (programming language): @software statistics data
    The letter R (phonics): phonics pronunciation speech
swift
    Swift (programming language): @software ios apps
    Swift (bird): @nature bird birds
java
    Java (programming language): @software
    Java (island): indonesia travel island tourism
    Java coffee: coffee barista roasting gastronomy
rust
    Rust (programming language): @software
    Rust (corrosion): corrosion metal steel automotive restoration
    Rust (video game): game games gaming survival
ruby
    Ruby (programming language): @software rails
    Ruby (gemstone): gem gems gemstone jewelry jewellery gemmology
julia
    Julia (programming language): @software data
    Julia sets: fractal fractals mathematics
dart
    Dart (programming language): @software flutter
    Darts (sport): sport sports throwing pub
scratch
    Scratch (programming language): @software kids children
    Scratching (DJ technique): dj turntable hiphop music
elixir
    Elixir (programming language): @software
    Elixirs (herbal remedies): herbal herbs remedies
crystal
    Crystal (programming language): @software
    Crystals (mineralogy): @nature minerals mineralogy geology
scheme
    Scheme (programming language): @software lisp
    Colour schemes: colour color design interior
racket
    Racket (programming language): @software lisp
    Racket sports: tennis sport sports badminton
ada
    Ada (programming language): @software avionics aerospace
    Ada Lovelace: biography
pascal
    Pascal (programming language): @software
    Blaise Pascal: philosophy theology
basic
    BASIC (programming language): @software
    Basic English: english language
delphi
    Delphi (software): @software
    Delphi method: forecasting survey research
    Delphi (ancient Greece): greece ancient archaeology oracle
processing
    Processing (programming language): @software art creative
    Food processing: food
spark
    Apache Spark: @software data
    SPARK (Ada subset): ada avionics verification
kafka
    Apache Kafka: @software data streaming
    Franz Kafka: literature novel novels books writing publishing
hive
    Apache Hive: @software data
    Beehives: bees honey beekeeping
oracle
    Oracle Database: @software database
    Oracles (ancient religion): ancient religion greece
flask
    Flask (web framework): @software
    Laboratory flasks: laboratory chemistry
pandas
    pandas (Python library): @software data python
    Pandas (animals): @nature
puppet
    Puppet (software): @software devops
    Puppetry: theatre theater dolls stage
chef
    Chef (software): @software devops
    Professional cooking: cooking kitchen food gastronomy restaurant
salt
    Salt (software): @software devops
    Salt in cooking: cooking kitchen food
vault
    HashiCorp Vault: @software devops
    Vault (gymnastics): gymnastics sport sports
unity
    Unity (game engine): @software game games
    Unity (philosophy): philosophy
blender
    Blender (3D software): @software 3d animation film
    Blender recipes: kitchen cooking smoothies food
maya
    Autodesk Maya: @software 3d animation film
    Maya civilization: history ancient archaeology mexico
rhino
    Rhino (3D software): @software 3d architecture design
    Rhinoceroses: @nature
sketch
    Sketch (design software): @software ui ux
    Sketching: drawing pencil art paper
access
    Microsoft Access: @software office database
    Accessibility: inclusion disability
word
    Microsoft Word: @software office
    Word formation (linguistics): linguistics
logic
    Logic (reasoning): philosophy mathematics
    Logic Pro: music audio production dj
reason
    Reasoning: philosophy logic
    Reason (music software): music audio production dj
mercury
    Mercury (planet): astronomy space planets
    Mercury (element): chemistry toxicology laboratory mining
    Mercury (mythology): mythology roman gods
saturn
    Saturn (planet): astronomy space planets
    Saturn (mythology): mythology roman gods
jupiter
    Jupiter (planet): astronomy space planets
    Jupiter (mythology): mythology roman gods
jaguar
    Jaguars (animals): @nature
    Jaguar cars: cars automotive
latin
    Latin (language): language grammar classics
    Latin dance: dance dancing salsa
polish
    Polish (language): language travel poland
    Polishing: metal nails furniture jewelry jewellery
turkey
    Turkey (country): travel history
    Turkeys (poultry): @nature farming poultry
salsa
    Salsa (dance): dance dancing music
    Salsa (sauce): cooking food kitchen recipes
bass
    Bass guitar: music guitar band
    Double bass: orchestra jazz classical
    Bass fishing: fishing angling
bridge
    Bridge (card game): card cards game games
    Bridge engineering: construction engineering civil
    Dental bridges: dental dentistry
cricket
    Cricket (sport): sport sports
    Crickets (insects): @nature insects
squash
    Squash (sport): sport sports
    Squash (vegetable): gardening farming cooking
football
    Football (soccer): soccer
    American football: american nfl
hockey
    Ice hockey: ice
    Field hockey: field
networking
    Computer networking: @software cisco routers
    Professional networking: career business sales
chinese
    Mandarin Chinese: mandarin language beijing
    Cantonese: cantonese hongkong
sign language
    American Sign Language: asl american usa
    British Sign Language: bsl british uk
"""
_SOFTWARE = """
software programming programmer code coding developer developers development engineer engineering backend
frontend web app apps it tech technology technologies computer computers computing informatics devops cloud
saas fintech server servers microservices api apis programmierung softwareentwicklung informatik logiciel
informatique programación desarrollo informática programação desenvolvimento programmazione informatica
"""
_NATURE = "animal animals wildlife zoo zoology biology nature conservation ecology veterinary"
_GROUPS = {"@software": frozenset(_SOFTWARE.split()), "@nature": frozenset(_NATURE.split())}
_word = re.compile(r"[\w+#]+")


@dataclass(frozen=True, slots=True)
class Meaning:
    """One subject that a name can mean, and the words that speak for it."""

    subject: str
    hints: frozenset[str]

    def spoken_for(self, text: str) -> int:
        """Count the different words of a text that speak for this meaning."""
        return len(self.hints.intersection(_word.findall(text.casefold())))


@dataclass(frozen=True, slots=True)
class Choice:
    """What an ambiguous name was taken to mean; no alternatives: the goal itself says which was meant."""

    subject: str
    alternatives: tuple[str, ...]


@cache
def _meanings() -> dict[str, tuple[Meaning, ...]]:
    rows = (row.splitlines() for row in re.split(r"\n(?! )", _TABLE.strip()))
    return {normalise(name): tuple(map(_meaning, lines)) for name, *lines in rows}


def _meaning(line: str) -> Meaning:
    subject, _, words = line.partition(":")
    hints = frozenset[str]().union(*(_GROUPS.get(word, {word}) for word in words.split()))
    return Meaning(subject.strip(), hints)


def meaning_named(text: str) -> str | None:
    """Return the way to write a meaning of the table, such as "Go (board game)"; None for anything else."""
    return _subjects().get(normalise(text))


@cache
def _subjects() -> dict[str, str]:
    return {
        normalise(meaning.subject): meaning.subject for several in _meanings().values() for meaning in several
    }


def choose(name: str, goal: str, industry: str) -> Choice | None:
    """Return what an ambiguous name means here; None for a name that is not ambiguous.

    The goal's own words decide without a doubt; the learner's industry decides, but the other meanings are
    offered; without either it is the usual meaning.
    """
    meanings = _meanings().get(normalise(name))
    if meanings is None:
        return None
    by_goal = max(meanings, key=lambda meaning: meaning.spoken_for(goal))
    if by_goal.spoken_for(goal):
        return Choice(by_goal.subject, ())
    taken = max(meanings, key=lambda meaning: meaning.spoken_for(industry))
    others = tuple(meaning.subject for meaning in meanings if meaning is not taken)
    return Choice(taken.subject, others)
