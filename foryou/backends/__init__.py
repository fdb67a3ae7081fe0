"""Where things are kept: each module is some ports, nothing else."""
