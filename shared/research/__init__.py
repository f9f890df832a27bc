"""Research: asking sources about a lesson and making one brief of their answers."""
