"""The benchmark: what SkillSync adds to the time that its model provider takes. Run it with `make bench`."""
