"""The app process: imports function_app.py and runs its functions, as the real Python worker does."""
