#include "sinks/identity.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void read_line(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");

    out[0] = '\0';
    if (file == NULL) {
        return;
    }
    if (fgets(out, (int)size, file) != NULL) {
        out[strcspn(out, "\n")] = '\0';
    }
    (void)fclose(file);
}

/* Field 22 of /proc/PID/stat (proc(5)): the start in clock ticks since boot. 0: no such process. */
static unsigned long long start_of(long pid)
{
    char path[64];
    char line[1024];
    const char *rest;
    unsigned long long start = 0;

    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    read_line(path, line, sizeof(line));
    rest = strrchr(line, ')'); /* the name before it may hold spaces */
    for (int field = 2; rest != NULL && field < 22; field++) {
        rest = strchr(rest + 1, ' ');
    }
    if (rest != NULL) {
        start = strtoull(rest + 1, NULL, 10);
    }
    return start;
}

void sl_identity_make(char *out, size_t size)
{
    char host[65] = "";
    char boot[40];
    char ns[64] = "";

    (void)gethostname(host, sizeof(host) - 1);
    read_line("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
    if (readlink("/proc/self/ns/pid", ns, sizeof(ns) - 1) < 0) {
        ns[0] = '\0';
    }
    (void)snprintf(out, size, "%s/%s.%s/%ld.%llu", host, boot, ns, (long)getpid(),
                   start_of((long)getpid()));
}

/* "HOST/BOOT.PIDNS" up to END names one machine and one pid namespace only if neither is unknown.
 */
static bool names_a_machine(const char *identity, const char *end)
{
    const char *boot = memrchr(identity, '/', (size_t)(end - identity));
    const char *dot = boot != NULL ? memchr(boot, '.', (size_t)(end - boot)) : NULL;

    return dot != NULL && dot > boot + 1 && end > dot + 1;
}

/* /proc may hide the processes of other users (hidepid), kill() does not: EPERM is a sign of life.
 */
static bool is_hidden(long pid)
{
    return kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

bool sl_identity_is_dead(const char *identity, const char *mine)
{
    const char *process = strrchr(identity, '/');
    const char *my_process = strrchr(mine, '/');
    unsigned long long start;
    unsigned long long now;
    char *end;
    long pid;

    if (process == NULL || my_process == NULL || process - identity != my_process - mine ||
        strncmp(identity, mine, (size_t)(process - identity)) != 0 ||
        !names_a_machine(identity, process)) {
        return false;
    }
    pid = strtol(process + 1, &end, 10);
    if (*end != '.' || pid <= 0) {
        return false;
    }
    start = strtoull(end + 1, NULL, 10);
    now = start_of(pid);
    if (now == 0) {
        return !is_hidden(pid);
    }
    return start > 0 && now != start; /* its number belongs to another process now */
}
