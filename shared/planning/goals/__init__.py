"""Reading a goal as people write it: cleaning, phrases, names of subjects, language."""
