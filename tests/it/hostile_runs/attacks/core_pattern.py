for path in ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger"]:
    def put():
        if path.endswith("trigger"):
            os.close(os.open(path, os.O_WRONLY))
        else:
            value = read(path)
            write(path, value)
        return "WRITTEN"
    attempt(path, put)
