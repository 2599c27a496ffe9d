"""An attack; what it is aimed at stands in the facts."""
import ctypes, json, os, signal, socket, stat, struct, subprocess, sys, time

FACTS = json.loads(r'''@FACTS@''')
TOKEN = FACTS["token"]
libc = ctypes.CDLL(None, use_errno=True)
# Processes of this attack are found by this name, wherever they hide.
libc.prctl(15, TOKEN.encode(), 0, 0, 0)


def say(*words):
    print(*words, flush=True)


def attempt(what, act):
    """Tries one thing and goes on whatever comes of it."""
    try:
        say("worked", what, act())
        return True
    except BaseException as error:
        say("failed", what, type(error).__name__, error)
        return False


def called(result):
    """The result of a C call; raises where it says that it failed."""
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def outside(name):
    return os.path.join(FACTS["outside"], name)


def home(name):
    return os.path.join(FACTS["home"], name)


def write(path, text, how="w"):
    with open(path, how) as file:
        file.write(text)


def read(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "replace")


