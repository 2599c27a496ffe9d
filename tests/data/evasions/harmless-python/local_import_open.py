def f():
    from gettext import gettext as open
    return open("w")
f()
