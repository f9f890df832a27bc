"""Fetching pages that nobody vouches for: guarded, bounded, and made into passages."""
