"""The analyst's console: what was found, why, and what people say of it, as web pages of one process."""
