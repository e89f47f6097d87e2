"""The two front doors: the command line, and later the dashboard."""
