"""Timer triggers: schedules, their persisted status, and the loop that fires them."""
