"""What a deployment does and costs, measured: `foryou bench` and its made-up world."""
