"""Who may do what, and what may be shown: identity, pseudonyms, sanitising."""
