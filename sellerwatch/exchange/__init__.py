"""`sellerwatch intel export` and `import`: hashed indicators that marketplaces tell each other of."""
