# Starts a script as its interpreter would, and says at its end which of its lines ran.
#
# argv: a word that nobody can guess, the folder of the tool, code that calls a function or nothing, the script, its
# arguments. The last line on standard error is the word and, for each file, the lines. Traced are files of the tool.
import atexit
import os
import runpy
import sys
import threading

_mark, _root, _caller = sys.argv[1:4]
_root = os.path.realpath(_root) + os.sep
_seen = dict()
_known = dict()


def _local(frame, event, _):
    if event == "line":
        _seen[frame.f_code.co_filename].add(frame.f_lineno)
    return _local


def _enter(frame, event, _):
    name = frame.f_code.co_filename
    if name not in _known:
        _known[name] = os.path.realpath(name).startswith(_root)
        _seen[name] = set()
    return _local if _known[name] else None


def _tell(process=os.getpid()):
    sys.settrace(None)
    if os.getpid() != process:
        return
    words = [_mark]
    for name, lines in _seen.items():
        if lines:
            path = os.path.relpath(os.path.realpath(name), _root)
            words.append(path.replace(" ", "%20") + ":" + ",".join(map(str, sorted(lines))))
    os.write(2, ("\n" + " ".join(words) + "\n").encode("utf-8", "replace"))


atexit.register(_tell)
sys.argv[:] = sys.argv[4:] if not _caller else ["-c", *sys.argv[4:]]
threading.settrace(_enter)
sys.settrace(_enter)
if _caller:
    exec(compile(_caller, "<string>", "exec"), dict(__name__="__main__"))
else:
    sys.path[0] = os.path.dirname(sys.argv[0])
    runpy.run_path(sys.argv[0], run_name="__main__")
