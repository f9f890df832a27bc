"""Planning without a model: what a goal means, how long it takes, curricula that the app makes itself."""
