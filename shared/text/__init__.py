"""Words and sentences: splitting texts, comparing them, ranking them. No input or output."""
