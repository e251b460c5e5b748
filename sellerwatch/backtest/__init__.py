"""`sellerwatch backtest`: the past under the present policy and under another one, side by side."""
