"""The prompts: versioned templates that hold the fields of a specification and the brief, and nothing else."""
