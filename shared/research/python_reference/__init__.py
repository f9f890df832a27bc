"""The documentation that CPython itself ships: the language reference's topics and docstrings, as pages."""
