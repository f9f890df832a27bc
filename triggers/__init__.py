"""Triggers: one blueprint per concern. They parse, authorise, call one service and map errors; no logic."""
