"""What each learning style asks of a lesson; a preference of format, with its proportions."""

from __future__ import annotations

from shared.models.learner import LearningStyle

STYLES = {
    LearningStyle.HANDS_ON: (
        "Style hands-on: about 70 % of the lesson is practice and 30 % theory. Explain briefly, show a "
        "worked example early, and let the learner change, complete and build things. Four to six exercises, "
        "from easy to hard, with starter code where the subject has code."
    ),
    LearningStyle.VIDEO: (
        "Style video: write it as the companion of a talk, in short sections in the order in which one would "
        "speak, each with one picture in words or one example. A diagram that could stand on a slide. Two or "
        "three exercises to pause at."
    ),
    LearningStyle.READING: (
        "Style reading: about 90 % of the lesson is connected text that explains why as well as how, with "
        "examples woven in and distinctions made clear. One or two exercises that ask for an explanation."
    ),
    LearningStyle.MIXED: (
        "Style mixed: about half explanation and half practice; each section explains one thing, shows it "
        "in an example and asks the learner to try it. Three or four exercises."
    ),
}

PRACTICE_SHARES = {
    LearningStyle.HANDS_ON: 0.7,
    LearningStyle.VIDEO: 0.4,
    LearningStyle.READING: 0.1,
    LearningStyle.MIXED: 0.5,
}
"""The share of code and exercises that each style asks for; a gate measures it afterwards."""
