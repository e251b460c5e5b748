"""The steps by which a database becomes the one that `console.store.schema` describes."""
