"""`sellerwatch report`: what a period brought, and what it missed."""
