"""Orchestrators: deterministic generators that know activities by name and outcomes by shape."""
