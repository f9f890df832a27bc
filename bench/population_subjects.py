"""The goals of the benchmark's population: 60 subjects, each as five learners put it."""

from __future__ import annotations

SUBJECTS = (
    *("Python", "JavaScript", "TypeScript", "Rust", "Kotlin", "C#", "C++", "SQL", "PHP", "Ruby"),
    *("HTML", "CSS", "React", "Django", "Docker", "Kubernetes", "Git", "Linux", "Bash", "PostgreSQL"),
    *("machine learning", "deep learning", "statistics", "linear algebra", "calculus", "probability"),
    *("data analysis", "data visualisation", "Excel", "Power BI", "cryptography", "network security"),
    *("photography", "watercolour painting", "guitar", "piano", "music theory", "singing", "knitting"),
    *("baking", "gardening", "chess", "woodworking", "creative writing", "public speaking", "drawing"),
    *("Spanish", "French", "Japanese", "Italian", "sign language", "astronomy", "organic chemistry"),
    *("microeconomics", "accounting", "marketing", "project management", "philosophy", "world history"),
    "psychology",
)
PHRASINGS = (
    "Learn {subject}",
    "I want to learn {subject}!",
    "{subject}",
    "Teach me {subject}, please",
    "I'd like to get better at {subject}",
)
GOALS = tuple(phrasing.format(subject=subject) for subject in SUBJECTS for phrasing in PHRASINGS)
