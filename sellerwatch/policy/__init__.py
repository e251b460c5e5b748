"""`sellerwatch policy`: check, compare, publish and show alert policies."""

from importlib.util import find_spec

from streams.errors import SettingsError

MISSING = [name for name in ("celpy", "tree_sitter", "tree_sitter_toml") if find_spec(name) is None]
if MISSING:
    raise SettingsError(f"policy files need {', '.join(MISSING)}: pip install 'sellerwatch[policy]'")
