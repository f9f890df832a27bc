"""The population of the benchmark: who is drawn, and what is counted as shared."""

from __future__ import annotations

from collections import Counter

from bench.population import LESSONS_READ, Demand, Driven, Person, Prices, demanded, drawn, rows
from bench.population_subjects import GOALS, SUBJECTS
from shared.models.learner import LearningStyle, SkillLevel

BEGINNER, ADVANCED = SkillLevel.BEGINNER, SkillLevel.ADVANCED
MIXED, VIDEO = LearningStyle.MIXED, LearningStyle.VIDEO


def test_there_are_300_phrasings_of_60_subjects() -> None:
    assert (len(set(SUBJECTS)), len(set(GOALS))) == (60, 300)


def test_the_same_seed_draws_the_same_people_and_few_goals_are_popular() -> None:
    people = drawn(2000)
    assert people == drawn(2000)
    popular = Counter(person.goal for person in people).most_common(30)
    assert sum(count for _, count in popular) > 1000
    assert {person.level for person in people} == set(SkillLevel)
    assert {person.style for person in people} == set(LearningStyle)


def test_phrasings_of_a_subject_share_a_curriculum_and_levels_do_not() -> None:
    people = [Person(goal, BEGINNER, MIXED) for goal in ("Learn Rust", "I want to learn Rust!", "Rust")]
    assert demanded(people) == Demand(3, 3 * LESSONS_READ, 1, LESSONS_READ, LESSONS_READ, 0)
    advanced = demanded([*people, Person("Rust", ADVANCED, MIXED)])
    assert (advanced.curricula_missed, advanced.lessons_missed) == (2, 2 * LESSONS_READ)
    assert advanced.titles_missed == LESSONS_READ
    assert advanced.mistaken == LESSONS_READ, "by title, the advanced learner gets a beginner's lesson"
    assert demanded([*people, Person("Rust", BEGINNER, VIDEO)]).mistaken == 0


def test_costs_are_told_for_1000_learners() -> None:
    demand = Demand(2000, 4000, 100, 400, 200, 40)
    driven = Driven(Prices(9000, 4000, 0.009, 0.004, 9, 1), 10, 90, 40, 160, 30, 10)
    told = {row.what: row.spread.median for row in rows(demand, driven, Demand(100, 200, 10, 40, 20, 4))}
    assert told["curricula counted over predicted"] == told["lessons counted over predicted"] == 1.0
    assert told["hits counted over predicted"] == 1.0
    assert told["curriculum cache: hits"] == 95.0
    assert told["lesson cache: hits"] == 90.0
    assert told["shared by key: model calls per 1,000 learners"] == (100 * 9 + 400) / 2
    assert told["planned anew, titles repeat: model calls per 1,000 learners"] == (2000 * 9 + 200) / 2
    assert told["planned anew, titles never repeat: model calls per 1,000 learners"] == (2000 * 9 + 4000) / 2
    assert told["  lessons that were written for another key"] == 1.0
