class C:
    import os as m
    def f(self) -> m.system("id"):  #!shell
        import json as m
