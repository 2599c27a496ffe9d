import os as m
async def f() -> m.system("id"):  #!shell
    import json as m
