"""`python -m sellerwatch` is the command `sellerwatch`."""

from sellerwatch.cli import main

main()
