"""Finding the right pages of a documentation site by the files that it keeps for this purpose."""
