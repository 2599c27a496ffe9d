/* Kills the process at its n-th step: whatever it is about to write, rename or remove, and every program it is about to start.
 *
 * Preloaded into the program under test. STEPS_AT is the step, STEPS_LOG a file that names each step that was begun. Of a
 * write, the first half is done; before fsync, all of it. Writes to one file in a row are one step, unless a lock was taken
 * in between. No steps are what no later process reads (the shared memory of the database, folders below /run), and the
 * backup of the day. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long wanted, reached;
static pid_t owner;
static int log_file = -1;
static ino_t last;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("STEPS_AT"), *log = getenv("STEPS_LOG");
    wanted = at ? atol(at) : 0;
    owner = getpid();
    if (log) log_file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    unsetenv("LD_PRELOAD");
    unsetenv("STEPS_AT");
    unsetenv("STEPS_LOG");
}

static void end(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Whether this is the step to die at. The caller holds its turn. Copies of the process have no steps. */
static int is_due(const char *what, const char *path) {
    if (getpid() != owner || strstr(path, "-shm") || strstr(path, "/backups/") ||
        !strncmp(path, "/run/", 5))
        return 0;
    reached++;
    if (log_file >= 0) {
        char line[PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%ld %s %s\n", reached, what, path);
        syscall(SYS_write, log_file, line, length);
    }
    return wanted == reached;
}

static void step(const char *what, const char *path) {
    int kept = errno;
    pthread_mutex_lock(&turn);
    last = 0;
    if (is_due(what, path)) end();
    pthread_mutex_unlock(&turn);
    errno = kept;
}

static int path_of(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return length > 0;
}

/* Whether this write is a step, and the one to die at. */
static int is_last_write(int file) {
    struct stat facts;
    int kept = errno, due = 0;
    char path[PATH_MAX];
    if (file == log_file || syscall(SYS_newfstatat, file, "", &facts, AT_EMPTY_PATH) || !S_ISREG(facts.st_mode)) {
        errno = kept;
        return 0;
    }
    pthread_mutex_lock(&turn);
    if (facts.st_ino != last && path_of(file, path)) {
        last = facts.st_ino;
        due = is_due("write", path);
    }
    pthread_mutex_unlock(&turn);
    errno = kept;
    return due;
}

ssize_t write(int file, const void *bytes, size_t count) {
    int due = is_last_write(file);
    ssize_t done = syscall(SYS_write, file, bytes, due ? count / 2 : count);
    if (due) end();
    return done;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    int due = is_last_write(file);
    ssize_t done = syscall(SYS_pwrite64, file, bytes, due ? count / 2 : count, at);
    if (due) end();
    return done;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) { return pwrite64(file, bytes, count, at); }

static int of_file(const char *what, int file) {
    struct stat facts;
    char path[PATH_MAX];
    int is_file = !syscall(SYS_newfstatat, file, "", &facts, AT_EMPTY_PATH) && S_ISREG(facts.st_mode);
    if (is_file && path_of(file, path)) step(what, path);
    return file;
}

int fsync(int file) { return REAL(fsync)(of_file("fsync", file)); }
int fdatasync(int file) { return REAL(fdatasync)(of_file("fdatasync", file)); }
int ftruncate64(int file, off64_t size) { return REAL(ftruncate64)(of_file("truncate", file), size); }

#define OF_PATH(name, ...)                                                                                             \
    step(#name, path);                                                                                                 \
    return REAL(name)(__VA_ARGS__)

int rename(const char *path, const char *to) { OF_PATH(rename, path, to); }
int link(const char *path, const char *to) { OF_PATH(link, path, to); }
int linkat(int from, const char *path, int folder, const char *to, int flags) {
    OF_PATH(linkat, from, path, folder, to, flags);
}
int symlink(const char *path, const char *to) { OF_PATH(symlink, path, to); }
int unlink(const char *path) { OF_PATH(unlink, path); }
int unlinkat(int folder, const char *path, int flags) { OF_PATH(unlinkat, folder, path, flags); }

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *how,
                char *const args[], char *const variables[]) {
    OF_PATH(posix_spawn, pid, path, actions, how, args, variables);
}
int posix_spawnp(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *how,
                 char *const args[], char *const variables[]) {
    OF_PATH(posix_spawnp, pid, path, actions, how, args, variables);
}
pid_t fork(void) {
    step("fork", "");
    return REAL(fork)();
}

/* A lock for writing begins another transaction: what is written next is another step. */
static int locked(int file, int command, void *argument, int done) {
    if ((command == F_SETLK || command == F_SETLKW) && ((struct flock *)argument)->l_type == F_WRLCK) last = 0;
    (void)file;
    return done;
}

int fcntl64(int file, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return locked(file, command, argument, REAL(fcntl64)(file, command, argument));
}

int fcntl(int file, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return locked(file, command, argument, REAL(fcntl)(file, command, argument));
}
