from foryou.core.heads import *  # moved; import from foryou.core.heads
from foryou.core.heads import HEADS, NAMES, WATCH_CUTS, Head, HeadKind
