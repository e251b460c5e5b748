"""Where things stand in drawings: numbers for templates, which make SVG of them."""
