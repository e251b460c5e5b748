"""`sellerwatch audit`: whether the chain of what was decided and done is as it was written."""
