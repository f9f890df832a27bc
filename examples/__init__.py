"""Small programs that show the API at work."""
