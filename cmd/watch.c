#include "cmd/watch.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { SL_NUDGE_MS = 50 };

struct sl_watch {
    void (*stop)(void *user);
    void *user;
    pthread_t worker;
    pthread_t thread;
    int signals; /* signalfd */
    int end;     /* eventfd */
    atomic_bool has_stopped;
};

static void do_nothing(int signal_number)
{
    (void)signal_number;
}

/* SIGUSR1 does nothing but end a system call: no SA_RESTART. */
static void prepare_signals(sigset_t *set)
{
    const struct sigaction action = {.sa_handler = do_nothing};

    (void)sigemptyset(set);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, set, NULL);
    (void)sigaction(SIGUSR1, &action, NULL);
}

static void nudge(struct sl_watch *watch)
{
    struct pollfd end = {.fd = watch->end, .events = POLLIN};

    while (poll(&end, 1, SL_NUDGE_MS) == 0) {
        (void)pthread_kill(watch->worker, SIGUSR1);
    }
}

static void *thread_main(void *user)
{
    struct sl_watch *watch = user;
    /* Without events asked for, poll() still tells when the reader has closed (POLLERR, POLLHUP).
     */
    struct pollfd fds[] = {
        {.fd = watch->end, .events = POLLIN},
        {.fd = watch->signals, .events = POLLIN},
        {.fd = STDOUT_FILENO},
    };

    while (poll(fds, 3, -1) < 0) {
    }
    if (fds[0].revents == 0) {
        atomic_store(&watch->has_stopped, true);
        watch->stop(watch->user);
        nudge(watch);
    }
    return NULL;
}

static void release(struct sl_watch *watch)
{
    if (watch->signals >= 0) {
        (void)close(watch->signals);
    }
    if (watch->end >= 0) {
        (void)close(watch->end);
    }
    free(watch);
}

int sl_watch_start(void (*stop)(void *user), void *user, struct sl_watch **watch,
                   struct sl_err *err)
{
    struct sl_watch *made = calloc(1, sizeof(*made));
    sigset_t set;

    if (made == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    prepare_signals(&set);
    made->stop = stop;
    made->user = user;
    made->worker = pthread_self();
    made->signals = signalfd(-1, &set, SFD_CLOEXEC);
    made->end = eventfd(0, EFD_CLOEXEC);
    if (made->signals < 0 || made->end < 0 ||
        pthread_create(&made->thread, NULL, thread_main, made) != 0) {
        release(made);
        return sl_err_set(err, SL_ENOMEM, "cannot watch for signals: no memory");
    }
    *watch = made;
    return SL_OK;
}

bool sl_watch_has_stopped(const struct sl_watch *watch)
{
    return atomic_load(&watch->has_stopped);
}

void sl_watch_end(struct sl_watch *watch)
{
    const uint64_t one = 1;

    if (watch == NULL) {
        return;
    }
    if (write(watch->end, &one, sizeof(one)) == (ssize_t)sizeof(one)) {
        (void)pthread_join(watch->thread, NULL);
    }
    release(watch);
}
