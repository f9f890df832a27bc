"""What happens in a run: who asks for what, and what breaks meanwhile. A pure function of the seed.

The processes' own timing is not part of it, so a seed names a family of runs; one that has failed fails again
more often than not.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Store = Literal["sqlite", "small disk", "cosmos"]
Mode = Literal["fail", "redeliver"]
Deed = Literal[
    "roadmap", "lesson", "regenerate", "retry", "cancel lesson", "roadmap canceled", "roadmap deleted",
    "roadmap message", "lesson message", "module", "module message", "bad message", "leave",
]  # fmt: skip
Generate = Literal["skeleton", "first_lesson", "all"]
Breakage = Literal[
    "kill app", "kill engine", "kill broker", "connections cut", "broker away", "provider fails",
    "provider hangs", "provider drops", "storm", "stale reads", "store away", "disk full",
]  # fmt: skip

SUBJECTS = ("Beekeeping", "Knitting", "Falconry", "Origami", "Sailing")
MODULES = 3
"""So many modules has every roadmap here, each of three lessons."""

# Seconds within which things break; afterwards everything is let go well.
TROUBLED_SECONDS = 6.0
_BREAKAGES: dict[Store, tuple[Breakage, ...]] = {
    "sqlite": (),
    "small disk": ("disk full",),
    "cosmos": ("storm", "stale reads", "store away"),
}
_ALWAYS: tuple[Breakage, ...] = (
    "kill app",
    "kill app",
    "kill app",
    "kill engine",
    "kill broker",
    "connections cut",
    "broker away",
    "provider fails",
    "provider hangs",
    "provider drops",
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a learner does; `pause` comes before.

    `number` is the place of the lesson, or of the module, in the roadmap. A roadmap that is canceled or
    deleted is one of its own, whose making is left after the pause. `generate` says of a new roadmap what is
    written with it.
    """

    deed: Deed
    pause: float
    number: int = 0
    generate: Generate = "skeleton"


@dataclass(frozen=True, slots=True)
class Script:
    """A learner's way through one roadmap; one who leaves does nothing after it."""

    learner: str
    subject: str
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that breaks at a moment (seconds after the start), some of it for a while."""

    at: float
    breakage: Breakage
    seconds: float = 0.0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """A whole run."""

    seed: int
    store: Store
    mode: Mode
    workers: int
    scripts: Sequence[Script]
    troubles: Sequence[Trouble]

    @property
    def kills(self) -> int:
        """How many processes are killed."""
        return sum(trouble.breakage.startswith("kill") for trouble in self.troubles)

    def calm(self) -> Schedule:
        """Return the same run without anything that breaks."""
        return replace(self, troubles=())


def schedule_of(seed: int, stores: Sequence[Store] = ("sqlite", "small disk", "cosmos")) -> Schedule:
    """Return the run that belongs to a seed, on one of the stores that this machine has."""
    drawn = random.Random(seed)
    store = drawn.choice(stores)
    return Schedule(
        seed=seed,
        store=store,
        mode=drawn.choice(("fail", "redeliver")),
        workers=drawn.choice((1, 2)),
        scripts=_scripts(drawn),
        troubles=_troubles(drawn, store),
    )


def _scripts(drawn: random.Random) -> tuple[Script, ...]:
    """Return two to four learners, of whom at least two share a subject, and perhaps one who leaves."""
    subjects = drawn.sample(SUBJECTS, 2)
    chosen = [subjects[0], subjects[0], *drawn.choices(subjects, k=drawn.randint(0, 2))]
    scripts = [_script(drawn, f"apprentice-{n}", subject) for n, subject in enumerate(chosen)]
    if drawn.random() < 0.4:
        scripts.append(_leaving(drawn, "apprentice-who-leaves", drawn.choice(subjects)))
    return tuple(scripts)


def _leaving(drawn: random.Random, learner: str, subject: str) -> Script:
    """Return a learner who asks for much and leaves in the middle of it."""
    steps = [Step("roadmap", drawn.uniform(0, 0.5), generate=_generate(drawn))]
    deeds: tuple[Deed, ...] = (
        "lesson",
        "lesson message",
        "module",
        "module message",
        "roadmap message",
        "roadmap canceled",
        "roadmap deleted",
    )
    steps += [
        Step(deed, drawn.uniform(0, 0.5), drawn.choice((0, 1)), _generate(drawn))
        for deed in drawn.sample(deeds, k=2)
    ]
    if drawn.random() < 0.5:
        steps.insert(drawn.choice((0, 1)), Step("bad message", drawn.uniform(0, 0.5)))
    return Script(learner, subject, (*steps, Step("leave", drawn.uniform(0, 1.5))))


def _generate(drawn: random.Random) -> Generate:
    return drawn.choice(("skeleton", "skeleton", "first_lesson", "all"))


def _script(drawn: random.Random, learner: str, subject: str) -> Script:
    steps = []
    if drawn.random() < 0.4:
        steps.append(Step("roadmap message", drawn.uniform(0, 0.5), generate=_generate(drawn)))
    steps.append(Step("roadmap", drawn.uniform(0, 0.5), generate=_generate(drawn)))
    # Few different lessons, so that learners meet at them.
    asked = [drawn.choice((0, 0, 1, 3)) for _ in range(drawn.randint(2, 3))]
    deeds: tuple[Deed, ...] = ("lesson", "lesson", "lesson message")
    steps += [Step(drawn.choice(deeds), drawn.uniform(0, 0.5), number) for number in asked]
    if drawn.random() < 0.4:
        of_a_module: tuple[Deed, ...] = ("module", "module message")
        steps.append(Step(drawn.choice(of_a_module), drawn.uniform(0, 0.5), drawn.choice((0, 1))))
    if drawn.random() < 0.3:
        steps.append(Step("cancel lesson", drawn.uniform(0, 0.5), asked[-1]))
    if drawn.random() < 0.5:
        steps.append(Step("regenerate", drawn.uniform(0, 0.5), asked[0]))
    if drawn.random() < 0.4:
        left: tuple[Deed, ...] = ("roadmap canceled", "roadmap deleted")
        leaving = Step(drawn.choice(left), drawn.uniform(0, 1.5), generate=_generate(drawn))
        steps.insert(drawn.randint(0, len(steps)), leaving)
    if drawn.random() < 0.3:
        steps.append(Step("retry", drawn.uniform(0, 0.5)))
    if drawn.random() < 0.3:
        steps.insert(drawn.randint(0, len(steps)), Step("bad message", drawn.uniform(0, 0.5)))
    return Script(learner, subject, tuple(steps))


def _troubles(drawn: random.Random, store: Store) -> tuple[Trouble, ...]:
    own = _BREAKAGES[store]
    chosen: list[Breakage] = ["kill app", *([drawn.choice(own)] if own else [])]
    chosen += drawn.choices((*_ALWAYS, *own), k=drawn.randint(2, 5))
    return tuple(sorted((_trouble(drawn, breakage) for breakage in chosen), key=lambda each: each.at))


def _trouble(drawn: random.Random, breakage: Breakage) -> Trouble:
    lasts = breakage in ("storm", "stale reads", "store away", "disk full", "broker away")
    seconds = drawn.uniform(0.5, 3) if lasts else 0.0
    at = drawn.uniform(0.2, TROUBLED_SECONDS - seconds)
    return Trouble(round(at, 2), breakage, round(seconds, 2), drawn.randint(1, 3))
