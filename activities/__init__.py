"""Activities: validate the typed input, call one service, return a typed outcome as plain JSON."""
