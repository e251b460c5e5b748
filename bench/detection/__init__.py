"""How good the detection is: on third-party data, on made-up sellers, and beside simple baselines."""
