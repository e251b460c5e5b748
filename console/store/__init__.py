"""The console's database: what the topics say, in a form in which pages can be read within milliseconds.

All calls block; a web server runs them in threads. Times are integers, microseconds since 1970-01-01T00:00Z.
"""
