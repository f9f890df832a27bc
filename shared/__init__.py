"""The domain: services, models, the store, models of language, research and lessons."""
