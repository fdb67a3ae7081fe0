"""What a deployment does and costs, measured on made-up data: `foryou bench`."""

from foryou.bench.commands import bench

__all__ = ["bench"]
