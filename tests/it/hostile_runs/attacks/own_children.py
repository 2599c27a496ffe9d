# What a program may do to its own processes, which no sandbox may take from it.
import asyncio, multiprocessing, resource, shutil, threading


def ended(process):
    return process.wait(10)


def check(what, is_so):
    say("ok" if is_so else "WRONG", what)


def work(connection):
    connection.send(os.getpid())
    time.sleep(60)


if __name__ == "__main__":
    for act in ("terminate", "kill"):
        child = subprocess.Popen(["sleep", "60"])
        getattr(child, act)()
        check(act, ended(child) in (-15, -9))
    group = subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60"], start_new_session=True)
    os.killpg(group.pid, signal.SIGTERM)
    check("a group", ended(group) == -15)
    here, there = multiprocessing.Pipe()
    other = multiprocessing.get_context("fork").Process(target=work, args=(there,))
    other.start()
    check("multiprocessing", here.recv() == other.pid)
    other.terminate()
    other.join(10)
    check("multiprocessing terminate", other.exitcode == -15)

    async def ends():
        process = await asyncio.create_subprocess_exec("sleep", "60")
        process.terminate()
        return await process.wait()

    check("asyncio", asyncio.run(ends()) == -15)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
    child = subprocess.Popen(["sleep", "60"])
    handle = os.pidfd_open(child.pid)
    signal.pidfd_send_signal(handle, signal.SIGTERM)
    check("a descriptor of a process", ended(child) == -15)
    # A daemon: its parent ends, somebody else takes it in.
    daemon = subprocess.run(["sh", "-c", "sleep 60 > /dev/null 2>&1 & echo $!"], capture_output=True, text=True)
    os.kill(int(daemon.stdout), signal.SIGTERM)
    check("a daemon", True)
    check("timeout", subprocess.run(["timeout", "0.1", "sleep", "60"]).returncode == 124)
    nice = subprocess.run(["nice", "-n", "3", "nice"], capture_output=True, text=True)
    check("nice", nice.returncode == 0 and int(nice.stdout) == os.nice(0) + 3)
    limited = subprocess.run(["sh", "-c", "ulimit -n 64; ulimit -n"], capture_output=True, text=True)
    check("ulimit", limited.stdout == "64\n")
    if shutil.which("bash"):
        script = "set -m; sleep 60 & kill %1; wait %1; echo $?; (exit 7) & wait $!; echo $?"
        jobs = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
        check("jobs of a shell: " + jobs.stderr, jobs.stdout == "143\n7\n")
    # Itself, by its number.
    resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE, (100, 200))
    check("own limits", resource.getrlimit(resource.RLIMIT_NOFILE) == (100, 200))
    os.setpriority(os.PRIO_PROCESS, os.getpid(), os.nice(0) + 1)
    os.sched_setaffinity(os.getpid(), os.sched_getaffinity(os.getpid()))
    os.sched_setscheduler(os.getpid(), os.SCHED_BATCH, os.sched_param(0))
    check("own scheduling", os.sched_getscheduler(0) == os.SCHED_BATCH)
    say("all of it")
