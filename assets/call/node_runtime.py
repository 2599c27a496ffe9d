"""The name under which scripts of other programs import the calls of tools."""
from toolsmith_call import *  # noqa: F401,F403
