"""Speed and quality, measured: `python -m benchmarks` lists them. Peers live only here; the engine needs none."""
