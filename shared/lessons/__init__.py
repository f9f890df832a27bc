"""A lesson's body: composed without a model, cleaned, and rendered. No input or output."""
